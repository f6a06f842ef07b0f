"""The table of jobs: one's own, one running per id, one per request, a bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.core.errors import AlreadyExistsError, NotFoundError, ResourceExhaustedError
from bridge.jobs.job import Job
from bridge.jobs.requests import check_same
from bridge.jobs.status import JobRecord, JobState
from bridge.jobs.store import JobStore
from bridge.jobs.table import Jobs, NewJob

NEW = NewJob("gnn.train", "", "neo4j", {"epochs": 3})


async def create(jobs: Jobs, job_id: str | None = None, user: str = "", database: str = "neo4j") -> Job:
    return await jobs.create(replace(NEW, user=user, database=database, job_id=job_id))


@pytest.fixture
async def jobs(tmp_path: Path) -> AsyncIterator[Jobs]:
    jobs = Jobs(JobStore(tmp_path / "jobs.sqlite"))
    yield jobs
    await jobs.close()


async def test_a_job_without_an_id_gets_one_of_its_own() -> None:
    """Two of them never share it."""
    jobs = Jobs()
    one, two = await create(jobs), await create(jobs)
    assert one.id != two.id
    assert jobs.get(one.id, "") is one
    assert one.configuration == {"epochs": 3}


async def test_an_id_can_be_used_again_once_its_job_has_finished() -> None:
    """While it runs it is taken, in GDS's words; for another user it is free all the time."""
    jobs = Jobs()
    one = await create(jobs, "j1", "alice")
    with pytest.raises(AlreadyExistsError, match=r"^There's already a job running with jobId 'j1'$"):
        await create(jobs, "j1", "alice")
    await create(jobs, "j1", "bob")
    one.cancel()
    with pytest.raises(AlreadyExistsError):
        await create(jobs, "j1", "alice")
    one.end_cancelled()
    again = await create(jobs, "j1", "alice")
    assert jobs.list("alice") == [again]


async def test_everyone_sees_and_cancels_only_their_own_jobs() -> None:
    """Another's job is not found, as one that does not exist."""
    jobs = Jobs()
    own = await create(jobs, "j1", "alice")
    elsewhere = await create(jobs, "j2", "alice", "other")
    theirs = await create(jobs, "j3", "bob")
    assert jobs.list("alice") == [own, elsewhere]
    assert jobs.list("alice", "neo4j") == [own]
    for way in (jobs.find, jobs.cancel, jobs.history):
        with pytest.raises(
            NotFoundError, match=r"No job with jobId `j3` was found. Your unfinished jobs: `j1`, `j2`\."
        ):
            await way("j3", "alice")
    assert theirs.state is JobState.QUEUED
    assert (await jobs.cancel("j1", "alice")).status.state is JobState.CANCELLING


async def test_finished_jobs_are_kept_in_memory_up_to_a_bound_and_unfinished_ones_always() -> None:
    """The oldest finished ones go first."""
    jobs = Jobs(keep=2)
    running = await create(jobs, "running")
    for number in range(4):
        (await create(jobs, f"j{number}")).succeed()
    await create(jobs, "last")
    assert [job.id for job in jobs.list("")] == ["running", "j2", "j3", "last"]
    assert running.state is JobState.QUEUED


async def test_a_job_of_an_earlier_server_is_found_with_all_that_it_reported(tmp_path: Path) -> None:
    """Its state, its times, the version it made, the figures of each epoch."""
    before = Jobs(JobStore(tmp_path / "jobs.sqlite"))
    job = await create(before, "j1", "alice")
    with job:
        job.run()
        for epoch in range(3):
            job.report(0, epoch / 3, f"epoch {epoch}", {"loss": 1 / (1 + epoch)})
        job.made("ranks", 7)
    await job.ended()
    seen, reports = job.record, list(job.history)
    await before.close()
    after = Jobs(JobStore(tmp_path / "jobs.sqlite"))
    assert await after.find("j1", "alice") == seen
    assert await after.records("alice", "neo4j") == [seen]
    assert await after.history("j1", "alice") == reports
    assert (seen.status.state, seen.model_name, seen.model_version) == (JobState.SUCCEEDED, "ranks", 7)
    assert (await after.cancel("j1", "alice")).status.state is JobState.SUCCEEDED, "a finished job stays as it is"
    with pytest.raises(NotFoundError):
        await after.find("j1", "bob")
    await after.close()


async def test_a_list_has_live_jobs_as_they_are_now_and_the_newest_first(jobs: Jobs) -> None:
    """Those of one name are all there; asked for by that name, it is the newest."""
    first = await create(jobs, "same")
    first.fail("because", "WHY")
    await first.ended()
    second = await create(jobs, "same")
    other = await create(jobs, "other", database="elsewhere")
    second.run()
    second.note(0, 0.5)
    records = await jobs.records("")
    assert [each.key for each in records] == [other.key, second.key, first.key]
    assert [each.status.fraction for each in records] == [0.0, 0.5, 0.0]
    assert [each.key for each in await jobs.records("", "neo4j")] == [second.key, first.key]
    assert (await jobs.find("same", "")).key == second.key


@pytest.mark.parametrize("accepted", [False, True])
async def test_a_thousand_creates_of_one_request_make_one_job(jobs: Jobs, accepted: bool) -> None:
    """From sixteen threads at once: one is told that the job is new, all are given it."""
    loop = asyncio.get_running_loop()
    request = replace(NEW, user="ada", job_id="nightly", request_id="nightly")

    def ask() -> list[tuple[Job | JobRecord, bool]]:
        async def once() -> tuple[Job | JobRecord, bool]:
            job, new = await jobs.create_once(request)
            if new and accepted and isinstance(job, Job):
                await jobs.accept(job)
            return job, new

        return [asyncio.run_coroutine_threadsafe(once(), loop).result(60) for _ in range(1000 // 16 + 1)]

    with ThreadPoolExecutor(16) as threads:
        answers = await asyncio.gather(*(loop.run_in_executor(threads, ask) for _ in range(16)))
    found = [answer for some in answers for answer in some]
    assert len(found) >= 1000
    assert sum(new for _, new in found) == 1
    assert len({job.key for job, _ in found}) == 1
    assert len(await jobs.records("ada")) == 1


async def test_a_repeated_request_is_the_same_job_after_a_restart_too(tmp_path: Path) -> None:
    """Even when the job is FAILED because the server stopped: its caller was promised a job and has its end."""
    request = replace(NEW, user="ada", job_id="nightly", request_id="nightly")
    before = Jobs(JobStore(tmp_path / "jobs.sqlite"))
    job, new = await before.create_once(request)
    assert isinstance(job, Job)
    assert new
    await before.accept(job)
    await before.close()
    after = Jobs(JobStore(tmp_path / "jobs.sqlite"))
    same, new = await after.create_once(request)
    assert (same.key, new) == (job.key, False)
    assert isinstance(same, JobRecord)
    assert (same.status.state, same.status.reason) == (JobState.FAILED, "SERVER_RESTARTED")
    _, new = await after.create_once(replace(request, user="grace"))
    assert new, "another user's request"
    await after.close()


async def test_what_a_request_asked_for_is_known_after_a_restart_and_its_values_are_not(tmp_path: Path) -> None:
    """A job that an older bridge entered, which noted nothing, is taken for the same."""
    asked = {"recipe": "r", "parameters": {"rate": 0.5, "password": "hunter2", "none": None}}
    request = replace(NEW, job_id="nightly", request_id="nightly", asked=asked)
    jobs = Jobs(JobStore(tmp_path / "jobs.sqlite"))
    job, _ = await jobs.create_once(request)
    assert isinstance(job, Job)
    await jobs.accept(job)
    await jobs.close()
    record = JobStore(tmp_path / "jobs.sqlite").of_request("", "nightly")
    assert record is not None
    check_same(record, {"parameters": {"password": "hunter2", "rate": 0.5}, "recipe": "r"}, "request id")
    with pytest.raises(AlreadyExistsError, match=r"other values of `parameters\.password`, `parameters\.rate`\. Give"):
        check_same(record, {"recipe": "r", "parameters": {"password": "hunter3"}}, "request id")
    assert b"hunter2" not in (tmp_path / "jobs.sqlite").read_bytes()
    check_same(replace(record, asked={}), {"recipe": "another"}, "request id")


@pytest.mark.parametrize("restart", [False, True])
async def test_a_request_that_was_never_accepted_can_be_made_again(tmp_path: Path, restart: bool) -> None:
    """Its caller has no jobId yet: who asks again means to start it."""
    request = replace(NEW, job_id="nightly", request_id="nightly")
    jobs = Jobs(JobStore(tmp_path / "jobs.sqlite"))
    first, _ = await jobs.create_once(request)
    assert isinstance(first, Job)
    if restart:
        await jobs.close()
        jobs = Jobs(JobStore(tmp_path / "jobs.sqlite"))
    else:
        first.fail("the client left while the projection was read")
        await first.ended()
    second, new = await jobs.create_once(request)
    assert new
    assert second.key != first.key
    await jobs.close()


async def test_a_request_is_no_way_around_a_running_job_of_its_id(jobs: Jobs) -> None:
    await create(jobs, "nightly")
    with pytest.raises(AlreadyExistsError, match="'nightly'"):
        await jobs.create_once(replace(NEW, job_id="nightly", request_id="nightly"))


async def test_a_job_that_promises_nothing_goes_on_though_it_can_not_be_written(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk keeps no model from answering: the job is listed while it runs, and ends."""
    assert jobs._store is not None
    with monkeypatch.context() as full:
        full.setattr(jobs._store, "_transaction", lambda: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        job = await jobs.create(NEW, on_disk=False)
        assert jobs.list("") == [job]
        job.succeed()
        await asyncio.wait_for(job.ended(), 60)
    assert jobs._store.newest("", None, 9) == []


async def test_a_job_that_can_not_be_written_is_not_started(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk refuses it in words, and leaves nothing of it; one at work ends all the same."""
    running = await create(jobs, "running")
    store = jobs._store
    assert store is not None
    with monkeypatch.context() as full:
        full.setattr(store, "_transaction", lambda: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(ResourceExhaustedError, match=r"could not be written.*space"):
            await create(jobs, "j1")
        running.succeed()
        await asyncio.wait_for(running.ended(), 60)
    assert [job.id for job in jobs.list("")] == ["running"]
    await create(jobs, "j1")
