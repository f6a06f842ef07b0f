"""Work that outlives its call: ended as it ends, as somebody cancels it, or as the server stops."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.core.errors import FailedPreconditionError
from bridge.jobs.background import Background, Work
from bridge.jobs.job import Job
from bridge.jobs.process import Trainers
from bridge.jobs.status import JobState
from bridge.jobs.store import JobStore
from bridge.jobs.table import Jobs, NewJob
from bridge.jobs.worker import Limits

from . import targets

LIMITS = Limits(threads=1)
"""As in the other tests: the first trainers of a process decide what all of its fork server's children inherit."""


async def well(job: Job) -> None:
    job.run()
    await asyncio.sleep(0.01)


async def refused(job: Job) -> None:
    raise FailedPreconditionError("no such label", reason="NOT_IN_PROJECTION")


async def stumbling(job: Job) -> None:
    raise KeyError("secret")


async def endless(job: Job) -> None:
    job.run()
    await asyncio.Event().wait()


async def rejected(job: Job) -> None:
    job.reject("worse", "BELOW_FLOOR")


@pytest.mark.parametrize(
    ("work", "state", "reason"),
    [
        (well, JobState.SUCCEEDED, ""),
        (refused, JobState.FAILED, "NOT_IN_PROJECTION"),
        (stumbling, JobState.FAILED, "INTERNAL"),
        (rejected, JobState.REJECTED, "BELOW_FLOOR"),
    ],
)
async def test_a_job_ends_as_its_work_does(
    work: Work, state: JobState, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of no known kind is in the log under an id that the job names."""
    background, job = Background(), Job("j1", "gnn.train")
    background.start(job, work)
    await asyncio.wait_for(job.ended(), 60)
    status = job.status
    assert (status.state, status.reason) == (state, reason)
    assert "secret" not in status.error
    if reason == "INTERNAL":
        assert status.error.split("error id ")[1][:8] in caplog.text
        assert "secret" in caplog.text


async def test_somebody_who_cancels_the_job_ends_its_work() -> None:
    background, job = Background(), Job("j1", "gnn.train")
    background.start(job, endless)
    await asyncio.sleep(0.01)
    job.cancel()
    await asyncio.wait_for(job.ended(), 60)
    assert job.state is JobState.CANCELLED


async def test_a_server_that_stops_fails_what_is_at_work_and_its_file_says_so(tmp_path: Path) -> None:
    """Nobody asked for the end of one; another was cancelled before; a third had not even begun."""
    jobs = Jobs(JobStore(tmp_path / "jobs.sqlite"))
    made = [await jobs.create(NewJob("gnn.train", "", "neo4j", job_id=name)) for name in ("working", "asked", "fresh")]
    working, asked, fresh = made

    async def slow_to_stop(job: Job) -> None:
        try:
            await endless(job)
        finally:
            await asyncio.sleep(0.05)

    jobs.background.start(working, endless)
    jobs.background.start(asked, slow_to_stop)
    await asyncio.sleep(0.01)
    asked.cancel()
    jobs.background.start(fresh, endless)
    await jobs.close()
    store = JobStore(tmp_path / "jobs.sqlite")
    ends = {record.id: (record.status.state, record.status.reason) for record in store.newest("", None, 9)}
    store.close()
    assert ends == {
        "working": (JobState.FAILED, "SERVER_STOPPED"),
        "asked": (JobState.CANCELLED, "JOB_CANCELLED"),
        "fresh": (JobState.FAILED, "SERVER_STOPPED"),
    }


async def test_a_server_that_stops_waits_for_the_trainer_to_end() -> None:
    """Its job is FAILED, although the trainer was ended by cancelling it."""
    trainers, background, job = Trainers(["numpy"], limits=LIMITS), Background(), Job("j1", "gnn.train")

    async def train(job: Job) -> None:
        await trainers.run(job, targets.report_until_stopped, {})

    background.start(job, train)
    async with asyncio.timeout(60):
        while not job.history:
            await asyncio.sleep(0.01)
    await background.close()
    assert trainers.running == 0
    assert (job.state, job.status.reason) == (JobState.FAILED, "SERVER_STOPPED")
