"""Vectors of nodes on their way to the user, into the projection or into the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bridge.actions.provenance import Origin, Provenance, Sample
from bridge.actions.undisturbed import undisturbed
from bridge.core.call import Call
from bridge.core.columns import Column, Table
from bridge.core.errors import FailedPreconditionError, Faults, ResourceExhaustedError
from bridge.core.graph import Graph

Vectors = Mapping[str, tuple[NDArray[np.int64], NDArray[np.float32]]]
"""By label, the internal ids int64 [N] and the vectors float32 [N, d]."""

BLOCK_ROWS = 4_096
"""Vectors sent to the user at once."""

PROPERTY_BYTES = 200
"""Heap that a written property takes in a transaction beside its elements."""


def refuse_existing(graph: Graph, labels: Sequence[str], mutate_property: str, faults: Faults) -> None:
    """Note a node property that the projection has already."""
    if any(mutate_property in graph.labels[label].properties for label in labels):
        faults.add(
            f"Node property `{mutate_property}` already exists in the in-memory graph. Choose another "
            f"`mutateProperty`, or drop it: `CALL gds.graph.nodeProperties.drop('{graph.name}', '{mutate_property}')`.",
            reason="PROPERTY_EXISTS",
        )


def refuse_read_only(graph: Graph, faults: Faults) -> None:
    """Note that nothing can be written to this database."""
    with faults:
        check_writable(graph)


def check_writable(graph: Graph) -> None:
    """Refuse to write the results of a projection whose database takes none.

    Raises:
        FailedPreconditionError: the database is read only, or the projection belongs to none.
    """
    if not graph.can_write:
        raise FailedPreconditionError(
            "The provided graph does not support `write` execution mode. Ask in mode `stream` or `mutate`, or project "
            "from a database that can be written to.",
            reason="NO_WRITE",
        )


def rows_of(vectors: Vectors) -> Iterator[dict[str, Column]]:
    """Yield the columns `nodeId` and `embedding`, block by block."""
    for ids, values in vectors.values():
        for start in range(0, len(ids), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            yield {"nodeId": Column(ids[block], node_ids=True), "embedding": Column(values[block])}


async def add_vectors(
    call: Call, graph: Graph, property_name: str, vectors: Vectors, origin: Origin, provenance: Provenance
) -> tuple[int, int]:
    """Add vectors to the projection; return how many nodes got one, and the milliseconds it took.

    All labels get them at one moment, or none does. Once they are on their way, a cancellation waits for the end, so
    that their origin is known.
    """
    return await undisturbed(_add_at_once(call, graph, property_name, vectors, origin, provenance))


async def _add_at_once(
    call: Call, graph: Graph, property_name: str, vectors: Vectors, origin: Origin, provenance: Provenance
) -> tuple[int, int]:
    if not vectors:
        return 0, 0
    first, *others = vectors
    tables = [Table(label, {"id": Column(ids), "value": Column(values)}) for label, (ids, values) in vectors.items()]
    done = await call.mutate_node_property(first, property_name, _joined(tables), further_labels=others)
    for label, (ids, values) in vectors.items():
        provenance.record(call, graph, label, property_name, origin, Sample.of(ids, values))
    await provenance.save()
    return done.written, done.millis


def _joined(tables: Sequence[Table]) -> Table:
    filled = [table for table in tables if len(table)] or tables[:1]
    if len(filled) == 1:
        return filled[0]
    columns = {name: np.concatenate([table.columns[name].values for table in filled]) for name in ("id", "value")}
    return Table("", {name: Column(values) for name, values in columns.items()})


async def write_vectors(call: Call, property_name: str, vectors: Vectors, batch_size: int | None) -> tuple[int, int]:
    """Write vectors to the database; return how many nodes got one, and the milliseconds it took.

    Raises:
        ResourceExhaustedError: the transaction is too small for them, and no `batchSize` was given.
    """
    _check_transaction(call, vectors, batch_size)
    written = millis = 0
    for label, (ids, values) in vectors.items():
        table = Table(label, {"id": Column(ids), "value": Column(values)})
        done = await call.write_node_property(property_name, table, batch_size=batch_size or 0)
        written, millis = written + done.written, millis + done.millis
    return written, millis


def _check_transaction(call: Call, vectors: Vectors, batch_size: int | None) -> None:
    limit = call.caller.transaction_memory_bytes
    count = sum(len(ids) for ids, _ in vectors.values())
    needed = sum(values.nbytes for _, values in vectors.values()) + count * PROPERTY_BYTES
    if limit and needed > limit and not batch_size:
        raise ResourceExhaustedError(
            f"Writing {count:,} vectors in one transaction would take about {needed / 2**20:,.0f} MiB, but a "
            f"transaction may use {limit / 2**20:,.0f} MiB. Set `batchSize`, say 10000, to write in transactions of "
            "that size (not atomic), or raise `db.memory.transaction.max`.",
            reason="TRANSACTION_TOO_LARGE",
        )
