"""bridge/rpc/procedures.py: from a Start to an action, and from what it raises to a status."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import grpc
import pytest

from bridge.actions.services import Services
from bridge.core.call import Call
from bridge.core.config import Config
from bridge.core.procedure import Procedure, Row
from bridge.rpc.auth import Tokens
from bridge.rpc.server import Endpoint, Server
from bridge.v1 import procedure_service_pb2_grpc as service
from tests.database import CallError, people_and_films


class NoConfig(Config):
    """Nothing to set."""


class NoRow(Row):
    """Nothing to say."""


async def stumble(request: NoConfig, call: Call, services: Services) -> None:
    raise ZeroDivisionError("/secret/path")


@pytest.fixture
async def stumbling(services: Services) -> AsyncIterator[grpc.aio.Channel]:
    procedure = Procedure("bridge.stumble", NoConfig, {"": NoRow}, stumble, positional=True)
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
    ],
)  # fmt: skip
async def test_a_projection_that_is_not_there_is_told_as_gds_does(
    channel: grpc.aio.Channel, graph: str, text: str
) -> None:
    with pytest.raises(CallError) as raised:
        await people_and_films().call(channel, "bridge.snapshot.stats", graph)
    assert str(raised.value) == text


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
