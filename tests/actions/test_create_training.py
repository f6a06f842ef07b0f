"""bridge/actions/create_training.py with kept_call.py: the next version, without a database."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from bridge.actions.services import Services
from bridge.rpc.convert import from_map, to_map
from bridge.v1 import model_service_pb2
from bridge.v1 import training_service_pb2 as wire
from bridge.v1 import training_service_pb2_grpc as service
from tests.actions.examples import RATING
from tests.database import Database, _call_error

DATABASE = "id-of-neo4j"
SUCCEEDED = wire.JOB_STATE_SUCCEEDED


async def created(channel: grpc.aio.Channel, model: str = "rates", **given: Any) -> wire.JobRecord:
    request = {"request_id": "nightly", "configuration": {"epochs": 3}} | given
    request["configuration"] = to_map(request["configuration"])
    name = model_service_pb2.ModelReference(database="neo4j", model=model)
    stub = service.TrainingServiceStub(channel)
    return (await stub.CreateTraining(wire.CreateTrainingRequest(name=name, **request))).job


async def ended(channel: grpc.aio.Channel, job: wire.JobRecord) -> wire.JobRecord:
    return (await service.TrainingServiceStub(channel).WaitJob(wire.WaitJobRequest(job=job.key))).job


async def test_a_training_on_the_kept_projection_makes_the_next_version(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    """The same graph, owner and database; the configuration of before, with what was asked for. No database is asked,
    and the next version can be trained from this one in its turn."""
    first = services.store.resolve(DATABASE, "rates").manifest
    job = await created(channel)
    assert (job.name, job.database, job.user) == ("gnn.train", "neo4j", ":operator")
    job = await ended(channel, job)
    assert (job.state, job.model, job.version, job.error) == (SUCCEEDED, "rates", 2, "")
    assert hosted.questions == []
    second = services.store.resolve(DATABASE, "rates").manifest
    assert (second.version, second.parent_version, second.owner, second.database) == (2, 1, "ada", "neo4j")
    assert len(second.history) == 3
    assert second.graph == first.graph
    assert second.features == first.features
    assert {key for key in first.configuration if first.configuration[key] != second.configuration[key]} == {
        "epochs", "jobId", "logProgress",
    }  # fmt: skip
    again = await ended(channel, await created(channel, request_id="again", model_version="2"))
    assert (again.state, again.version) == (SUCCEEDED, 3)
    assert from_map(again.configuration)["epochs"] == 3
    rows = await hosted.call(channel, "bridge.predict.stream", "graph", modelName="rates",
                             pairRelationshipType="RATED")  # fmt: skip
    assert {row["modelVersion"] for row in rows} == {3}


async def test_a_request_id_is_one_job_for_ever(hosted: Database, channel: grpc.aio.Channel) -> None:
    """At the same moment, while it runs, and when it has ended."""
    one, *others = await asyncio.gather(*(created(channel) for _ in range(5)))
    assert {each.key for each in others} == {one.key}
    assert (await created(channel)).key == one.key
    assert (await ended(channel, one)).version == 2
    assert (await created(channel)).key == one.key
    assert (await created(channel, request_id="another")).key != one.key


async def test_a_request_id_that_asked_for_something_else_before_is_refused(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    """Silently the old job would be the answer to a training that never runs. Also when both come at once."""
    requests = [created(channel, configuration={"epochs": epochs}) for epochs in (2, 3)]
    answers = await asyncio.gather(*requests, return_exceptions=True)
    (job,) = [each for each in answers if isinstance(each, wire.JobRecord)]
    assert (await ended(channel, job)).version == 2
    given = {"epochs": 4}
    for other, named in (
        ({"configuration": given}, "configuration.epochs"), ({"configuration": given, "model": "ranks"}, "name.model"),
        ({"configuration": given, "model_version": "1"}, "model_version"),
    ):  # fmt: skip
        with pytest.raises(grpc.aio.AioRpcError, match=f"`nightly` was used before, .*`{named}`") as raised:
            await created(channel, **other)
        assert raised.value.code() is grpc.StatusCode.ALREADY_EXISTS
        assert _call_error(raised.value).reason == "REQUEST_ID_TAKEN"
    assert len([each for each in await services.jobs.records(":operator") if each.request_id]) == 1


async def test_a_model_that_nobody_owned_at_first_is_trained_for_whom_it_belongs_to(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    """Trained without authentication, then by a user: a training on that first version is the user's, too."""
    hosted.user = ""
    await hosted.call(channel, "bridge.gnn.train", "graph", **RATING | {"modelName": "free"})
    hosted.user = "grace"
    await hosted.call(channel, "bridge.gnn.train", "graph", **RATING | {"modelName": "free"})
    job = await ended(channel, await created(channel, "free", model_version="1"))
    assert (job.state, job.version, job.error) == (SUCCEEDED, 3, "")
    assert services.store.resolve(DATABASE, "free").manifest.owner == "grace"


async def test_the_gate_stands_before_these_versions_too(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    """A version that is not to serve is kept, and the one before it answers on."""
    job = await ended(channel, await created(channel, configuration={"epochs": 3, "promote": "never"}))
    assert (job.state, job.version) == (SUCCEEDED, 2)
    assert services.store.aliases(DATABASE, "rates")["champion"] == 1
    gate = services.store.resolve(DATABASE, "rates", 2).manifest.gate
    assert (gate["promote"], gate["promoted"]) == ("never", False)


async def test_a_model_of_vectors_is_trained_again_too(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    training = {"modelName": "walks", "nodeLabels": ["Film", "Tag"], "relationshipTypes": ["TAGGED"]}
    sizes = {"embeddingDimension": 8, "iterations": 1, "walksPerNode": 2, "walkLength": 10, "randomSeed": 1}
    await hosted.call(channel, "bridge.node2vec.train", "graph", **training, **sizes)
    job = await ended(channel, await created(channel, "walks", configuration={"embeddingDimension": 4}))
    assert (job.state, job.name, job.version) == (SUCCEEDED, "node2vec.train", 2)
    one, two = (services.store.resolve(DATABASE, "walks", number).manifest for number in (1, 2))
    assert one.graph == two.graph
    assert two.configuration["embeddingDimension"] == 4


@pytest.mark.parametrize(
    ("given", "reason", "text"),
    [
        ({"request_id": ""}, "INVALID_REQUEST_ID", "`request_id` has 0 characters, but must have 1 to 128"),
        ({"configuration": {"epoch": 3}}, "INVALID_CONFIGURATION", "Unexpected configuration key: epoch"),
        ({"configuration": {"epochs": -1}}, "INVALID_CONFIGURATION", "`epochs`"),
        ({"configuration": {"modelName": "other", "JOBID": "mine"}}, "FIXED_KEY", "has ['jobId', 'modelName']"),
        ({"configuration": {"featureProperties": {"Film": ["year"]}}}, "NOT_IN_PROJECTION", "Properties available on"),
        ({"model_version": "9"}, "VERSION_NOT_FOUND", "has no version 9"),
    ],
)
async def test_what_does_not_fit_is_refused_before_there_is_a_job(
    hosted: Database, channel: grpc.aio.Channel, given: dict[str, Any], reason: str, text: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await created(channel, **given)
    error = _call_error(raised.value)
    assert error.reason == reason
    assert text in str(error)
    jobs = await service.TrainingServiceStub(channel).ListJobs(wire.ListJobsRequest())
    assert "nightly" not in {job.id for job in jobs.jobs}
    assert all(job.user != ":operator" for job in jobs.jobs)
