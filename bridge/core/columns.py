"""Columns as they travel: one numpy array a property, with a presence mask where values are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MISSING, PRESENT, INVISIBLE = 0, 1, 2
"""Values of `Column.present`: no value; a value; the transaction does not see the node."""


@dataclass(frozen=True)
class Column:
    """The values of one property for the rows of a table."""

    values: NDArray[Any]
    """[rows] or [rows, width]; numbers, or object (str, int, list, dict, None) where a column is not numeric."""
    present: NDArray[np.uint8] | None = None
    """uint8 [rows] of MISSING, PRESENT, INVISIBLE; None when every value is present."""
    node_ids: bool = False
    """The values are the projection's internal node ids, which the plugin turns into Neo4j's."""

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Table:
    """Rows of one kind."""

    name: str
    """A node label or a relationship type."""
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0


@dataclass(frozen=True)
class RawProjection:
    """A projection as it came over the wire, in GDS's internal order."""

    nodes: Mapping[str, Table]
    """By label; columns `id` (internal ids, ascending), `nodeId` (Neo4j's ids) and the properties."""
    relationships: Mapping[str, Table]
    """By type; columns `source`, `target` (internal ids) and the properties, float."""
    keys: Mapping[str, Column] = field(default_factory=dict)
    """By label; the key property's values, read from the store in the order of the label's table. A label that is
    not here is identified by `nodeId`."""
    key_properties: Mapping[str, str] = field(default_factory=dict)
    """By label; the property that `keys` holds."""
    undirected: frozenset[str] = frozenset()
    """The relationship types that are projected in both directions."""


def object_column(values: Sequence[Any], **options: Any) -> Column:
    """Make a column of Python objects, never of a numpy type that would swallow their own."""
    # Not by assignment: numpy would take lists of one length for another dimension.
    return Column(np.fromiter(values, dtype=object, count=len(values)), **options)
