"""bridge/actions/job.py: the caller's jobs, listed, looked into and cancelled."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from bridge.actions.services import Services
from bridge.app import make_services
from bridge.jobs.job import Job
from bridge.jobs.process import Trainers
from bridge.jobs.status import JobState
from bridge.jobs.table import NewJob
from bridge.settings import Settings
from tests.database import CallError, Database, people_and_films


async def jobs(channel: grpc.aio.Channel, user: str = "ada", **given: Any) -> list[dict[str, Any]]:
    database = people_and_films()
    database.user = user
    return await database.call(channel, "bridge.job.list", **given)


async def cancel(channel: grpc.aio.Channel, job_id: str, user: str = "ada") -> dict[str, Any]:
    database = people_and_films()
    database.user = user
    (row,) = await database.call(channel, "bridge.job.cancel", jobId=job_id)
    return row


async def running(services: Services, job_id: str, user: str = "ada", database: str = "neo4j") -> Job:
    """Enter a job that reads the projection."""
    configuration = {"modelName": "ranks", "modelVersion": 3}
    steps = ("read projection", "score")
    job = await services.jobs.create(NewJob("recommend.stream", user, database, configuration, steps, job_id))
    job.run()
    return job


async def test_a_job_that_ended_well_is_listed_with_its_times(hosted: Database, channel: grpc.aio.Channel) -> None:
    given = {"modelName": "ranks", "topK": 1, "jobId": "mine"}
    await hosted.call(channel, "bridge.recommend.stream", "graph", **given)
    (row,) = await jobs(channel, jobId="mine")
    assert (row["jobId"], row["jobName"], row["status"], row["progress"]) == (
        "mine", "recommend.stream", "SUCCEEDED", 1.0,
    )  # fmt: skip
    assert (row["modelName"], row["modelVersion"]) == ("ranks", None), "it asked for the newest"
    assert row["timeCreated"] <= row["timeStarted"] <= row["timeFinished"]
    assert datetime.now(UTC) - row["timeCreated"] < timedelta(minutes=10)


async def test_a_job_that_failed_says_why(channel: grpc.aio.Channel) -> None:
    """The text that the user of the call read."""
    database = people_and_films()
    given = {"jobId": "bad", "nodeProperties": ["vector"], "nodeKeys": {"Film": "none"}}
    with pytest.raises(CallError) as raised:
        await database.call(channel, "bridge.snapshot.stats", "graph", **given)
    (row,) = await jobs(channel)
    assert (row["jobId"], row["status"], row["detail"]) == ("bad", "FAILED", str(raised.value))
    assert row["reason"] == raised.value.reason != ""


async def test_a_running_job_shows_what_it_does(channel: grpc.aio.Channel, services: Services) -> None:
    job = await running(services, "one")
    job.report(1, 0.5, "15 of 30", {"ndcg": 0.25})
    (row,) = await jobs(channel)
    assert (row["status"], row["step"], row["detail"], row["figures"]) == (
        "RUNNING", "score", "15 of 30", {"ndcg": 0.25},
    )  # fmt: skip
    assert 0.5 < row["progress"] < 1.0
    assert (row["modelName"], row["modelVersion"], row["timeFinished"]) == ("ranks", 3, None)


async def test_the_newest_job_is_on_top(channel: grpc.aio.Channel, services: Services) -> None:
    for name in ("first", "second", "third"):
        await running(services, name)
    assert [row["jobId"] for row in await jobs(channel)] == ["third", "second", "first"]


async def test_everyone_sees_and_cancels_only_their_own_jobs(channel: grpc.aio.Channel, services: Services) -> None:
    """Another's job is as if it were not there, and goes on."""
    mine, theirs = await running(services, "mine"), await running(services, "theirs", user="grace")
    assert [row["jobId"] for row in await jobs(channel)] == ["mine"]
    for ask in (jobs(channel, jobId="theirs"), cancel(channel, "theirs")):
        with pytest.raises(CallError, match=r"`theirs` was found\. Your unfinished jobs: `mine`") as no:
            await ask
        assert no.value.code is grpc.StatusCode.NOT_FOUND
    assert not theirs.cancel_requested
    row = await cancel(channel, "mine")
    assert (row["jobId"], row["status"]) == ("mine", "CANCELLING")
    assert mine.cancel_requested
    assert [row["status"] for row in await jobs(channel, user="grace")] == ["RUNNING"]


async def test_two_users_may_give_their_jobs_one_name(channel: grpc.aio.Channel, services: Services) -> None:
    """Cancelling it means one's own."""
    mine, theirs = await running(services, "same"), await running(services, "same", user="grace")
    await cancel(channel, "same", user="grace")
    assert (mine.cancel_requested, theirs.cancel_requested) == (False, True)


async def test_jobs_of_another_database_are_not_listed(channel: grpc.aio.Channel, services: Services) -> None:
    """But one that is asked for by its id is found."""
    await running(services, "elsewhere", database="other")
    assert await jobs(channel) == []
    assert [row["jobId"] for row in await jobs(channel, jobId="elsewhere")] == ["elsewhere"]


async def test_cancelling_what_has_ended_changes_nothing(hosted: Database, channel: grpc.aio.Channel) -> None:
    await hosted.call(channel, "bridge.recommend.stream", "graph", modelName="ranks", topK=1, jobId="over")
    assert (await cancel(channel, "over"))["status"] == "SUCCEEDED"
    assert [row["status"] for row in await jobs(channel)] == ["SUCCEEDED"]


async def test_a_cancelled_job_is_listed_as_such(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    """With both times, once its call has ended."""
    hosted.silent_at = "read_projection"
    call = asyncio.create_task(hosted.call(channel, "bridge.recommend.stream", "graph", modelName="ranks", jobId="a"))
    await asyncio.wait_for(hosted.reached.wait(), 60)
    assert (await cancel(channel, "a"))["status"] in ("CANCELLING", "CANCELLED")
    async with asyncio.timeout(60):
        while services.jobs.get("a", "ada").state is not JobState.CANCELLED:
            await asyncio.sleep(0.02)
    (row,) = await jobs(channel)
    assert row["timeFinished"] >= row["timeStarted"]
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


async def test_the_version_that_a_job_has_made_is_shown_in_place_of_what_it_asked(
    channel: grpc.aio.Channel, services: Services
) -> None:
    job = await running(services, "one")
    job.made("ranks", 8)
    (row,) = await jobs(channel)
    assert (row["modelName"], row["modelVersion"]) == ("ranks", 8)


async def test_the_figures_of_every_epoch_can_be_read_while_it_runs_and_after_a_restart(
    channel: grpc.aio.Channel, services: Services, tmp_path: Path, trainers: Trainers
) -> None:
    """Another server on the same data finds the job FAILED, with all it had reported."""
    job = await running(services, "one")
    for epoch in range(3):
        job.report(1, epoch / 3, "", {"loss": 1.0 / (1 + epoch)})
    rows = await people_and_films().call(channel, "bridge.job.history", jobId="one")
    assert [(row["jobId"], row["number"], row["step"], row["figures"]) for row in rows] == [
        ("one", 1 + epoch, "score", {"loss": 1.0 / (1 + epoch)}) for epoch in range(3)
    ]
    assert all(row["timeReported"].tzinfo is not None for row in rows)
    await services.jobs.close()
    again = make_services(Settings(data=tmp_path / "server"), trainers)
    record = await again.jobs.find("one", "ada")
    assert (record.status.state, record.status.reason) == (JobState.FAILED, "SERVER_RESTARTED")
    assert [dict(report.figures) for report in await again.jobs.history("one", "ada")] == [
        row["figures"] for row in rows
    ]
    await again.jobs.close()
    again.store.close()


@pytest.mark.parametrize("procedure", ["bridge.job.list", "bridge.job.history", "bridge.job.cancel"])
async def test_a_job_that_nobody_has_is_named(channel: grpc.aio.Channel, procedure: str) -> None:
    with pytest.raises(CallError, match=r"No job with jobId `none` was found\. Your unfinished jobs: none\."):
        await people_and_films().call(channel, procedure, jobId="none")
