"""A job's states, its progress, and those who watch it."""

import asyncio
from contextlib import nullcontext

import pytest

from bridge.core.errors import CancelledError, InvalidArgumentError
from bridge.jobs.job import Job
from bridge.jobs.status import JobState, JobStatus


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


async def test_a_rejected_job_ends_so_although_its_block_ends_well() -> None:
    """All its work is done; why it is not served is said in words and as a constant."""
    one = job()
    with one:
        one.phase(JobState.EVALUATING)
        one.reject("NDCG .10 is below the floor of .12.", "BELOW_FLOOR")
    status = one.status
    assert (status.state, status.error, status.reason, status.progress) == (
        JobState.REJECTED, "NDCG .10 is below the floor of .12.", "BELOW_FLOOR", 1.0,
    )  # fmt: skip


async def test_a_phase_lasts_until_the_next_unless_somebody_cancels() -> None:
    """Progress does not bring an evaluation back to RUNNING, and a phase takes no cancellation back."""
    one = job()
    one.run()
    one.phase(JobState.EVALUATING)
    one.report(2, 0.5)
    one.run()
    assert one.state is JobState.EVALUATING
    one.phase(JobState.PUBLISHING)
    assert one.state is JobState.PUBLISHING
    one.cancel()
    one.phase(JobState.RUNNING)
    assert one.state is JobState.CANCELLING


class HeldRecorder:
    """A disk that is slow: the test shows the end."""

    def __init__(self) -> None:
        self.ending: list[Job] = []

    def note(self, job: Job, *, now: bool) -> None:
        return

    def end(self, job: Job) -> None:
        self.ending.append(job)


async def test_nobody_sees_an_end_before_it_is_on_disk() -> None:
    """Until then the job is as it was; who comes late changes nothing; then everyone is woken."""
    recorder = HeldRecorder()
    one = Job("j1", "gnn.train", recorder=recorder)
    one.run()
    one.succeed()
    one.fail("late")
    one.cancel()
    assert (one.state, one.status.finished_millis, recorder.ending) == (JobState.RUNNING, None, [one])
    waiting = asyncio.ensure_future(one.ended())
    await asyncio.sleep(0.02)
    assert not waiting.done()
    await asyncio.to_thread(one.show_end)
    await asyncio.wait_for(waiting, 60)
    assert one.state is JobState.SUCCEEDED


async def test_progress_counts_every_step_the_same() -> None:
    """Half of the second of four steps is three eighths of the whole; what is out of range is moved into it."""
    one = job()
    one.note(1, 0.5, "epoch 5 of 10", {"loss": 0.5})
    assert (one.status.progress, one.status.step, one.status.figures) == (0.375, "fit", {"loss": 0.5})
    one.note(9, 7.0)
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
    one.note(2, 0.5, "late")
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
    await asyncio.wait_for(one.cancelled.wait(), 60)


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
        await asyncio.to_thread(one.note, 1, number / 20)
        await asyncio.sleep(0.005)
    one.succeed()
    all_of_them, few = await asyncio.wait_for(asyncio.gather(quick, slow), 60)
    assert [status.fraction for status in all_of_them] == sorted(status.fraction for status in all_of_them)
    assert len(few) < len(all_of_them)
    assert all_of_them[-1].state is few[-1].state is JobState.SUCCEEDED


async def test_a_watched_job_without_news_still_says_that_it_lives() -> None:
    """The heartbeat repeats the state, whoever else watches."""
    one = job()
    beats = one.changes(heartbeat=0.01)
    states = [await asyncio.wait_for(anext(beats), 60) for _ in range(3)]
    assert {status.state for status in states} == {JobState.QUEUED}
    await beats.aclose()
    assert len(one._watchers) == 0


def test_words_from_a_thread_that_outlives_the_loop_are_lost_without_harm() -> None:
    """A worker may still report while the server stops."""

    async def make() -> Job:
        return job()

    one = asyncio.run(make())
    one.note(0, 0.5)
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
    job.note(0, 0.5)
    for _ in range(turns):
        await asyncio.sleep(0)
    watcher.cancel()
    assert await asyncio.wait([watcher], timeout=60) == ({watcher}, set())
