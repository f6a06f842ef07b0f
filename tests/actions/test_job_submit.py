"""bridge/actions/job_submit.py: a training of a toy, which goes on when its client has left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import grpc
import pytest

from bridge.actions.base_config import GraphConfig
from bridge.actions.reading import Selection, labels_of
from bridge.actions.services import Services
from bridge.actions.training import Prepared, Training, anything
from bridge.actions.trainings import TRAININGS
from bridge.core.call import Call
from bridge.core.config import ModelName, PositiveInt
from bridge.core.errors import ResourceExhaustedError
from bridge.core.procedure import Procedure, Row
from bridge.jobs.job import Job
from bridge.jobs.status import JobState
from bridge.projection.snapshots import Snapshot, open_snapshot
from tests.database import CallError, Database, people_and_films

NAME = "bridge.toy.train"


class ToyConfig(GraphConfig):
    """Count the nodes of a label."""

    model_name: ModelName
    """The model."""
    label: str = "User"
    """What to count."""
    epochs: PositiveInt = 1
    """How often."""


class ToyRow(Row):
    """The count."""

    nodes: int
    """Nodes of the label."""


@dataclass
class Toy:
    """A training that waits until the test lets it end."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    works: list[str] = field(default_factory=list)
    """The job ids of all trainings that have begun."""

    async def prepare(self, request: ToyConfig, call: Call, services: Services) -> Prepared:
        graph = await call.describe()
        labels = labels_of(graph, [request.label], "label")
        return Prepared(graph, Selection(dict.fromkeys(labels, ()), {}), anything, partial(self.work, request))

    async def work(self, request: ToyConfig, job: Job, snapshot: Snapshot) -> ToyRow:
        self.works.append(job.id)
        await self.go.wait()
        count = len(open_snapshot(snapshot.path).nodes[request.label])
        job.report(1, 1.0, "counted", {"nodes": count})
        job.made(request.model_name, 1)
        return ToyRow(nodes=count)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    toy = Toy()
    training = Training("toy", ToyConfig, ("read projection", "count"), toy.prepare)
    monkeypatch.setitem(TRAININGS, NAME, training)
    return toy


@pytest.fixture
def services(services: Services, toy: Toy) -> Services:
    plain = Procedure("bridge.toy", ToyConfig, {"train": ToyRow}, TRAININGS[NAME].run)
    return replace(services, procedures=(*services.procedures, plain))


async def submit(channel: grpc.aio.Channel, database: Database | None = None, **given: Any) -> dict[str, Any]:
    asked = {"procedure": NAME, "configuration": {"modelName": "toy"}, "jobId": "nightly"} | given
    (row,) = await (database or people_and_films()).call(channel, "bridge.job.submit", "graph", **asked)
    return row


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(300):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_submitted_training_goes_on_when_its_client_has_left(
    channel: grpc.aio.Channel, services: Services, toy: Toy
) -> None:
    """The call returns its jobId when the projection is read; the list tells how it goes and what it made."""
    database = people_and_films()
    row = await submit(channel, database)
    assert (row["jobId"], row["jobName"], row["modelName"]) == ("nightly", "toy.train", "toy")
    assert row["status"] in ("QUEUED", "RUNNING")
    assert "read_projection" in database.questions
    assert [each.job_id for each in database.jobs] == ["nightly"]
    toy.go.set()
    await asyncio.wait_for(services.jobs.get("nightly", "ada").ended(), 300)
    (row,) = await database.call(channel, "bridge.job.list", jobId="nightly")
    assert (row["status"], row["modelName"], row["modelVersion"], row["figures"]) == (
        "SUCCEEDED", "toy", 1, {"nodes": 30},
    )  # fmt: skip


async def test_the_plain_call_does_the_same_and_waits(channel: grpc.aio.Channel, services: Services, toy: Toy) -> None:
    toy.go.set()
    rows = await people_and_films().call(channel, NAME, "graph", modelName="toy", label="Film", jobId="plain")
    assert rows == [{"nodes": 48}]
    record = await services.jobs.find("plain", "ada")
    assert (record.name, record.status.state) == ("toy.train", JobState.SUCCEEDED)


async def test_the_projection_is_held_until_the_work_is_done(
    channel: grpc.aio.Channel, services: Services, toy: Toy
) -> None:
    """Others' projections must not push it out from under the trainer."""
    await submit(channel)
    await until(lambda: toy.works)
    assert sum(services.snapshots._pins.values()) == 1
    toy.go.set()
    await services.jobs.get("nightly", "ada").ended()
    assert services.snapshots._pins == {}


async def test_a_repeated_job_id_is_the_same_job(channel: grpc.aio.Channel, services: Services, toy: Toy) -> None:
    """From eight clients at once, while it runs, and when it has ended; another user's is another."""
    rows = await asyncio.gather(*(submit(channel) for _ in range(8)))
    rows.append(await submit(channel, configuration={"MODELNAME": "toy", "epochs": None, "jobId": "nightly"}))
    assert len({row["timeCreated"] for row in rows}) == 1
    toy.go.set()
    await services.jobs.get("nightly", "ada").ended()
    again = await submit(channel)
    assert (again["status"], again["timeCreated"]) == ("SUCCEEDED", rows[0]["timeCreated"])
    assert toy.works == ["nightly"]
    theirs = people_and_films()
    theirs.user = "grace"
    await submit(channel, theirs)
    await until(lambda: toy.works == ["nightly", "nightly"])


@pytest.mark.parametrize(
    ("given", "graph", "named"),
    [
        ({"modelName": "toy", "epochs": 31337}, "graph", "`configuration.epochs`"),
        ({"modelName": "yot", "label": "Film"}, "graph", "`configuration.label`, `configuration.modelName`"),
        ({"modelName": "toy"}, "other", "`graphName`"),
    ],
)
async def test_a_job_id_that_asked_for_something_else_before_is_refused(
    channel: grpc.aio.Channel, services: Services, toy: Toy, given: dict[str, Any], graph: str, named: str
) -> None:
    """While the job runs and when it has ended; what is different is named without its values."""
    asked = {"procedure": NAME, "configuration": given, "jobId": "nightly"}
    await submit(channel)
    for _ in range(2):
        with pytest.raises(CallError) as raised:
            await people_and_films().call(channel, "bridge.job.submit", graph, **asked)
        assert raised.value.reason == "REQUEST_ID_TAKEN"
        assert f"The `jobId` `nightly` was used before, with other values of {named}. Give" in str(raised.value)
        assert "31337" not in str(raised.value)
        toy.go.set()
        await services.jobs.get("nightly", "ada").ended()
    assert toy.works == ["nightly"]


async def test_a_new_job_without_an_id_is_always_a_new_one(channel: grpc.aio.Channel, toy: Toy) -> None:
    toy.go.set()
    rows = [await submit(channel, jobId=None) for _ in range(2)]
    assert len({row["jobId"] for row in rows}) == 2


async def test_a_training_that_finds_the_queue_full_is_refused_and_its_id_is_free(
    channel: grpc.aio.Channel, services: Services, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is told to try again later must not get the refused training's job then."""

    def full() -> None:
        raise ResourceExhaustedError("All is taken.", reason="QUEUE_FULL")

    with monkeypatch.context() as patch:
        patch.setattr(services.trainers, "check_room", full)
        with pytest.raises(CallError, match="All is taken"):
            await submit(channel)
    assert await people_and_films().call(channel, "bridge.job.list") == []
    toy.go.set()
    await submit(channel)
    await services.jobs.get("nightly", "ada").ended()
    assert toy.works == ["nightly"]


async def test_what_does_not_fit_is_said_before_there_is_a_job(
    channel: grpc.aio.Channel, services: Services, toy: Toy
) -> None:
    """In the words of the training itself; the id is free for the next try."""
    for given, words in (
        ({"procedure": "bridge.toy.tran"}, r"`bridge.toy.tran`, but only .*Did you mean .*`bridge.toy.t"),
        ({"procedure": "bridge.recommend.write"}, "only trainings can be submitted"),
        ({"configuration": {"modelName": "toy", "epoch": 1}}, r"Unexpected configuration key: epoch .*epochs"),
        ({"configuration": {}}, "mandatory configuration parameter `modelName`"),
        ({"configuration": {"modelName": "toy", "label": "Usr"}}, "Could not find the specified `label`"),
        ({"configuration": {"modelName": "toy", "jobId": "other"}}, "`jobId` was `nightly`, but in `configuration`"),
    ):
        with pytest.raises(CallError, match=words):
            await submit(channel, **given)
    assert await services.jobs.records("ada") == []
    assert (await submit(channel))["jobId"] == "nightly"


async def test_a_client_that_leaves_before_the_projection_is_read_starts_nothing(
    channel: grpc.aio.Channel, services: Services, toy: Toy
) -> None:
    """Who submits the same id in the meantime waits for that, and then starts it."""
    leaving = people_and_films()
    leaving.silent_at = "read_projection"
    first = asyncio.create_task(submit(channel, leaving))
    await asyncio.wait_for(leaving.reached.wait(), 300)
    second = asyncio.create_task(submit(channel))
    await asyncio.sleep(0.2)
    assert not second.done()
    first.cancel()
    row = await asyncio.wait_for(second, 300)
    assert row["status"] in ("QUEUED", "RUNNING")
    await until(lambda: toy.works == ["nightly"])
    ends = [record.status.state for record in await services.jobs.records("ada")]
    assert ends == [JobState.RUNNING, JobState.CANCELLED]


async def test_a_client_that_leaves_while_the_promise_is_written_leaves_a_job_that_keeps_it(
    channel: grpc.aio.Channel, services: Services, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its request id is taken for good by then: a repeated one must not find a job that nobody cancelled CANCELLED."""
    accept, reached, left = services.jobs.accept, asyncio.Event(), asyncio.Event()

    async def slow(job: Job) -> None:
        await accept(job)
        reached.set()
        await left.wait()

    monkeypatch.setattr(services.jobs, "accept", slow)
    leaving = asyncio.create_task(submit(channel))
    await asyncio.wait_for(reached.wait(), 300)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await asyncio.sleep(0.2)  # the server hears of it
    left.set()
    await until(lambda: toy.works == ["nightly"])
    toy.go.set()
    await asyncio.wait_for(services.jobs.get("nightly", "ada").ended(), 300)
    assert (await submit(channel))["status"] == "SUCCEEDED"


async def test_a_submitted_job_can_be_cancelled(channel: grpc.aio.Channel, services: Services, toy: Toy) -> None:
    await submit(channel)
    await until(lambda: toy.works)
    await people_and_films().call(channel, "bridge.job.cancel", jobId="nightly")
    await asyncio.wait_for(services.jobs.get("nightly", "ada").ended(), 300)
    assert (await submit(channel))["status"] == "CANCELLED", "a repeated id is the same job"
    assert services.snapshots._pins == {}


async def test_a_server_that_stops_says_so_in_the_job(channel: grpc.aio.Channel, services: Services, toy: Toy) -> None:
    await submit(channel)
    await until(lambda: toy.works)
    await services.jobs.background.close()
    row = await submit(channel)
    assert (row["status"], row["reason"]) == ("FAILED", "SERVER_STOPPED")
