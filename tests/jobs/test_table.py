"""The table of jobs: one's own, one running per id, a bounded memory."""

import pytest

from bridge.core.errors import AlreadyExistsError, NotFoundError
from bridge.jobs.job import Job, JobState
from bridge.jobs.table import Jobs


def create(jobs: Jobs, job_id: str | None = None, user: str = "", database: str = "neo4j") -> Job:
    return jobs.create(job_id, "bridge.gnn.train", user, database, {"epochs": 3})


async def test_a_job_without_an_id_gets_one_of_its_own() -> None:
    """Two of them never share it."""
    jobs = Jobs()
    one, two = create(jobs), create(jobs)
    assert one.id != two.id
    assert jobs.get(one.id, "") is one
    assert one.configuration == {"epochs": 3}


async def test_an_id_can_be_used_again_once_its_job_has_finished() -> None:
    """While it runs it is taken, in GDS's words; for another user it is free all the time."""
    jobs = Jobs()
    one = create(jobs, "j1", "alice")
    with pytest.raises(AlreadyExistsError, match=r"^There's already a job running with jobId 'j1'$"):
        create(jobs, "j1", "alice")
    create(jobs, "j1", "bob")
    one.cancel()
    with pytest.raises(AlreadyExistsError):
        create(jobs, "j1", "alice")
    one.end_cancelled()
    again = create(jobs, "j1", "alice")
    assert jobs.list("alice") == [again]


async def test_everyone_sees_and_cancels_only_their_own_jobs() -> None:
    """Another's job is not found, as one that does not exist."""
    jobs = Jobs()
    own = create(jobs, "j1", "alice")
    elsewhere = create(jobs, "j2", "alice", "other")
    theirs = create(jobs, "j3", "bob")
    assert jobs.list("alice") == [own, elsewhere]
    assert jobs.list("alice", "neo4j") == [own]
    for way in (jobs.get, jobs.cancel):
        with pytest.raises(
            NotFoundError, match=r"No job with jobId `j3` was found. Your unfinished jobs: `j1`, `j2`\."
        ):
            way("j3", "alice")
    assert theirs.state is JobState.QUEUED
    assert jobs.cancel("j1", "alice").state is JobState.CANCELLING


async def test_finished_jobs_are_kept_up_to_a_bound_and_unfinished_ones_always() -> None:
    """The oldest finished ones go first."""
    jobs = Jobs(keep=2)
    running = create(jobs, "running")
    for number in range(4):
        create(jobs, f"j{number}").succeed()
    create(jobs, "last")
    assert [job.id for job in jobs.list("")] == ["running", "j2", "j3", "last"]
    assert running.state is JobState.QUEUED
