"""The thread that writes jobs down: what is written at once, what together, and what when the server stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bridge.jobs import recorder as recorder_module
from bridge.jobs.job import Job
from bridge.jobs.recorder import DiskRecorder
from bridge.jobs.status import JobRecord, JobState
from bridge.jobs.store import Change, JobStore


class CountedStore(JobStore):
    """Remembers what was written in each transaction."""

    def __init__(self, path: Path) -> None:
        self.written: list[list[Change]] = []
        self.pruned = 0
        super().__init__(path)

    def write(self, entering: Sequence[JobRecord], changes: Sequence[Change]) -> list[JobRecord | None]:
        self.written.append(list(changes))
        return super().write(entering, changes)

    def prune(self) -> int:
        self.pruned += 1
        return super().prune()


@pytest.fixture
def store(tmp_path: Path) -> CountedStore:
    return CountedStore(tmp_path / "jobs.sqlite")


async def entered(recorder: DiskRecorder) -> Job:
    job = Job("j1", "gnn.train", recorder=recorder)
    assert await asyncio.wrap_future(recorder.enter(job)) is None
    return job


def refuse() -> None:
    raise OSError(28, "No space left on device")


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.01)


async def test_progress_of_a_moment_is_written_once_and_loses_no_report(store: CountedStore) -> None:
    """A thousand reports in a row are one transaction, with the latest progress and the figures of all."""
    recorder = DiskRecorder(store, interval=1.0)  # a busy machine may take its time for the thousand
    job = await entered(recorder)
    for number in range(1000):
        job.note(0, number / 1000, f"epoch {number}", {"loss": number})
    await until(lambda: len(store.written) > 1)
    recorder.close()
    (change,) = [change for changes in store.written for change in changes]
    assert (change.record.status.detail, len(change.reports)) == ("epoch 999", 1000)
    assert [report.figures["loss"] for report in store.history(job.key)] == list(range(1000))
    store.close()


async def test_a_change_of_state_is_written_without_waiting_for_the_next_moment(store: CountedStore) -> None:
    recorder = DiskRecorder(store, interval=3600)
    job = await entered(recorder)
    for change, state in (
        (job.run, JobState.RUNNING),
        (lambda: job.phase(JobState.EVALUATING), JobState.EVALUATING),
        (job.cancel, JobState.CANCELLING),
        (job.end_cancelled, JobState.CANCELLED),
    ):
        change()
        await until(lambda state=state: store.newest("", None, 1)[0].status.state is state)
    await job.ended()
    recorder.close()
    store.close()


async def test_the_last_progress_is_written_when_the_server_stops(store: CountedStore) -> None:
    """And who ends a job after that still sees it end."""
    recorder = DiskRecorder(store, interval=3600)
    job = await entered(recorder)
    job.note(0, 0.75)
    await asyncio.to_thread(recorder.close)
    assert store.newest("", None, 1)[0].status.fraction == 0.75
    job.succeed()
    await asyncio.wait_for(job.ended(), 60)
    store.close()


async def test_old_jobs_are_forgotten_while_the_server_runs(store: CountedStore) -> None:
    """Not only when it starts."""
    before = store.pruned
    recorder = DiskRecorder(store, prune_interval=0.05)
    await until(lambda: store.pruned >= before + 2)
    recorder.close()
    store.close()


async def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(
    store: CountedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job whose end was lost would be at work in every list until the server starts again. No report is missing."""
    monkeypatch.setattr(recorder_module, "RETRY_SECONDS", 0.1)
    recorder = DiskRecorder(store, interval=0.01)
    job = await entered(recorder)
    job.run()
    with monkeypatch.context() as disk:
        disk.setattr(store, "_transaction", refuse)
        job.note(0, 0.5, "epoch 1", {"loss": 2.0})
        await asyncio.sleep(0.1)
        job.note(0, 1.0, "epoch 2", {"loss": 1.0})
        job.succeed()
        await asyncio.wait_for(job.ended(), 60)
    await until(lambda: store.newest("", None, 1)[0].status.state is JobState.SUCCEEDED)
    assert [report.figures["loss"] for report in store.history(job.key)] == [2.0, 1.0]
    recorder.close()
    store.close()


async def test_a_disk_that_is_full_to_the_end_keeps_no_server_from_stopping(
    store: CountedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = DiskRecorder(store, interval=0.01)
    job = await entered(recorder)
    monkeypatch.setattr(store, "_transaction", refuse)
    job.succeed()
    await asyncio.wait_for(asyncio.to_thread(recorder.close), 60)
    assert job.state is JobState.SUCCEEDED


async def test_one_that_gives_up_before_its_job_is_written_leaves_none(store: CountedStore) -> None:
    """A client may go at any moment; the thread goes on with the others."""
    recorder = DiskRecorder(store)
    with store._lock:  # the disk is slow
        recorder.enter(Job("blocks", "test", recorder=recorder))
        await asyncio.sleep(0.05)
        future = recorder.enter(Job("gone", "test", recorder=recorder))
        future.cancel()
        last = recorder.enter(Job("last", "test", recorder=recorder))
    assert await asyncio.wrap_future(last) is None
    assert [record.id for record in store.newest("", None, 9)] == ["last", "blocks"]
    recorder.close()
    store.close()
