"""What both encoders share: which labels, and which of their nodes have a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.actions.reading import STRUCTURE, labels_of, quoted
from bridge.actions.vectors import refuse_existing
from bridge.core.columns import INVISIBLE, MISSING, Table
from bridge.core.errors import Faults
from bridge.core.graph import Graph

ID = "id"
"""The column of a table of stored properties that says whose they are; no property beside it can have the name."""


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


def labels_to_encode(
    graph: Graph, asked: Sequence[str], source_property: str | None, mutate_property: str, faults: Faults
) -> list[str]:
    """Resolve the labels; note a property that is there already, and names that the wire's tables need."""
    if source_property == ID:
        faults.add(
            f"The stored property `{ID}` can not be encoded: bridge needs the name for itself. Store it under another "
            f"name, for instance by `SET n.{ID}Value = n.{ID}`.",
            reason="RESERVED_NAME",
        )
    if mutate_property in STRUCTURE["nodes"]:
        faults.add(
            f"`mutateProperty` was `{mutate_property}`, but bridge needs the names {quoted(STRUCTURE['nodes'])} for "
            "itself and could not read the property again. Choose another.",
            reason="RESERVED_NAME",
        )
    labels: list[str] = []
    refuse_none(asked, list(graph.labels), "nodeLabels", faults)
    with faults:
        labels = labels_of(graph, asked)
    refuse_existing(graph, labels, mutate_property, faults)
    return labels


def refuse_none(asked: Sequence[str], available: Sequence[str], key: str, faults: Faults) -> None:
    """Note an empty list: nothing would be encoded, and the property would be there all the same."""
    if not asked:
        faults.add(f"`{key}` is empty. Name at least one of {quoted(available)}, or `['*']` for all of them.")
