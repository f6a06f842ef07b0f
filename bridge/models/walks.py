"""Weighted second-order random walks of node2vec (Grover & Leskovec 2016, section 3.2)."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bridge.core.homogeneous import HomogeneousGraph
from bridge.core.late import late

with late("bridge.models.walk_kernels"):  # which brings numba
    from bridge.models import walk_kernels

SEED_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Bias:
    """What makes the walk second-order: after t and v, x has weight w(v, x) · α(t, x)."""

    return_factor: float = 1.0
    """p; α is 1/p for x = t."""
    in_out_factor: float = 1.0
    """q; α is 1/q where there is no relationship from t to x, and 1 where there is one."""


class Walker:
    """Makes any walk of a graph by its number, so that walks need not be kept.

    Walk w starts at `starts[w % len(starts)]`; it is a function of the graph, the bias, the seed and w alone.
    """

    def __init__(self, graph: HomogeneousGraph, bias: Bias, *, length: int, seed: int) -> None:
        self.bias = bias
        self.length = length
        """Nodes of a whole walk."""
        self._indptr = np.require(graph.indptr, np.int64, ["C", "W"])
        self._indices = np.require(graph.indices, np.int32, ["C", "W"])
        self._weights = np.require(_weights(graph), np.float32, ["C", "W"])
        self._accept = np.empty(len(self._weights), np.float32)
        self._alias = np.empty(len(self._weights), np.int32)
        self._totals = graph.degrees.astype(np.float64)
        if len(self._weights):
            walk_kernels.alias_tables(self._indptr, self._weights, self._accept, self._alias, self._totals)
        movable = np.flatnonzero(self._totals > 0)
        self.starts: NDArray[np.int32] = np.random.default_rng(seed & SEED_MASK).permutation(movable).astype(np.int32)
        """int32 [S]; the nodes with an outgoing relationship of positive weight, in the order in which they start."""
        self._seed = np.uint64(seed & SEED_MASK)

    def walks(
        self, first: int, count: int, pool: Executor, threads: int, out: NDArray[np.int32] | None = None
    ) -> NDArray[np.int32]:
        """Return walks `first` to `first + count - 1`, int32 [count, length], in `out` where it is given.

        A walk ends early at a node without outgoing relationships; -1 fills its row.
        """
        if out is None:
            out = np.empty((count, self.length), np.int32)
        bounds = np.linspace(0, count, max(1, min(count, 4 * threads)) + 1).astype(np.int64)
        parts = [(int(begin), int(end)) for begin, end in pairwise(bounds)]
        list(pool.map(lambda part: self._fill(first + part[0], out[part[0] : part[1]]), parts))
        return out

    def _fill(self, first: int, out: NDArray[np.int32]) -> None:
        walk_kernels.walk_rows(
            self._indptr,
            self._indices,
            self._weights,
            self._accept,
            self._alias,
            self._totals,
            self.starts,
            self._seed,
            first,
            float(self.bias.return_factor),
            float(self.bias.in_out_factor),
            out,
        )


class KeptWalks:
    """The walks of a graph, kept from the first time on if they take no more than `most_bytes`, else made anew."""

    def __init__(self, walker: Walker, walks_per_node: int, most_bytes: int) -> None:
        self.length = walker.length
        self.count = len(walker.starts) * walks_per_node
        self._walker = walker
        keep = 4 * self.count * self.length <= most_bytes
        self._kept = np.empty((self.count, self.length), np.int32) if keep else None
        self._made = 0

    def walks(self, first: int, count: int, pool: Executor, threads: int) -> NDArray[np.int32]:
        """Return walks `first` to `first + count - 1`, int32 [count, length]; see `Walker.walks`."""
        if self._kept is None:
            return self._walker.walks(first, count, pool, threads)
        out = self._kept[first : first + count]
        if first + count > self._made:
            self._walker.walks(first, count, pool, threads, out)
            self._made = first + count if first <= self._made else self._made
        return out


def _weights(graph: HomogeneousGraph) -> NDArray[np.float32]:
    """Return nothing where all weights are equal: no table is needed then."""
    weights = graph.weights
    if weights is None or (len(weights) and weights[0] > 0 and bool(np.all(weights == weights[0]))):
        return np.empty(0, np.float32)
    return weights
