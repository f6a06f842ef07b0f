"""A database small enough to read: the plugin's side of the wire, over Python lists.

It answers what a plugin answers, through a real gRPC stub, so that actions are tested with nothing but the server.
tests/neo4j/ does the same against the real one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from bridge.actions import CONTRACT
from bridge.core.columns import Column, object_column
from bridge.rpc import convert
from bridge.v1 import procedure_service_pb2 as wire
from bridge.v1 import procedure_service_pb2_grpc as service
from bridge.v1 import value_pb2
from tests.commands import COMMANDS, Rows, apply, rows_of


@dataclass
class Node:
    """A node: its label, its stored properties, its projected properties."""

    label: str
    stored: dict[str, Any] = field(default_factory=dict)
    projected: dict[str, Any] = field(default_factory=dict)
    visible: bool = True


@dataclass
class Database:
    """One projection, `graph`, over a handful of nodes. The internal id of a node is its position in `nodes`."""

    nodes: list[Node]
    links: list[tuple[int, str, int, dict[str, float]]]
    """(source, type, target, projected properties)."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Uniqueness constraints by label."""
    name: str = "graph"
    user: str = "ada"
    token: str = ""
    contract: str = CONTRACT
    undirected: frozenset[str] = frozenset()
    empty_types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Projected relationship types without a relationship, with their properties."""
    stored_types: Mapping[str, str] = field(default_factory=dict)
    """The database's types of projected ones that have another name there; empty text for one that nothing tells of."""
    stored_links: set[tuple[int, str, int]] = field(default_factory=set)
    """Relationships in the store beside those of the projection."""
    written: dict[tuple[int, str, int], dict[str, Any]] = field(default_factory=dict)
    transaction_memory_bytes: int = 0
    created: int = 1
    modified: int = 1
    can_write: bool = True
    chunk_rows: int = 1_000_000
    """Rows of a table that travel in one chunk."""
    silent_at: str = ""
    """The kind of question that is never answered; `reached` is set when it comes."""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    questions: list[str] = field(default_factory=list)
    """What the server asked, in order."""
    asked_by_chunk: list[int] = field(default_factory=list)
    """By chunk of a command, how many questions there had been when it came."""
    jobs: list[wire.Job] = field(default_factory=list)
    progress: list[wire.Progress] = field(default_factory=list)
    writes: list[wire.WriteRelationships] = field(default_factory=list)
    mutations: list[wire.MutateRelationships] = field(default_factory=list)
    """Relationship types that were added to the projection; their relationships are in `links`, an undirected one in
    both directions, and the type of an undirected one in `undirected`."""
    property_mutations: list[wire.MutateNodeProperty] = field(default_factory=list)
    property_writes: list[wire.WriteNodeProperty] = field(default_factory=list)
    """Node properties that were written; their values are in `stored` of the nodes."""

    def node_id(self, internal: int) -> int:
        """Return Neo4j's id, which is never the internal one."""
        return internal + 1000

    def start(self, procedure: str, /, *graph: Any, **arguments: Any) -> wire.Start:
        """Return the first message of a call; `graph` is the projection's name, `arguments` its configuration.

        For an estimate, `graph` may be the map of counts instead.
        """
        given = {"graphName": graph[0], "configuration": arguments} if graph else arguments
        if procedure.endswith(".estimate") and graph:
            given = {"graphNameOrConfiguration": graph[0], "algoConfiguration": arguments}
        return wire.Start(
            contract=self.contract,
            procedure=procedure,
            arguments=convert.to_map(given),
            caller=wire.Caller(
                user=self.user, database="neo4j", database_id="id-of-neo4j", plugin_version="test",
                transaction_memory_bytes=self.transaction_memory_bytes,
            ),
        )  # fmt: skip

    async def call(self, channel: grpc.aio.Channel, procedure: str, /, *graph: Any, **arguments: Any) -> Rows:
        """Run a procedure to its end and return its rows."""
        return [row async for row in self.rows(channel, procedure, *graph, **arguments)]

    async def rows(
        self, channel: grpc.aio.Channel, procedure: str, /, *graph: Any, **arguments: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Run a procedure; `graph` is the projection's name, and then `arguments` is its configuration.

        Raises:
            CallError: the server refused or failed.
        """
        first = wire.CallRequest(start=self.start(procedure, *graph, **arguments))
        stream = await begun(service.ProcedureServiceStub(channel).Call, first, self.token)
        try:
            command: Any = None
            async for message in _messages(stream):
                kind = message.WhichOneof("message")
                if kind == "rows":
                    for row in self._yielded(message.rows):
                        yield row
                elif kind == "progress":
                    self.progress.append(message.progress)
                elif kind in COMMANDS:
                    self.questions.append(kind)
                    command = (getattr(message, kind), [])
                elif kind == "chunk":
                    self.asked_by_chunk.append(len(self.questions))
                    command[1].extend(rows_of(message.chunk))
                    if message.chunk.last:
                        await stream.write(wire.CallRequest(done=apply(self, *command)))
                elif kind == "job":
                    self.jobs.append(message.job)
                else:
                    self.questions.append(kind)
                    if kind == self.silent_at:
                        self.reached.set()
                        await asyncio.Event().wait()
                    for answer in self._answers(kind, getattr(message, kind)):
                        await stream.write(answer)
        except grpc.aio.AioRpcError as error:
            raise _call_error(error) from None
        finally:
            stream.cancel()

    def _answers(self, kind: str, question: Any) -> Iterator[wire.CallRequest]:
        if kind == "describe":
            yield wire.CallRequest(description=self._description(question.graph_name))
            return
        tables = {
            "read_projection": self._projection,
            "read_node_properties": self._node_properties,
            "check_links": self._links,
        }[kind](question)
        tables = list(tables)
        for place, (name, columns) in enumerate(tables):
            parts = list(_parts(columns, self.chunk_rows))
            for number, part in enumerate(parts):
                for chunk in convert.to_chunks(part):
                    chunk.table = name
                    chunk.last = chunk.last and number == len(parts) - 1 and place == len(tables) - 1
                    yield wire.CallRequest(chunk=chunk)

    def _description(self, name: str) -> wire.Description:
        if name != self.name:
            return wire.Description(found=False, graph_names=[self.name])
        labels = {}
        for node in self.nodes:
            labels.setdefault(node.label, {}).update(node.projected)
        types = {kind: dict.fromkeys(properties, 0.0) for kind, properties in self.empty_types.items()}
        for mutated in self.mutations:
            types[mutated.type] = dict.fromkeys(mutated.properties, 0.0)
        for _, kind, _, properties in self.links:
            types.setdefault(kind, {}).update(properties)
        counts = {kind: sum(link[1] == kind for link in self.links) for kind in types}
        return wire.Description(
            found=True,
            node_count=len(self.nodes),
            relationship_count=len(self.links),
            created_millis=self.created,
            modified_millis=self.modified,
            labels=[
                wire.LabelDescription(
                    label=label,
                    node_count=sum(node.label == label for node in self.nodes),
                    properties=[_property(name, value) for name, value in properties.items()],
                )
                for label, properties in labels.items()
            ],
            relationship_types=[
                wire.RelationshipTypeDescription(
                    type=kind,
                    relationship_count=counts[kind],
                    properties=[_property(name, value) for name, value in properties.items()],
                    undirected=kind in self.undirected,
                    stored_type=self.stored_types.get(kind, kind),
                )
                for kind, properties in types.items()
            ],
            constraints=[wire.KeyConstraint(label=label, property=key) for label, key in self.keys.items()],
            can_write=self.can_write,
        )

    def _projection(self, question: wire.ReadProjection) -> Iterable[tuple[str, dict[str, Column]]]:
        for table in question.nodes:
            ids = [place for place, node in enumerate(self.nodes) if node.label == table.table]
            node_ids = [self.node_id(internal) for internal in ids]
            columns = {"id": Column(np.array(ids, "<i4")), "nodeId": Column(np.array(node_ids, "<i8"))}
            for name in table.properties:
                columns[name] = _numbers([self.nodes[place].projected.get(name) for place in ids])
            yield table.table, columns
        for table in question.relationships:
            links = [link for link in self.links if link[1] == table.table]
            columns = {
                "source": Column(np.array([link[0] for link in links], "<i4")),
                "target": Column(np.array([link[2] for link in links], "<i4")),
            }
            for name in table.properties:
                columns[name] = Column(np.array([link[3].get(name, np.nan) for link in links], "<f8"))
            yield table.table, columns

    def _node_properties(self, question: wire.ReadNodeProperties) -> Iterable[tuple[str, dict[str, Column]]]:
        ids = [place for place, node in enumerate(self.nodes) if node.label == question.label]
        columns = {"id": Column(np.array(ids, "<i4"))}
        for name in question.properties:
            values = [self.nodes[place].stored.get(name) for place in ids]
            present = [2 if not self.nodes[p].visible else int(v is not None) for p, v in zip(ids, values, strict=True)]
            columns[name] = object_column(values, present=np.array(present, np.uint8))
        yield question.label, columns

    def _links(self, question: wire.CheckLinks) -> Iterable[tuple[str, dict[str, Column]]]:
        there = {(a, b) for a, kind, b in self.stored_links if kind in question.relationship_types}
        if question.both_directions:
            there |= {(b, a) for a, b in there}
        pairs = rows_of(question.pairs)
        yield "", {"linked": Column(np.array([(row["source"], row["target"]) in there for row in pairs], dtype=bool))}

    def _yielded(self, chunk: value_pb2.Chunk) -> Rows:
        ids = {column.name for column in chunk.columns if column.node_ids}
        seen = [row for row in rows_of(chunk) if all(self.nodes[row[name]].visible for name in ids)]
        return [{k: self.node_id(v) if k in ids else v for k, v in row.items()} for row in seen]


def _numbers(values: Sequence[Any]) -> Column:
    filler = next((value for value in values if value is not None), 0.0)
    array = np.array([np.zeros_like(filler) if value is None else value for value in values], dtype=np.float32)
    present = np.array([value is not None for value in values], dtype=np.uint8)
    return Column(array, None if present.all() else present)


async def begun(method: Callable[..., Any], first: Any, token: str = "") -> Any:
    """Call a method that takes a stream; return the call when its first message is on its way.

    Where the server ends a call before that, grpcio at times forgets the status and says what is compared below. The
    plugin's gRPC never does; here the call, of which the server has read nothing, is made once more.

    Raises:
        CallError: the server refused.
    """
    while True:
        call = method(metadata=[("authorization", f"Bearer {token}")] if token else None)
        try:
            await call.write(first)
        except grpc.aio.AioRpcError as error:
            if error.details() != "Internal error from Core":
                raise _call_error(error) from None
        else:
            return call


async def _messages(stream: Any) -> AsyncIterator[wire.CallResponse]:
    while (message := await stream.read()) is not grpc.aio.EOF:
        yield message
    code = await stream.code()
    if code is not grpc.StatusCode.OK:
        raise CallError(code, await stream.details(), {}, "")


class CallError(Exception):
    """What a user would read."""

    def __init__(self, code: grpc.StatusCode, details: str, metadata: Mapping[str, str], reason: str) -> None:
        super().__init__(details)
        self.code = code
        self.metadata = metadata
        self.reason = reason


def _call_error(error: grpc.aio.AioRpcError) -> CallError:
    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(error)
    if status is not None:
        status.details[0].Unpack(info)
    return CallError(error.code(), error.details(), dict(info.metadata), info.reason)


def _parts(columns: Mapping[str, Column], rows: int) -> Iterator[dict[str, Column]]:
    count = len(next(iter(columns.values())))
    for start in range(0, max(1, count), rows):
        part = slice(start, start + rows)
        yield {
            name: Column(column.values[part], None if column.present is None else column.present[part])
            for name, column in columns.items()
        }


def _property(name: str, value: Any) -> wire.PropertyDescription:
    if isinstance(value, list):
        return wire.PropertyDescription(name=name, value_type="FLOAT_ARRAY", dimension=len(value))
    return wire.PropertyDescription(name=name, value_type="DOUBLE", dimension=1)


def people_and_films(users: int = 30, films: int = 48, seed: int = 5) -> Database:
    """Make two camps of unequal size: users of a camp rate films of their camp high and a few others low."""
    rng = np.random.default_rng(seed)
    camp_of_user = np.arange(users) < users * 2 // 5
    camp_of_film = np.arange(films) < films // 3
    nodes = [Node("User", {"userId": 500 - u}) for u in range(users)]
    nodes += [
        Node("Film", {"title": f"Film {f}", "filmId": f"f{f:03d}", "tags": ["a" if camp_of_film[f] else "b"]},
             {"vector": [float(camp_of_film[f]), 1.0]})
        for f in range(films)
    ]  # fmt: skip
    nodes += [Node("Tag", {"name": name}) for name in ("east", "west")]
    links: list[tuple[int, str, int, dict[str, float]]] = []
    for u in range(users):
        for f in range(films):
            same = camp_of_user[u] == camp_of_film[f]
            if rng.random() < (0.55 if same else 0.15):
                rating = float(rng.choice([4.0, 4.5, 5.0] if same else [1.0, 1.5, 2.0]))
                links.append((u, "RATED", users + f, {"rating": rating, "timestamp": float(rng.integers(10**6))}))
    for f in range(films):
        links.append((users + f, "TAGGED", users + films + int(camp_of_film[f]), {}))
    return Database(nodes, links, keys={"User": "userId", "Film": "filmId", "Tag": "name"})
