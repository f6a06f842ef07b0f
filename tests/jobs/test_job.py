"""A job's states, its progress, and those who watch it."""

import asyncio
from contextlib import nullcontext

import pytest

from bridge.core.errors import CancelledError, InvalidArgumentError
from bridge.jobs.job import Job, JobState, JobStatus


def job() -> Job:
    return Job("j1", "bridge.gnn.train", steps=("read", "fit", "publish", "warm"))


async def test_a_job_ends_with_its_block() -> None:
    """The error's text is kept for the user, unless it is of a kind whose text may hold what they must not see."""
    endings: list[tuple[BaseException | None, JobState, str]] = [
        (None, JobState.SUCCEEDED, ""),
        (InvalidArgumentError("no such label"), JobState.FAILED, "no such label"),
        (KeyError("secret"), JobState.FAILED, "An internal error; see the server's log."),
        (CancelledError("stop"), JobState.CANCELLED, "The job `j1` was cancelled."),
        (asyncio.CancelledError(), JobState.CANCELLED, "The job `j1` was cancelled."),
    ]
    for error, state, text in endings:
        one = job()
        with nullcontext() if error is None else pytest.raises(type(error)), one:
            one.run()
            if error is not None:
                raise error
        status = one.status
        assert (status.state, status.error) == (state, text)
        assert status.created_millis <= (status.started_millis or 0) <= (status.finished_millis or 0)


async def test_progress_counts_every_step_the_same() -> None:
    """Half of the second of four steps is three eighths of the whole; what is out of range is moved into it."""
    one = job()
    one.record(1, 0.5, "epoch 5 of 10", {"loss": 0.5})
    assert (one.status.progress, one.status.step, one.status.figures) == (0.375, "fit", {"loss": 0.5})
    one.record(9, 7.0)
    assert (one.status.progress, one.status.step) == (1.0, "warm")
    assert one.status.figures == {"loss": 0.5}, "the latest there were"
    one.succeed()
    assert one.status.progress == 1.0


async def test_a_finished_job_stays_as_it_is() -> None:
    """Late words from threads that still run change nothing."""
    one = job()
    one.fail("because")
    before = one.status
    one.cancel()
    one.succeed()
    one.record(2, 0.5, "late")
    one.wait("late")
    one.run()
    assert one.status == before
    assert not one.cancel_requested


async def test_work_in_the_server_is_cancelled_where_it_reports() -> None:
    """From an executor's thread too."""
    one = job()
    progress = one.progress(1)
    await asyncio.to_thread(progress, 0.25, "chunk 1 of 4", rows=10)
    assert (one.state, one.status.detail, one.status.figures) == (JobState.RUNNING, "chunk 1 of 4", {"rows": 10})
    one.cancel()
    with pytest.raises(CancelledError, match="`j1` was cancelled"):
        await asyncio.to_thread(progress, 0.5)
    assert one.status.fraction == 0.25
    await asyncio.wait_for(one.cancelled.wait(), 5)


async def test_a_watcher_gets_every_state_it_is_quick_enough_for_and_the_final_one() -> None:
    """Changes from a thread wake it; a slow watcher gets the latest instead of all."""
    one = job()
    seen: list[JobStatus] = []

    async def watch(pause: float) -> list[JobStatus]:
        found = []
        async for status in one.changes():
            found.append(status)
            seen.append(status)
            await asyncio.sleep(pause)
        return found

    quick, slow = asyncio.ensure_future(watch(0)), asyncio.ensure_future(watch(0.1))
    for number in range(20):
        await asyncio.to_thread(one.record, 1, number / 20)
        await asyncio.sleep(0.005)
    one.succeed()
    all_of_them, few = await asyncio.wait_for(asyncio.gather(quick, slow), 20)
    assert [status.fraction for status in all_of_them] == sorted(status.fraction for status in all_of_them)
    assert len(few) < len(all_of_them)
    assert all_of_them[-1].state is few[-1].state is JobState.SUCCEEDED


async def test_a_watched_job_without_news_still_says_that_it_lives() -> None:
    """The heartbeat repeats the state, whoever else watches."""
    one = job()
    beats = one.changes(heartbeat=0.01)
    states = [await asyncio.wait_for(anext(beats), 5) for _ in range(3)]
    assert {status.state for status in states} == {JobState.QUEUED}
    await beats.aclose()
    assert one._watchers == set()


def test_words_from_a_thread_that_outlives_the_loop_are_lost_without_harm() -> None:
    """A worker may still report while the server stops."""

    async def make() -> Job:
        return job()

    one = asyncio.run(make())
    one.record(0, 0.5)
    assert one.status.fraction == 0.5


@pytest.mark.parametrize("turns", range(6))
async def test_a_watcher_that_is_cancelled_together_with_a_change_ends(turns: int) -> None:
    """A call that was cancelled waits for its watchers, so none may miss its own cancellation."""
    job = Job("a", "test")

    async def watch() -> None:
        async for _ in job.changes(heartbeat=60):
            pass

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0.01)
    job.record(0, 0.5)
    for _ in range(turns):
        await asyncio.sleep(0)
    watcher.cancel()
    assert await asyncio.wait([watcher], timeout=2) == ({watcher}, set())
