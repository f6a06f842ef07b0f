"""Trainings of a second, for benchmarks of what happens around them."""

from __future__ import annotations

from typing import Any

import grpc

from bridge.rpc import convert
from bridge.v1 import model_service_pb2
from bridge.v1 import prediction_service_pb2 as wire
from bridge.v1 import prediction_service_pb2_grpc as service
from tests.database import Database

VECTORS, RANKS = "vectors", "ranks"

PROCEDURES = {VECTORS: "bridge.node2vec.train", RANKS: "bridge.gnn.train"}
"""By model, what trains it."""

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    VECTORS: {"modelName": VECTORS, "embeddingDimension": 8, "iterations": 1, "walksPerNode": 2, "walkLength": 10},
    RANKS: {
        "modelName": RANKS, "objective": "ranking", "sourceNodeLabel": "User", "targetRelationshipType": "RATED",
        "targetNodeLabel": "Film", "targetProperty": "rating", "featureProperties": {"Film": ["vector"]},
        "baselines": "none", "refit": False, "epochs": 3,
    },
}  # fmt: skip
"""By model, for `people_and_films()`."""

ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    VECTORS: ("bridge.embed.stream", {"modelName": VECTORS, "nodeLabels": ["Film"]}),
    RANKS: ("bridge.recommend.stream", {"modelName": RANKS, "topK": 3}),
}
"""By model, a question to it."""

Answer = tuple[int, tuple[tuple[Any, ...], ...]]
"""The version that answered, and its rows."""


async def train(channel: grpc.aio.Channel, database: Database, model: str, seed: int, **given: Any) -> int:
    """Train the next version of a model; return its number."""
    configuration = CONFIGURATIONS[model] | {"randomSeed": seed} | given
    (row,) = await database.call(channel, PROCEDURES[model], "graph", **configuration)
    return int(row["modelInfo"]["modelVersion"])


async def submit(
    channel: grpc.aio.Channel, database: Database, model: str, seed: int, job_id: str, **given: Any
) -> dict[str, Any]:
    """Have the server train the next version; return its job's row."""
    (row,) = await database.call(
        channel, "bridge.job.submit", "graph", procedure=PROCEDURES[model], jobId=job_id,
        configuration=CONFIGURATIONS[model] | {"randomSeed": seed} | given,
    )  # fmt: skip
    return row


async def answer(channel: grpc.aio.Channel, database: Database, model: str, **given: Any) -> Answer:
    """Ask a model.

    Raises:
        AssertionError: the rows are of more than one version.
        CallError: it was refused.
    """
    procedure, configuration = ANSWERS[model]
    rows = await database.call(channel, procedure, "graph", **(configuration | given))
    versions = {row.pop("modelVersion") for row in rows}
    assert len(versions) == 1, f"an answer of the versions {versions}"
    return versions.pop(), tuple(sorted(_plain(row) for row in rows))


async def prediction(channel: grpc.aio.Channel, model: str, version: str = "") -> Answer:
    """Ask a model as an operator does, without a database."""
    name = model_service_pb2.ModelReference(database="neo4j", model=model)
    stub = service.PredictionServiceStub(channel)
    if model == VECTORS:
        keys = [convert.to_value(f"f{film:03d}") for film in range(10)]
        request = wire.EmbedRequest(name=name, model_version=version, label="Film", keys=keys)
        reply = await stub.Embed(request)
    else:
        users = [convert.to_value(500 - user) for user in range(10)]
        request = wire.RecommendRequest(name=name, model_version=version, sources=users, top_k=3)
        reply = await stub.Recommend(request)
    number = int(reply.model_version)
    reply.ClearField("model_version")
    return number, ((reply.SerializeToString(deterministic=True),),)


def _plain(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(tuple(value) if isinstance(value, list) else value for _, value in sorted(row.items()))
