"""What both encoders share: which labels, and adding the vectors to the projection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.actions.provenance import Origin, Provenance
from bridge.actions.reading import labels_of
from bridge.core.call import Call
from bridge.core.columns import INVISIBLE, MISSING, Column, Table
from bridge.core.errors import Faults
from bridge.core.graph import Graph

Vectors = Mapping[str, tuple[NDArray[np.int64], NDArray[np.float32]]]
"""By label, the internal ids int64 [N] and the vectors float32 [N, d]."""


def stored_values(table: Table, property_name: str) -> tuple[NDArray[np.int64], list[Any]]:
    """Return the ids of the nodes that the transaction sees, and their values of a property, None where missing."""
    column = table.columns[property_name]
    ids = table.columns["id"].values.astype(np.int64)
    values = column.values.tolist()
    if column.present is None:
        return ids, values
    seen = column.present != INVISIBLE
    there = zip(values, column.present.tolist(), strict=True)
    return ids[seen], [None if state == MISSING else value for value, state in there if state != INVISIBLE]


def labels_to_encode(graph: Graph, asked: Sequence[str], mutate_property: str, faults: Faults) -> list[str]:
    """Resolve the labels; note a property that is there already."""
    labels: list[str] = []
    with faults:
        labels = labels_of(graph, asked)
    if any(mutate_property in graph.labels[label].properties for label in labels):
        faults.add(
            f"Node property `{mutate_property}` already exists in the in-memory graph. Choose another "
            f"`mutateProperty`, or drop it: `CALL gds.graph.nodeProperties.drop('{graph.name}', '{mutate_property}')`.",
            reason="PROPERTY_EXISTS",
        )
    return labels


async def add_vectors(
    call: Call, graph: Graph, property_name: str, vectors: Vectors, origin: Origin, provenance: Provenance
) -> tuple[int, int]:
    """Add vectors to the projection; return how many nodes got one, and the milliseconds it took."""
    written = millis = 0
    for label, (ids, values) in vectors.items():
        done = await call.mutate_node_property(
            label, property_name, Table(label, {"id": Column(ids), "value": Column(values)})
        )
        written, millis = written + done.written, millis + done.millis
        provenance.record(call, graph, label, property_name, origin)
    return written, millis
