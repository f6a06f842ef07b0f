"""Relationship tables in canonical order: split by the labels at their ends, sorted by source and target row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.core.columns import MISSING, Column, Table
from bridge.core.errors import FailedPreconditionError
from bridge.core.projection import EdgeType, NodeTable, RelationshipTable
from bridge.projection.narrowing import narrowest
from bridge.projection.ordering import in_canonical_order


@dataclass(frozen=True)
class Rows:
    """Where each internal id stands when the labels' tables are put one after the other."""

    labels: tuple[str, ...]
    """In ascending order."""
    starts: NDArray[np.int64]
    """int64 [labels + 1]; the position of each label's first row, then the number of nodes."""
    position: NDArray[np.int32]
    """int32 [largest id + 2]; by internal id, -1 for a node of no requested label; the last element is -1."""

    @classmethod
    def of(cls, tables: Mapping[str, NodeTable]) -> Rows:
        """Number the nodes of canonical tables.

        Raises:
            FailedPreconditionError: a node is in two of the tables.
        """
        labels = tuple(sorted(tables))
        starts = np.cumsum([0, *(len(tables[label]) for label in labels)], dtype=np.int64)
        largest = max((int(tables[label].ids.max()) for label in labels if len(tables[label])), default=-1)
        position = np.full(largest + 2, -1, dtype=np.int32)
        for index, label in enumerate(labels):
            _refuse_shared(tables, labels, position.take(tables[label].ids), starts, index)
            position[tables[label].ids] = np.arange(starts[index], starts[index + 1], dtype=np.int32)
        return cls(labels, starts, position)

    def at(self, ids: NDArray[Any]) -> NDArray[np.int32]:
        """Look up positions: int [n] → int32 [n]; -1 for nodes of no requested label."""
        # Ids above the table are clipped to its last element.
        return self.position.take(ids, mode="clip")

    def labels_at(self, positions: NDArray[np.int32]) -> NDArray[np.int64]:
        """Say which label's row a position is: index into `labels`, -1 for none."""
        return np.searchsorted(self.starts, positions, side="right") - 1


def _refuse_shared(
    tables: Mapping[str, NodeTable],
    labels: tuple[str, ...],
    taken: NDArray[np.int32],
    starts: NDArray[np.int64],
    index: int,
) -> None:
    shared = np.flatnonzero(taken >= 0)
    if not shared.size:
        return
    label = labels[index]
    other = labels[int(np.searchsorted(starts, taken[shared[0]], side="right")) - 1]
    example = tables[label].keys[shared[0]]
    raise FailedPreconditionError(
        f"{shared.size} nodes have two of the requested labels, for instance the node with {_key_name(tables[label])} "
        f"{example} is both `{other}` and `{label}`. Every node must have exactly one of {_quoted(labels)}: "
        "project fewer labels, or name those to use in `nodeLabels`.",
        reason="NODE_WITH_TWO_LABELS",
    )


def _key_name(table: NodeTable) -> str:
    return f"`{table.key_property}`" if table.key_property else "id"


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def relationship_tables(table: Table, rows: Rows, *, undirected: bool) -> Iterator[tuple[EdgeType, RelationshipTable]]:
    """Split one relationship type by the labels at its ends and sort each part.

    Relationships with an end in no requested label are left out; a part without relationships is not there.
    """
    if not len(table):
        return
    columns = {name: _values(table.columns[name]) for name in sorted(table.columns.keys() - {"source", "target"})}
    sources, targets = (rows.at(table.columns[end].values) for end in ("source", "target"))
    for source, target, picked in _parts(rows, sources, targets):
        if picked is None:
            part, part_sources, part_targets = columns, sources, targets
        else:
            part = {name: values[picked] for name, values in columns.items()}
            part_sources, part_targets = sources[picked], targets[picked]
        edge_index, properties = in_canonical_order(
            _shifted(part_sources, int(rows.starts[source])),
            _shifted(part_targets, int(rows.starts[target])),
            {name: narrowest(values) for name, values in part.items()},
        )
        edge_type = (rows.labels[source], table.name, rows.labels[target])
        yield edge_type, RelationshipTable(edge_index, properties, undirected)


def _values(column: Column) -> NDArray[Any]:
    values = column.values if column.values.dtype.kind == "f" else column.values.astype(np.float64)
    if column.present is None or not (column.present == MISSING).any():
        return values
    return np.where(column.present == MISSING, values.dtype.type(np.nan), values)


def _shifted(positions: NDArray[np.int32], start: int) -> NDArray[np.int32]:
    return positions - np.int32(start) if start else positions


def _parts(
    rows: Rows, sources: NDArray[np.int32], targets: NDArray[np.int32]
) -> Iterator[tuple[int, int, NDArray[np.intp] | None]]:
    """Yield (source label, target label, relationships); None for all relationships."""
    ends = [rows.labels_at(np.array([end.min(), end.max()])) for end in (sources, targets)]
    if all(low == high for low, high in ends):
        if min(ends[0][0], ends[1][0]) >= 0:
            yield int(ends[0][0]), int(ends[1][0]), None
        return
    # One more than the label, so that 0 stands for no label at all.
    count = len(rows.labels) + 1
    code = (rows.labels_at(sources) + 1) * count + rows.labels_at(targets) + 1
    for value in np.flatnonzero(np.bincount(code, minlength=count * count)):
        source, target = divmod(int(value), count)
        if source and target:
            yield source - 1, target - 1, np.flatnonzero(code == value)
