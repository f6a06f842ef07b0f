"""bridge/rpc/wire_call.py: a call over a real stream, with a client that is slow, silent, gone or wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import grpc
import numpy as np
import pytest

from bridge.actions.services import Services
from bridge.core.call import Call
from bridge.core.columns import Column
from bridge.core.config import Config
from bridge.core.procedure import Procedure, Row
from bridge.rpc.auth import Tokens
from bridge.rpc.server import Endpoint, Server
from bridge.v1 import procedure_service_pb2 as wire
from bridge.v1 import procedure_service_pb2_grpc as service
from bridge.v1 import value_pb2
from tests.database import CallError, Database, Node, people_and_films


class NoConfig(Config):
    """Nothing to set."""


class NoRow(Row):
    """Nothing to say."""


Act = Callable[[Call], Awaitable[None]]
Serve = Callable[[Act], Awaitable[grpc.aio.Channel]]


@pytest.fixture
async def serve(services: Services) -> AsyncIterator[Serve]:
    """Serve one procedure, `bridge.act.stream`, which is the test's own function."""
    open_ones: list[tuple[Server, grpc.aio.Channel]] = []

    async def start(act: Act) -> grpc.aio.Channel:
        async def run(request: NoConfig, call: Call, services: Services) -> None:
            await act(call)

        procedure = Procedure("bridge.act", NoConfig, {"stream": NoRow}, run)
        server = Server(replace(services, procedures=(procedure,)), Endpoint("127.0.0.1", 0, Tokens()))
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{await server.start()}")
        open_ones.append((server, channel))
        return channel

    yield start
    for server, channel in open_ones:
        await channel.close()
        await server.stop(timedelta(0))


MIB_OF_ROWS = {"x": Column(np.random.default_rng(0).random(2**17))}


async def test_rows_wait_for_a_reader_that_takes_its_time(serve: Serve) -> None:
    """The server does not pile up in memory what the user has not read."""
    sent = 0

    async def act(call: Call) -> None:
        nonlocal sent
        for _ in range(100):
            await call.rows(MIB_OF_ROWS)
            sent += 1

    rows = people_and_films().rows(await serve(act), "bridge.act.stream", "graph")
    await anext(rows)
    await asyncio.sleep(0.5)
    assert sent < 30
    await rows.aclose()


async def test_a_message_goes_on_when_the_task_that_sends_it_is_cancelled(serve: Serve) -> None:
    """Progress is cancelled at the end of a job, perhaps in the middle of a message: the rows after it must arrive."""

    async def act(call: Call) -> None:
        async def progress() -> None:
            await call.progress(0, 0.5, "x" * 4_000_000)

        for _ in range(3):
            sending = asyncio.create_task(progress())
            await asyncio.sleep(0.01)
            sending.cancel()
        await call.rows({"x": Column(np.arange(3))})

    channel = await serve(act)
    stream = service.ProcedureServiceStub(channel).Call()
    start = people_and_films().start("bridge.act.stream", "graph")
    await stream.write(wire.CallRequest(start=start))
    await asyncio.sleep(0.3)  # meanwhile nobody reads
    kinds = []
    while (message := await stream.read()) is not grpc.aio.EOF:
        kinds.append(message.WhichOneof("message"))
    assert kinds[-1] == "rows"
    assert await stream.code() is grpc.StatusCode.OK


async def test_a_client_that_goes_ends_the_work_without_noise(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    ended = asyncio.Event()

    async def act(call: Call) -> None:
        try:
            while True:
                await call.rows(MIB_OF_ROWS)
        finally:
            ended.set()

    rows = people_and_films().rows(await serve(act), "bridge.act.stream", "graph")
    await anext(rows)
    await rows.aclose()
    await asyncio.wait_for(ended.wait(), 5)
    await asyncio.sleep(0.1)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_client_that_stops_answering_is_told_that_it_ended_the_call(serve: Serve) -> None:
    """It has closed its side only: a status still reaches it."""

    async def act(call: Call) -> None:
        await call.describe()

    stream = service.ProcedureServiceStub(await serve(act)).Call()
    await stream.write(wire.CallRequest(start=people_and_films().start("bridge.act.stream", "graph")))
    await stream.read()
    await stream.done_writing()
    assert await asyncio.wait_for(stream.code(), 5) is grpc.StatusCode.CANCELLED


async def test_an_answer_to_another_question_is_refused(serve: Serve) -> None:
    async def act(call: Call) -> None:
        await call.describe()

    stream = service.ProcedureServiceStub(await serve(act)).Call()
    await stream.write(wire.CallRequest(start=people_and_films().start("bridge.act.stream", "graph")))
    await stream.read()
    await stream.write(wire.CallRequest(chunk=value_pb2.Chunk(last=True)))
    assert await stream.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "`chunk` where `description`" in await stream.details()


async def test_a_label_and_a_type_of_one_name_are_two_tables(serve: Serve) -> None:
    """The last label's chunks and the first type's come one after the other."""
    database = Database(
        nodes=[Node("Likes", projected={"w": float(i)}) for i in range(5)],
        links=[(0, "Likes", 1, {"v": 1.0}), (1, "Likes", 2, {"v": 2.0}), (2, "Likes", 4, {"v": 3.0})],
        chunk_rows=2,
    )
    seen: list[object] = []

    async def act(call: Call) -> None:
        nodes, relationships = await call.read_projection({"Likes": ("w",)}, {"Likes": ("v",)})
        seen.append(nodes["Likes"].columns["w"].values.tolist())
        seen.append(relationships["Likes"].columns["target"].values.tolist())

    await database.call(await serve(act), "bridge.act.stream", "graph")
    assert seen == [[0.0, 1.0, 2.0, 3.0, 4.0], [1, 2, 4]]


async def test_tables_that_are_missing_are_noticed(serve: Serve) -> None:
    async def act(call: Call) -> None:
        await call.read_projection({"A": (), "B": ()}, {})

    stream = service.ProcedureServiceStub(await serve(act)).Call()
    await stream.write(wire.CallRequest(start=people_and_films().start("bridge.act.stream", "graph")))
    await stream.read()
    await stream.write(wire.CallRequest(chunk=value_pb2.Chunk(table="A", last=True)))
    assert await stream.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "1 tables where 2" in await stream.details()


async def test_an_unknown_projection_is_an_error_of_the_call(serve: Serve) -> None:
    async def act(call: Call) -> None:
        await call.describe()

    with pytest.raises(CallError) as raised:
        await people_and_films().call(await serve(act), "bridge.act.stream", "none")
    assert raised.value.reason == "GRAPH_NOT_FOUND"
