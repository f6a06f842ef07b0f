"""bridge/actions/jobs.py: a call that is cancelled, in each of its phases, leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from bridge.actions import reading
from bridge.actions.services import Services
from bridge.jobs import job as jobs
from bridge.jobs.job import Job
from bridge.jobs.status import JobState
from tests.actions.examples import RANKING
from tests.database import CallError, Database, people_and_films

ENDLESS = {**RANKING, "epochs": 1_000_000, "patience": 1_000_000, "jobId": "long"}


async def until(condition: Callable[[], object], seconds: float = 300.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def of(services: Services, job_id: str = "long") -> Job:
    return services.jobs.get(job_id, "ada")


async def assert_nothing_left(services: Services, data: Path, before: set[asyncio.Task[Any]]) -> None:
    """No trainer, no staged file, no scratch, no model, no task, once all have had the time to go."""
    assert services.store.models("id-of-neo4j") == []
    with suppress(TimeoutError):
        await until(lambda: not _left(services, data, before), 60.0)
    assert _left(services, data, before) == []


def _left(services: Services, data: Path, before: set[asyncio.Task[Any]]) -> list[object]:
    staged = [path for path in (data / "staging").rglob("*") if path.is_file() and path.suffix != ".lock"]
    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks() - before}
    ours = [name for name in names if "bridge" in name or name.startswith(("_forward", "_cancel_with", "Trainers"))]
    waiting = ["a trainer"] * (services.trainers.running + services.trainers.waiting)
    return [*staged, *(data / "scratch").iterdir(), *ours, *waiting]


def phase(name: str, database: Database, services: Services) -> Callable[[], object]:
    """Return what is true once a training is in its phase."""
    if name == "reading":
        database.silent_at = "read_projection"
        return database.reached.is_set
    return lambda: any("epoch" in each.detail or each.step == 1 for each in database.progress)


@pytest.mark.parametrize("name", ["reading", "training"])
async def test_a_client_that_goes_away_ends_its_training(
    channel: grpc.aio.Channel, services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """The job is CANCELLED, its trainer gone, nothing of it is left, and nothing of it is an error in the log."""
    database, before = people_and_films(), asyncio.all_tasks()
    reached = phase(name, database, services)
    call = asyncio.create_task(database.call(channel, "bridge.gnn.train", "graph", **ENDLESS))
    await until(reached)
    call.cancel()
    await until(lambda: of(services).state.finished)
    assert of(services).state is JobState.CANCELLED
    await assert_nothing_left(services, tmp_path / "server", before)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("name", ["reading", "training"])
async def test_a_job_cancelled_by_another_call_ends_the_first_in_words(
    channel: grpc.aio.Channel, services: Services, tmp_path: Path, name: str
) -> None:
    """Whoever waits for the training is told why it ended; the one who cancels sees the job."""
    database, before = people_and_films(), asyncio.all_tasks()
    reached = phase(name, database, services)
    call = asyncio.create_task(database.call(channel, "bridge.gnn.train", "graph", **ENDLESS))
    await until(reached)
    if name == "reading":  # it waits for an answer that never comes: only its own stream can tell
        database.silent_at = ""
    (row,) = await people_and_films().call(channel, "bridge.job.cancel", jobId="long")
    assert (row["jobId"], row["jobName"], row["modelName"]) == ("long", "gnn.train", "ranks")
    await until(lambda: of(services).state.finished)
    assert of(services).state is JobState.CANCELLED
    if name == "reading":
        call.cancel()
    else:
        with pytest.raises(CallError, match="The job `long` was cancelled") as raised:
            await call
        assert (raised.value.code, raised.value.reason) == (grpc.StatusCode.CANCELLED, "JOB_CANCELLED")
    await assert_nothing_left(services, tmp_path / "server", before)


async def test_a_training_that_waits_for_its_turn_can_be_cancelled(
    channel: grpc.aio.Channel, services: Services
) -> None:
    """The running one goes on."""
    first, second = people_and_films(), people_and_films()
    running = asyncio.create_task(first.call(channel, "bridge.gnn.train", "graph", **ENDLESS))
    await until(lambda: services.trainers.running)
    call = asyncio.create_task(second.call(channel, "bridge.gnn.train", "graph", **{**ENDLESS, "jobId": "next"}))
    await until(lambda: any("waiting: 1 job" in each.detail for each in second.progress))
    assert of(services, "next").state is JobState.QUEUED
    await people_and_films().call(channel, "bridge.job.cancel", jobId="next")
    with pytest.raises(CallError, match="The job `next` was cancelled"):
        await call
    assert (services.trainers.running, services.trainers.waiting) == (1, 0)
    running.cancel()
    await until(lambda: not services.trainers.running)


async def test_a_client_that_goes_while_rows_are_written_is_no_error(
    hosted: Database, channel: grpc.aio.Channel, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """A LIMIT in Cypher does it all the time."""
    rows = hosted.rows(channel, "bridge.recommend.stream", "graph", modelName="ranks", jobId="short")
    await anext(rows)
    await rows.aclose()
    await until(lambda: of(services, "short").state.finished)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_long_computation_in_the_server_beats_too(
    hosted: Database, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin ends a call that is silent: progress comes while the executor works."""
    defaults = jobs.Job.changes.__defaults__
    monkeypatch.setattr(jobs.Job.changes, "__defaults__", (0.05,))
    assert defaults == (jobs.HEARTBEAT_SECONDS,)
    assert jobs.HEARTBEAT_SECONDS <= 10
    keep, beats = reading._keep, []

    def slow(*given: Any) -> Any:
        end = time.monotonic() + 60
        while len(hosted.progress) < 8 and time.monotonic() < end:
            time.sleep(0.01)
        beats.extend(hosted.progress)
        return keep(*given)

    monkeypatch.setattr(reading, "_keep", slow)
    await hosted.call(channel, "bridge.recommend.stream", "graph", modelName="ranks", topK=1)
    assert len([each for each in beats if each.step == 0]) >= 8


async def test_a_running_jobs_id_is_taken_and_then_free_again(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    given = {"modelName": "ranks", "jobId": "mine"}
    hosted.silent_at = "read_projection"
    call = asyncio.create_task(hosted.call(channel, "bridge.recommend.stream", "graph", **given))
    await until(hosted.reached.is_set)
    with pytest.raises(CallError, match="There's already a job running with jobId 'mine'"):
        await people_and_films().call(channel, "bridge.recommend.stream", "graph", **given)
    call.cancel()
    await until(lambda: of(services, "mine").state.finished)
    assert await people_and_films().call(channel, "bridge.recommend.stream", "graph", **given)


async def test_a_job_that_shall_not_be_logged_is_not_named_to_gds(hosted: Database, channel: grpc.aio.Channel) -> None:
    """Its heartbeat goes on all the same."""
    await hosted.call(channel, "bridge.recommend.stream", "graph", modelName="ranks", logProgress=False)
    assert hosted.jobs == []
    assert hosted.progress
    await hosted.call(channel, "bridge.recommend.stream", "graph", modelName="ranks", jobId="seen")
    assert [(each.job_id, each.name, list(each.steps)) for each in hosted.jobs] == [
        ("seen", "recommend.stream", ["read projection", "score"])
    ]
