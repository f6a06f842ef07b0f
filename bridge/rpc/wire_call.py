"""A `CALL bridge.*` over a gRPC stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Mapping, Sequence
from typing import Any

import grpc

from bridge.actions.reading import quoted
from bridge.core.call import Caller, Done, FictitiousGraph, WriteRelationships
from bridge.core.columns import Column, Table
from bridge.core.errors import CancelledError, FailedPreconditionError, NotFoundError, did_you_mean
from bridge.core.graph import Graph
from bridge.rpc import convert
from bridge.v1 import procedure_service_pb2 as wire
from bridge.v1 import value_pb2


class WireCall:
    """Implements core.call.Call: asks and commands go out one at a time, the answers come back in order."""

    def __init__(
        self,
        stream: grpc.aio.ServicerContext,
        caller: Caller,
        mode: str,
        graph_name: str,
        fictitious: FictitiousGraph | None = None,
    ) -> None:
        self._stream = stream
        self._caller = caller
        self._mode = mode
        self._graph_name = graph_name
        self._fictitious = fictitious
        self._writing = asyncio.Lock()  # progress comes from another task
        self._commanding = asyncio.Lock()  # nothing may come between a command and its chunks but progress

    @property
    def caller(self) -> Caller:
        """Who calls."""
        return self._caller

    @property
    def mode(self) -> str:
        """What becomes of the result."""
        return self._mode

    @property
    def graph_name(self) -> str:
        """The projection that all of this is about."""
        return self._graph_name

    @property
    def fictitious(self) -> FictitiousGraph | None:
        """The counts that an estimate is asked for in place of a projection."""
        return self._fictitious

    async def describe(self) -> Graph:
        """Ask what is in the projection."""
        async with self._commanding:
            await self._send(describe=wire.Describe(graph_name=self._graph_name))
            found = (await self._answer("description")).description
        if not found.found:
            raise NotFoundError(
                f"Graph with name `{self._graph_name}` does not exist on database `{self._caller.database}`. It might "
                f"exist on another database. {_what_there_is(self._graph_name, found.graph_names)}",
                reason="GRAPH_NOT_FOUND",
                graph=self._graph_name,
            )
        return convert.from_description(self._graph_name, found)

    async def read_projection(
        self, nodes: Mapping[str, Sequence[str]], relationships: Mapping[str, Sequence[str]]
    ) -> tuple[dict[str, Table], dict[str, Table]]:
        """Read tables of the projection."""
        question = wire.ReadProjection(
            graph_name=self._graph_name,
            nodes=[wire.TableColumns(table=name, properties=wanted) for name, wanted in nodes.items()],
            relationships=[wire.TableColumns(table=name, properties=wanted) for name, wanted in relationships.items()],
        )
        async with self._commanding:
            await self._send(read_projection=question)
            tables = await self._tables(len(nodes) + len(relationships))
        found = iter(tables)
        return {name: next(found) for name in nodes}, {name: next(found) for name in relationships}

    async def read_node_properties(self, label: str, properties: Sequence[str]) -> Table:
        """Read stored properties of a label's nodes."""
        question = wire.ReadNodeProperties(graph_name=self._graph_name, label=label, properties=properties)
        async with self._commanding:
            await self._send(read_node_properties=question)
            return (await self._tables(1))[0]

    async def check_links(self, types: Sequence[str], pairs: Table, *, both_directions: bool) -> Column:
        """Ask which pairs are linked in the store."""
        parts = []
        async with self._commanding:
            for chunk in convert.to_chunks(pairs.columns):
                question = wire.CheckLinks(
                    graph_name=self._graph_name,
                    relationship_types=types,
                    both_directions=both_directions,
                    pairs=chunk,
                )
                await self._send(check_links=question)
                parts.append((await self._tables(1))[0].columns)
        return convert.joined("", parts).columns["linked"]

    async def job(self, job_id: str, name: str, steps: Sequence[str]) -> None:
        """Name the work that follows."""
        await self._send(job=wire.Job(job_id=job_id, name=name, steps=steps))

    async def progress(self, step: int, fraction: float, detail: str = "") -> None:
        """Say how far the job is."""
        await self._send(progress=wire.Progress(step=step, fraction=fraction, detail=detail))

    async def rows(self, columns: Mapping[str, Column]) -> None:
        """Send rows to YIELD."""
        for chunk in convert.to_chunks(columns):
            if chunk.rows:
                await self._send(rows=chunk)

    async def mutate_node_property(
        self, label: str, property_name: str, values: Table, *, further_labels: Sequence[str] = ()
    ) -> Done:
        """Add a node property to the projection."""
        array = values.columns["value"].values
        command = wire.MutateNodeProperty(
            graph_name=self._graph_name,
            label=label,
            property=property_name,
            dimension=1 if array.ndim == 1 else array.shape[1],
            rows=len(values),
            further_labels=further_labels,
        )
        return await self._command(values, mutate_node_property=command)

    async def mutate_relationships(self, type_name: str, rows: Table, *, undirected: bool) -> Done:
        """Add a relationship type to the projection."""
        command = wire.MutateRelationships(
            graph_name=self._graph_name,
            type=type_name,
            properties=[name for name in rows.columns if name not in ("source", "target")],
            undirected=undirected,
            rows=len(rows),
        )
        return await self._command(rows, mutate_relationships=command)

    async def write_node_property(self, property_name: str, values: Table, *, batch_size: int = 0) -> Done:
        """Write a node property to the database."""
        command = wire.WriteNodeProperty(
            graph_name=self._graph_name,
            property=property_name,
            vectors=values.columns["value"].values.ndim == 2,
            rows=len(values),
            batch_size=batch_size,
        )
        return await self._command(values, write_node_property=command)

    async def write_relationships(self, command: WriteRelationships, parts: AsyncIterable[Table]) -> Done:
        """Make an owner's relationships be exactly the rows of all parts."""
        sources = None
        if command.sources is not None:
            column = convert.to_column("source", command.sources)
            sources = value_pb2.Chunk(rows=len(command.sources), columns=[column], last=True)
        message = wire.WriteRelationships(
            graph_name=self._graph_name,
            type=command.type,
            constants=convert.to_map(command.constants),
            owner_property=command.owner_property,
            created_property=command.created_property,
            sources=sources,
            batch_size=command.batch_size,
        )
        await self._send(write_relationships=message)
        async for part in parts:  # making it asks the plugin, so nothing is held meanwhile
            async with self._commanding:
                for chunk in convert.to_chunks(part.columns):
                    chunk.last = False
                    await self._send(chunk=chunk)
        async with self._commanding:
            await self._send(chunk=value_pb2.Chunk(last=True))
            return convert.from_done((await self._answer("done")).done)

    async def _command(self, rows: Table, **message: Any) -> Done:
        async with self._commanding:
            await self._send(**message)
            for chunk in convert.to_chunks(rows.columns):
                await self._send(chunk=chunk)
            return convert.from_done((await self._answer("done")).done)

    async def _send(self, **message: Any) -> None:
        await self._writing.acquire()
        # gRPC takes one message at a time, and goes on with it when the task that sends it is cancelled: the lock is
        # the message's, not the task's.
        writing = asyncio.ensure_future(self._stream.write(wire.CallResponse(**message)))
        writing.add_done_callback(self._written)
        try:
            await asyncio.shield(writing)
        except grpc.aio.BaseError as error:
            raise _gone() from error

    def _written(self, writing: asyncio.Future[None]) -> None:
        self._writing.release()
        if not writing.cancelled():
            writing.exception()  # whoever sent it may have left: its failure is nobody's news

    async def _answer(self, expected: str) -> wire.CallRequest:
        try:
            answer: wire.CallRequest = await self._stream.read()
        except grpc.aio.BaseError as error:
            raise _gone() from error
        if answer is grpc.aio.EOF:
            raise _gone()
        if answer.WhichOneof("message") != expected:
            raise FailedPreconditionError(
                f"The plugin answered with `{answer.WhichOneof('message')}` where `{expected}` was asked for.",
                reason="PROTOCOL",
            )
        return answer

    async def _tables(self, count: int) -> list[Table]:
        """Read chunks up to the last one, and put together those of one table."""
        tables: list[tuple[_TableId, list[Mapping[str, Column]]]] = []
        last = False
        while not last:
            chunk = (await self._answer("chunk")).chunk
            columns = await _decoded(chunk)
            # A label and a relationship type may bear the same name: only the columns tell the tables apart.
            table = (chunk.table, tuple(columns))
            if not tables or tables[-1][0] != table:
                tables.append((table, []))
            tables[-1][1].append(columns)
            last = chunk.last
        if len(tables) != count:
            raise FailedPreconditionError(
                f"The plugin answered with {len(tables)} tables where {count} were asked for.", reason="PROTOCOL"
            )
        return await asyncio.to_thread(lambda: [convert.joined(name, parts) for (name, _), parts in tables])


async def _decoded(chunk: value_pb2.Chunk) -> dict[str, Column]:
    """Decode the columns: numbers are there at once, others, by the thousand, are not for the event loop."""
    if all(each.dtype in convert.DTYPES for each in chunk.columns):
        return convert.from_chunk(chunk)
    return await asyncio.to_thread(convert.from_chunk, chunk)


_TableId = tuple[str, tuple[str, ...]]
"""Its name and its columns."""


def _gone() -> CancelledError:
    return CancelledError("The plugin ended the call before it was answered.", reason="CALL_ENDED")


def _what_there_is(graph_name: str, graph_names: Sequence[str]) -> str:
    """Name the projection that was meant; when no name is close, those that there are."""
    if not graph_names:
        return "This one has no projected graphs of yours: `gds.graph.project` makes one."
    return did_you_mean(graph_name, graph_names).strip() or f"On this one there are {quoted(graph_names)}."
