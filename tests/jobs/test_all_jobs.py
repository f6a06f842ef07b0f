"""The jobs of all users, as operators see them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.core.errors import InvalidArgumentError, NotFoundError, UnavailableError
from bridge.jobs import all_jobs
from bridge.jobs.all_jobs import OPERATOR, AllJobs
from bridge.jobs.job import HEARTBEAT_SECONDS, Job
from bridge.jobs.status import JobRecord, JobReport, JobState
from bridge.jobs.store import JobStore
from bridge.jobs.table import Jobs, NewJob


class Office:
    """A table of jobs, and what operators see of it."""

    def __init__(self, folder: Path) -> None:
        store = JobStore(folder / "jobs.sqlite")
        self.jobs = Jobs(store)
        self.all = AllJobs(self.jobs, store)

    async def create(self, job_id: str, user: str = "ada") -> Job:
        return await self.jobs.create(NewJob("gnn.train", user, "neo4j", {"epochs": 3}, job_id=job_id))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    office = Office(tmp_path)
    yield office
    await office.jobs.close()


async def ids(office: Office, *states: JobState) -> list[str]:
    return [record.id for _, record in await office.all.page(states, 100)]


async def watched(office: Office, name: str, after: int = 0) -> list[tuple[JobRecord, Sequence[JobReport]]]:
    return [each async for each in office.all.watch(name, after)]


async def test_everyones_jobs_are_there_as_they_are_now(office: Office) -> None:
    """The newest first, and by state; a change of this moment counts."""
    await office.create("one")
    two = await office.create("two", "bob")
    two.run()
    assert await ids(office) == ["two", "one"]
    assert await ids(office, JobState.RUNNING, JobState.FAILED) == ["two"]
    two.fail("broken")
    await two.ended()
    assert await ids(office, JobState.RUNNING) == []
    assert await ids(office, JobState.RUNNING, JobState.FAILED) == ["two"]


async def test_pages_neither_repeat_nor_miss_a_job_while_others_come(office: Office) -> None:
    for name in "abcde":
        await office.create(name)
    first = await office.all.page((), 2)
    await office.create("f")
    rest = await office.all.page((), 10, before=first[-1][0])
    assert [record.id for _, record in first + rest] == ["e", "d", "c", "b", "a"]


async def test_an_id_means_the_newest_job_and_a_key_that_very_one(office: Office) -> None:
    """Also once they have left the memory, and though a job may bear another's key as its id."""
    old = await office.create("j")
    old.succeed()
    await old.ended()
    new = await office.create("j", "bob")
    await office.create(old.key, "eve")
    assert (await office.all.record("j")).key == new.key
    assert (await office.all.record(old.key)).key == old.key
    with pytest.raises(NotFoundError, match="No job has the key or the id `k`"):
        await office.all.record("k")
    with pytest.raises(InvalidArgumentError, match="`job` was empty"):
        await office.all.record("")


async def test_a_wait_ends_with_the_job_or_with_the_time(office: Office) -> None:
    """The state tells which; of a finished job it is no wait."""
    job = await office.create("j")
    job.run()
    assert (await office.all.wait("j", timedelta(milliseconds=10))).status.state is JobState.RUNNING
    waiting = asyncio.create_task(office.all.wait("j", timedelta(seconds=60)))
    await asyncio.sleep(0)
    job.reject("Worse than version 1.", "WORSE")
    assert (await waiting).status.reason == "WORSE"
    assert (await office.all.wait("j", timedelta(seconds=60))).status.state is JobState.REJECTED


async def test_a_watcher_gets_every_report_once_and_the_end(office: Office) -> None:
    """Whatever lies between two looks; those that it knows already are left out."""
    job = await office.create("j")
    job.report(0, 0.1, figures={"loss": 3.0})
    job.report(0, 0.2, figures={"loss": 2.0})
    watching = asyncio.create_task(watched(office, "j", after=1))
    while (await office.all.record("j")).status.state is not JobState.RUNNING:
        await asyncio.sleep(0)
    for loss in (1.5, 1.25, 1.0):
        job.report(0, 0.5, figures={"loss": loss})
        await asyncio.sleep(0.001)
    job.succeed()
    seen = await watching
    assert [each.number for _, reports in seen for each in reports] == [2, 3, 4, 5]
    assert [each.figures["loss"] for _, reports in seen for each in reports] == [2.0, 1.5, 1.25, 1.0]
    states = [record.status.state for record, _ in seen]
    assert states[-1] is JobState.SUCCEEDED
    assert Counter(states)[JobState.SUCCEEDED] == 1


async def test_who_waits_or_watches_is_told_at_once_that_the_server_stops(office: Office) -> None:
    """And who comes then; the end of a job that has ended is told all the same."""
    await office.create("j")
    ended = await office.create("ended")
    ended.succeed()
    waiting = asyncio.create_task(office.all.wait("j", timedelta(seconds=60)))
    watching = asyncio.create_task(watched(office, "j"))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    assert not watching.done()
    office.all.stop()
    async with asyncio.timeout(HEARTBEAT_SECONDS / 2):
        for each in (waiting, watching, office.all.wait("j", timedelta(seconds=60)), watched(office, "j")):
            with pytest.raises(UnavailableError, match="server is being stopped"):
                await each
        assert (await office.all.wait("ended", timedelta(seconds=60))).status.state is JobState.SUCCEEDED
        assert (await watched(office, "ended"))[-1][0].status.state is JobState.SUCCEEDED


async def test_a_quiet_job_is_sent_again_and_again(office: Office) -> None:
    """So that a watcher knows that both still live."""
    await office.create("j")
    beats = office.all.watch("j", heartbeat=0.01)
    states = [(await anext(beats))[0].status.state for _ in range(3)]
    assert states == [JobState.QUEUED] * 3


async def test_a_watch_goes_on_after_a_restart(tmp_path: Path) -> None:
    """The reports are in the file; the job ended with the server."""
    before = Office(tmp_path)
    job = await before.create("j")
    for loss in (3.0, 2.0, 1.0):
        job.report(0, 0.5, figures={"loss": loss})
    await before.jobs.close()
    after = Office(tmp_path)
    ((record, reports),) = await watched(after, "j", after=1)
    assert (record.key, record.status.reason) == (job.key, "SERVER_RESTARTED")
    assert [(each.number, each.figures["loss"]) for each in reports] == [(2, 2.0), (3, 1.0)]
    ((_, none),) = await watched(after, "j", after=3)
    assert list(none) == []
    await after.jobs.close()


async def test_a_long_history_comes_in_parts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """No message grows beyond what a client takes."""
    monkeypatch.setattr(all_jobs, "REPORTS_AT_ONCE", 2)
    job = await office.create("j")
    for epoch in range(5):
        job.report(0, 0.1, figures={"loss": float(epoch)})
    job.succeed()
    await job.ended()
    parts = [[each.number for each in reports] for _, reports in await watched(office, "j")]
    assert parts == [[1, 2], [3, 4], [5]]


async def test_a_job_is_cancelled_whoever_owns_it_and_a_finished_one_stays(office: Office) -> None:
    job = await office.create("j", "bob")
    assert (await office.all.cancel("j")).status.state is JobState.CANCELLING
    job.end_cancelled()
    await job.ended()
    assert (await office.all.cancel("j")).status.state is JobState.CANCELLED


async def test_a_thousand_equal_requests_of_sixteen_operators_are_one_job(office: Office) -> None:
    """Before, while and after the job is at work; a restart changes nothing. A user's equal id is another job."""
    request = NewJob("retrain", OPERATOR, "neo4j", job_id="tonight", request_id="tonight")
    made: list[bool] = []

    async def operator() -> set[str]:
        keys = set()
        for _ in range(63):
            job, new = await office.jobs.create_once(request)
            made.append(new)
            keys.add(job.key)
            if new:
                assert isinstance(job, Job)
                await office.jobs.accept(job)
                job.run()
            elif isinstance(job, Job) and len(made) > 500:
                job.succeed()
        return keys

    keys = set.union(*await asyncio.gather(*(operator() for _ in range(16))))
    assert (len(keys), made.count(True), len(made)) == (1, 1, 1008)
    users, new = await office.jobs.create_once(NewJob("gnn.train", "ada", "neo4j", request_id="tonight"))
    assert (users.key in keys, new) == (False, True)
