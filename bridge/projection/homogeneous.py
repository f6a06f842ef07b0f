"""A projection as one kind of node and one kind of relationship, which is how GDS's own algorithms see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import FailedPreconditionError, InvalidArgumentError, did_you_mean
from bridge.core.homogeneous import HomogeneousGraph, homogeneous_from_edges, not_weights
from bridge.core.projection import EdgeType, NodeTable, Projection, RelationshipTable


@dataclass(frozen=True)
class HomogeneousView:
    """The nodes of all labels, one label's table after the other's, and the relationships between them."""

    graph: HomogeneousGraph
    labels: tuple[str, ...]
    """Ascending."""
    starts: NDArray[np.int64]
    """int64 [labels + 1]; the node that is the first row of each label's table, then the number of nodes."""
    ids: NDArray[np.int64]
    """int64 [N]; GDS's internal ids."""

    def rows_of_labels(self) -> Iterator[tuple[str, slice]]:
        """Yield each label with the nodes that are its table's rows, in their order."""
        for index, label in enumerate(self.labels):
            yield label, slice(int(self.starts[index]), int(self.starts[index + 1]))


def homogeneous(
    projection: Projection,
    *,
    node_labels: Sequence[str] | None = None,
    relationship_types: Sequence[str] | None = None,
    weight_property: str | None = None,
) -> HomogeneousView:
    """Forget labels and types.

    Relationships keep the directions that they have in the projection. The graph is undirected when all of its types
    are; of a mixture it is directed, an undirected relationship being there as one in each direction.

    Args:
        projection: its relationships between the labels of `node_labels` are taken.
        node_labels: all when None.
        relationship_types: all when None.
        weight_property: on every type; weights of parallel relationships are summed. None: each weighs 1,
            so that parallel ones together weigh their number.

    Raises:
        InvalidArgumentError: a type without the weight property.
        FailedPreconditionError: there are no relationships; a weight is missing, negative or infinite.
    """
    labels = tuple(label for label in sorted(projection.nodes) if node_labels is None or label in node_labels)
    tables = _between(projection, labels, relationship_types)
    if not tables:
        raise _no_relationships(projection, labels, relationship_types)
    starts = np.cumsum([0, *(len(projection.nodes[label]) for label in labels)], dtype=np.int64)
    first = dict(zip(labels, starts.tolist(), strict=False))
    graph = homogeneous_from_edges(
        np.concatenate([table.edge_index[0] + first[source] for (source, _, _), table in tables.items()]),
        np.concatenate([table.edge_index[1] + first[target] for (_, _, target), table in tables.items()]),
        None if weight_property is None else _weights(projection, tables, weight_property),
        int(starts[-1]),
        undirected=all(table.undirected for table in tables.values()),
    )
    ids = np.concatenate([projection.nodes[label].ids for label in labels])
    return HomogeneousView(graph, labels, starts, ids)


def _between(
    projection: Projection, labels: Sequence[str], types: Sequence[str] | None
) -> dict[EdgeType, RelationshipTable]:
    return {
        (source, kind, target): table
        for (source, kind, target), table in projection.relationships.items()
        if source in labels and target in labels and (types is None or kind in types) and len(table)
    }


def _weights(projection: Projection, tables: dict[EdgeType, RelationshipTable], name: str) -> NDArray[Any]:
    lacking = sorted({kind for (_, kind, _), table in tables.items() if name not in table.properties})
    if lacking:
        known = sorted({known for table in tables.values() for known in table.properties})
        raise InvalidArgumentError(
            f"Relationship weight property `{name}` not found on the relationship types "
            f"{_quoted(lacking)}.{did_you_mean(name, known)} Properties existing on some type: {_quoted(known)}. "
            "Project it on all of them, name another, or leave those types out.",
            reason="NOT_IN_PROJECTION",
        )
    wrong = {edge_type: not_weights(table.properties[name]) for edge_type, table in tables.items()}
    if any(map(len, wrong.values())):
        raise _refused(projection, tables, name, wrong)
    return np.concatenate([table.properties[name] for table in tables.values()])


def _refused(
    projection: Projection,
    tables: dict[EdgeType, RelationshipTable],
    name: str,
    wrong: dict[EdgeType, NDArray[np.intp]],
) -> FailedPreconditionError:
    edge_type = next(each for each, rows in wrong.items() if len(rows))
    table, row = tables[edge_type], wrong[edge_type][0]
    source, target = (
        _key(projection.nodes[label], int(end))
        for label, end in zip((edge_type[0], edge_type[2]), table.edge_index[:, row], strict=True)
    )
    value = float(table.properties[name][row])
    shown = "none" if np.isnan(value) else f"{value:g}"
    return FailedPreconditionError(
        f"`{name}` is missing, negative or infinite for {sum(map(len, wrong.values()))} of "
        f"{sum(map(len, tables.values()))} relationships, for instance {shown} "
        f"on the `{edge_type[1]}` from {source} to {target}. Weights must be finite and at least 0: correct the "
        "property and project again, or leave those relationships out of the projection.",
        reason="INVALID_WEIGHT",
    )


def _no_relationships(
    projection: Projection, labels: Sequence[str], types: Sequence[str] | None
) -> FailedPreconditionError:
    there = ", ".join(f"({s})-[{t}]->({e}): {len(each)}" for (s, t, e), each in projection.relationships.items())
    asked = "" if types is None else f" of the types {_quoted(types)}"
    return FailedPreconditionError(
        f"There are no relationships{asked} between nodes of the labels {_quoted(labels)}. What was read has "
        f"{there or 'no relationships at all'}. Name other `nodeLabels` or `relationshipTypes`, or project some.",
        reason="NO_RELATIONSHIPS",
    )


def _key(table: NodeTable, row: int) -> str:
    name = f"`{table.key_property}`" if table.key_property else "id"
    return f"the `{table.label}` with {name} {table.keys[row]}"


def _quoted(names: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{name}'" for name in sorted(names)) + "]"
