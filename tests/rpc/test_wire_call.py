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
from bridge.core.call import Call, Done
from bridge.core.columns import Column, Table
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
    await asyncio.wait_for(ended.wait(), 60)
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
    assert await asyncio.wait_for(stream.code(), 60) is grpc.StatusCode.CANCELLED


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


def table(**columns: list[float] | np.ndarray) -> Table:
    return Table("", {name: Column(np.asarray(values)) for name, values in columns.items()})


@pytest.mark.parametrize(("undirected", "links"), [(False, [(0, 2), (1, 0)]), (True, [(0, 2), (1, 0), (2, 0), (0, 1)])])
async def test_relationships_are_in_the_projection_after_a_mutation(
    serve: Serve, undirected: bool, links: list[tuple[int, int]]
) -> None:
    """With all their properties; an undirected one in both directions, which both count."""
    database = people_and_films()
    seen: list[object] = []

    async def act(call: Call) -> None:
        before = await call.describe()
        rows = table(source=[0, 1], target=[2, 0], weight=[0.5, 2.0], count=[3, 4])
        seen.append(await call.mutate_relationships("LIKE", rows, undirected=undirected))
        after = await call.describe()
        kind = after.relationship_types["LIKE"]
        seen.append((kind.relationship_count, kind.undirected, set(kind.properties)))
        seen.append(after.modified_millis > before.modified_millis)

    await database.call(await serve(act), "bridge.act.stream", "graph")
    assert seen == [Done(len(links)), (len(links), undirected, {"weight", "count"}), True]
    added = [(source, target, properties) for source, kind, target, properties in database.links if kind == "LIKE"]
    assert [(source, target) for source, target, _ in added] == links
    assert added[1][2] == {"weight": 2.0, "count": 4.0}
    assert list(database.mutations[0].properties) == ["weight", "count"]


async def test_a_type_without_rows_or_properties_is_in_the_projection_too(serve: Serve) -> None:
    seen: list[object] = []

    async def act(call: Call) -> None:
        rows = table(source=np.empty(0, np.int64), target=np.empty(0, np.int64))
        seen.append(await call.mutate_relationships("LIKE", rows, undirected=False))
        seen.append((await call.describe()).relationship_types["LIKE"].properties)

    await people_and_films().call(await serve(act), "bridge.act.stream", "graph")
    assert seen == [Done(0), ()]


async def test_a_property_goes_to_several_labels_in_one_command(serve: Serve) -> None:
    """Nobody sees it on some of them only."""
    database = people_and_films(users=2, films=2)
    seen: list[object] = []

    async def act(call: Call) -> None:
        values = table(id=[0, 2], value=[0.5, 1.5])
        seen.append(await call.mutate_node_property("User", "weight", values, further_labels=["Film"]))

    await database.call(await serve(act), "bridge.act.stream", "graph")
    assert seen == [Done(2)]
    assert [node.projected.get("weight") for node in database.nodes[:4]] == [0.5, None, 1.5, None]
    command = database.property_mutations[0]
    assert [command.label, *command.further_labels] == ["User", "Film"]


async def test_a_projected_type_is_described_with_the_stored_one(serve: Serve) -> None:
    database = people_and_films()
    database.stored_types = {"RATED": "SEEN"}
    seen: list[str] = []

    async def act(call: Call) -> None:
        kinds = (await call.describe()).relationship_types
        seen.extend([kinds["RATED"].stored_type, kinds["TAGGED"].stored_type])

    await database.call(await serve(act), "bridge.act.stream", "graph")
    assert seen == ["SEEN", "TAGGED"]


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        (np.float32([[0.5, 1], [2, 3], [4, 5]]), [[0.5, 1.0], [2.0, 3.0]]),
        (np.float32([[1], [2], [3]]), [[1.0], [2.0]]),
        (np.array([1.5, 2.5, 3.5]), [1.5, 2.5]),
        (np.array([1, 2, 3]), [1, 2]),
    ],
    ids=["vectors", "vectors of one element", "floats", "integers"],
)
async def test_a_node_property_is_written_where_the_node_still_is(
    serve: Serve, values: np.ndarray, stored: list[object]
) -> None:
    """A deleted node is left out and not counted; a vector stays one whatever its length."""
    database = people_and_films()
    database.nodes[7].visible = False
    seen: list[object] = []

    async def act(call: Call) -> None:
        rows = Table("", {"id": Column(np.array([3, 5, 7])), "value": Column(values)})
        seen.append(await call.write_node_property("p", rows, batch_size=10))

    await database.call(await serve(act), "bridge.act.stream", "graph")
    assert seen == [Done(2)]
    assert [database.nodes[place].stored["p"] for place in (3, 5)] == stored
    assert "p" not in database.nodes[7].stored
    assert (database.property_writes[0].batch_size, database.property_writes[0].graph_name) == (10, "graph")
