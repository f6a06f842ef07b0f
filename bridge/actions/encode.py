"""What both encoders share: which labels, and which of their nodes have a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.actions.reading import labels_of
from bridge.actions.vectors import refuse_existing
from bridge.core.columns import INVISIBLE, MISSING, Table
from bridge.core.errors import Faults
from bridge.core.graph import Graph


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
    refuse_existing(graph, labels, mutate_property, faults)
    return labels
