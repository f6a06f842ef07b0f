"""bridge/rpc/procedures.py: from a Start to an action, and from what it raises to a status."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
import pytest

from bridge.actions.rows import send_row
from bridge.actions.services import Services
from bridge.core.call import Call
from bridge.core.config import Config, PositiveInt
from bridge.core.procedure import EstimateRow, Procedure, Row
from bridge.rpc.auth import Tokens
from bridge.rpc.server import Endpoint, Server
from bridge.v1 import procedure_service_pb2 as wire
from bridge.v1 import procedure_service_pb2_grpc as service
from tests.database import CallError, people_and_films


class NoConfig(Config):
    """Nothing to set."""


class NoRow(Row):
    """Nothing to say."""


async def stumble(request: NoConfig, call: Call, services: Services) -> None:
    raise ZeroDivisionError("/secret/path")


class WalkConfig(Config):
    """Walk."""

    steps: PositiveInt = 10
    """How far."""


async def walk(request: WalkConfig, call: Call, services: Services) -> None:
    raise AssertionError("an estimate does not run the procedure")


async def estimate(request: WalkConfig, call: Call, services: Services) -> None:
    graph = call.fictitious or await call.describe()
    size = request.steps * graph.node_count
    row = EstimateRow(
        required_memory=f"{size} Bytes", tree_view=call.mode, map_view={"name": call.graph_name},
        bytes_min=size, bytes_max=size, node_count=graph.node_count, relationship_count=graph.relationship_count,
        heap_percentage_min=0.1, heap_percentage_max=0.1,
    )  # fmt: skip
    await send_row(call, row)


@pytest.fixture
async def walking(services: Services) -> AsyncIterator[grpc.aio.Channel]:
    procedure = Procedure("bridge.walk", WalkConfig, {"stream": NoRow, "write": NoRow}, walk, estimate=estimate)
    async with serving(services, procedure) as channel:
        yield channel


@pytest.fixture
async def stumbling(services: Services) -> AsyncIterator[grpc.aio.Channel]:
    procedure = Procedure("bridge.stumble", NoConfig, {"": NoRow}, stumble, positional=True)
    async with serving(services, procedure) as channel:
        yield channel


@asynccontextmanager
async def serving(services: Services, procedure: Procedure) -> AsyncIterator[grpc.aio.Channel]:
    server = Server(replace(services, procedures=(procedure,)), Endpoint("127.0.0.1", 0, Tokens()))
    port = await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(timedelta(0))


async def test_an_unknown_procedure_names_the_one_that_was_meant(channel: grpc.aio.Channel) -> None:
    with pytest.raises(CallError, match=r"Did you mean .*`bridge\.health`") as raised:
        await people_and_films().call(channel, "bridge.helth")
    assert raised.value.code is grpc.StatusCode.NOT_FOUND


async def test_a_plugin_of_another_version_is_told_what_to_do(channel: grpc.aio.Channel) -> None:
    """But health and version answer it: how else would one find out."""
    database = people_and_films()
    database.contract = "other"
    with pytest.raises(CallError, match="Install the plugin that came with the server") as raised:
        await database.call(channel, "bridge.list")
    assert raised.value.reason == "CONTRACT_MISMATCH"
    assert await database.call(channel, "bridge.health")
    assert await database.call(channel, "bridge.version")


@pytest.mark.parametrize(
    ("graph", "text"),
    [
        ("", "`graphName` can not be null or blank, but it was ``"),
        ("  ", "`graphName` can not be null or blank, but it was `  `"),
        (" graph", "`graphName` must not end or begin with whitespace characters, but got ` graph`."),
        ("grap", "Graph with name `grap` does not exist on database `neo4j`. It might exist on another database. "
                 "Did you mean `graph`?"),
        ("films", "Graph with name `films` does not exist on database `neo4j`. It might exist on another database. "
                  "On this one there are ['graph']."),
    ],
)  # fmt: skip
async def test_a_projection_that_is_not_there_is_told_as_gds_does(
    channel: grpc.aio.Channel, graph: str, text: str
) -> None:
    with pytest.raises(CallError) as raised:
        await people_and_films().call(channel, "bridge.snapshot.stats", graph)
    assert str(raised.value) == text


async def test_where_nothing_is_projected_the_way_to_project_is_named(
    channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the first day with an empty database."""
    database = people_and_films()
    monkeypatch.setattr(database, "_description", lambda name: wire.Description(found=False))
    with pytest.raises(CallError, match=r"no projected graphs of yours: `gds\.graph\.project` makes one"):
        await database.call(channel, "bridge.snapshot.stats", "graph")


async def test_an_unforeseen_error_reaches_the_user_as_an_id_of_the_log(
    stumbling: grpc.aio.Channel, caplog: pytest.LogCaptureFixture
) -> None:
    """No Python word, no path, no traceback."""
    with pytest.raises(CallError) as raised:
        await people_and_films().call(stumbling, "bridge.stumble")
    assert raised.value.code is grpc.StatusCode.INTERNAL
    assert "secret" not in str(raised.value)
    assert "ZeroDivision" not in str(raised.value)
    assert raised.value.metadata["id"] in caplog.text
    assert "/secret/path" in caplog.text


async def test_each_call_leaves_one_line_in_the_log(
    channel: grpc.aio.Channel, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="bridge.rpc.procedures"):
        await people_and_films().call(channel, "bridge.version")
        with pytest.raises(CallError):
            await people_and_films().call(channel, "bridge.model.drop", modelName="none")
    lines = [record.getMessage() for record in caplog.records if record.name == "bridge.rpc.procedures"]
    assert [line.rsplit(" ", 1)[0] for line in lines] == [
        "bridge.version user=ada database=neo4j OK",
        "bridge.model.drop user=ada database=neo4j NotFoundError",
    ]


async def test_a_client_that_comes_and_goes_is_no_news(
    channel: grpc.aio.Channel, caplog: pytest.LogCaptureFixture
) -> None:
    stream = service.ProcedureServiceStub(channel).Call()
    await stream.done_writing()
    assert await stream.code() is grpc.StatusCode.OK
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_an_estimate_of_a_projection_does_not_run_the_procedure(walking: grpc.aio.Channel) -> None:
    """The configuration is the procedure's own, and the mode the one that is estimated."""
    database = people_and_films()
    (row,) = await database.call(walking, "bridge.walk.write.estimate", "graph", steps=3)
    assert (row["bytesMin"], row["nodeCount"], row["treeView"]) == (3 * 80, 80, "write")
    assert row["mapView"] == {"name": "graph"}
    assert list(row) == EstimateRow.columns()


async def test_an_estimate_of_a_graph_that_is_not_there_asks_the_database_nothing(walking: grpc.aio.Channel) -> None:
    """GDS's keys for a fictitious graph are taken; only its counts matter."""
    database = people_and_films()
    counts = {"nodeCount": 1000, "relationshipCount": 0, "nodeProjection": "*", "relationshipProjection": ["A"]}
    (row,) = await database.call(walking, "bridge.walk.stream.estimate", counts)
    assert (row["bytesMin"], row["nodeCount"], row["relationshipCount"]) == (10_000, 1000, 0)
    assert database.questions == []


@pytest.mark.parametrize(
    ("graph", "configuration", "text"),
    [
        ("graph", {"steps": 0}, "Value for `steps` was `0`, but must be greater than 0."),
        ("graph", {"step": 5}, "Unexpected configuration key: step (Did you mean [steps]?)"),
        (" ", {}, "`graphNameOrConfiguration` can not be null or blank, but it was ` `"),
        (None, {}, "`graphNameOrConfiguration` can not be null or blank, but it was `null`"),
        (7, {}, "The value of `graphNameOrConfiguration` must be of type `String` or `Map` but was `Integer`."),
        ({"nodeCount": 5}, {}, "No value specified for the mandatory configuration parameter `relationshipCount`"),
        ({"nodeCount": -1, "relationshipCount": 5}, {}, "Value for `nodeCount` was `-1`, but must be at least 0."),
        ({"nodeCount": 1, "relationshipCount": 5, "node": 1}, {}, "Unexpected configuration key: node"),
    ],
)  # fmt: skip
async def test_an_estimate_refuses_what_the_procedure_would_refuse(
    walking: grpc.aio.Channel, graph: Any, configuration: dict[str, Any], text: str
) -> None:
    with pytest.raises(CallError) as raised:
        await people_and_films().call(walking, "bridge.walk.stream.estimate", graph, **configuration)
    assert text in str(raised.value)


async def test_a_procedure_without_an_estimate_has_none(channel: grpc.aio.Channel) -> None:
    with pytest.raises(CallError, match="There is no procedure") as raised:
        await people_and_films().call(channel, "bridge.snapshot.stats.estimate", "graph")
    assert raised.value.reason == "PROCEDURE_NOT_FOUND"
