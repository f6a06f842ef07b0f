"""A graph of one kind of node and one kind of relationship, as compressed sparse rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import InvalidArgumentError


@dataclass(frozen=True)
class HomogeneousGraph:
    """Nodes 0 to N - 1 and, for each, its neighbours in ascending order, none twice."""

    indptr: NDArray[np.int64]
    """int64 [N + 1]; the neighbours of node v are `indices[indptr[v]:indptr[v + 1]]`."""
    indices: NDArray[np.int32]
    """int32 [E]; ascending within a row."""
    weights: NDArray[np.float32] | None
    """float32 [E], finite and not negative; None: every relationship weighs 1."""
    undirected: bool
    """Every relationship is there in both directions, with equal weight."""

    @property
    def node_count(self) -> int:
        """N."""
        return len(self.indptr) - 1

    @property
    def relationship_count(self) -> int:
        """E; an undirected relationship counts twice, a loop once."""
        return len(self.indices)

    @property
    def degrees(self) -> NDArray[np.int64]:
        """int64 [N]; outgoing relationships of each node."""
        return np.diff(self.indptr)

    @property
    def linked(self) -> NDArray[np.bool_]:
        """bool [N]; False for a node without any relationship, incoming or outgoing."""
        linked = self.degrees > 0
        linked[self.indices] = True
        return linked


def homogeneous_from_edges(
    sources: NDArray[np.integer[Any]],
    targets: NDArray[np.integer[Any]],
    weights: NDArray[np.floating[Any]] | None,
    node_count: int,
    undirected: bool,
) -> HomogeneousGraph:
    """Make rows of relationships; parallel ones become one, their weights summed.

    `sources` and `targets` are integers [E] below `node_count`; with `undirected`, both directions are among them
    already. `weights` is float [E]; None: each weighs 1, so that parallel ones together weigh their number.

    Raises:
        InvalidArgumentError: a weight is negative, NaN or infinite.
    """
    keys = sources.astype(np.int64) * node_count + targets
    if weights is None:
        keys.sort()
        starts = _starts(keys)
        counts = np.diff(starts, append=len(keys))
        merged = counts.astype(np.float32) if len(starts) < len(keys) else None
    else:
        _check(weights, sources, targets)
        order = np.argsort(keys, kind="stable")  # stable: equal sums whatever the machine
        keys = keys[order]
        starts = _starts(keys)
        ordered = weights.astype(np.float64)[order]
        sums = np.add.reduceat(ordered, starts) if len(starts) else ordered
        _check(sums, sources[order][starts], targets[order][starts])
        merged = sums.astype(np.float32)
    rows, columns = np.divmod(keys[starts], max(1, node_count))
    indptr = np.zeros(node_count + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=node_count), out=indptr[1:])
    return HomogeneousGraph(indptr, columns.astype(np.int32), merged, undirected)


def _starts(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Say where each run of equal keys begins; keys ascend."""
    return np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])


def not_weights(values: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """Say where values, float [E], are no weights: negative, NaN, infinite, or so once they are float32; ascending."""
    return np.flatnonzero(~((values >= 0) & (values <= np.finfo(np.float32).max)))


def _check(
    weights: NDArray[np.floating[Any]], sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]
) -> None:
    wrong = not_weights(weights)
    if len(wrong):
        one = wrong[0]
        raise InvalidArgumentError(
            f"{len(wrong)} of {len(weights)} relationships have a negative, missing or infinite weight, such as "
            f"`{weights[one]}` from node {sources[one]} to node {targets[one]} (counted in projection order). Weights "
            "must be finite and at least 0: correct the property, or leave those relationships out of the projection.",
            reason="INVALID_WEIGHT",
        )
