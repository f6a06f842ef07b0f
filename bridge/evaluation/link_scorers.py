"""How likely two nodes are linked, by an embedding or by the neighbours they share."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bridge.core.homogeneous import HomogeneousGraph

_PAIR_ELEMENTS = 1 << 22
"""Neighbours looked at once when pairs are scored."""

_DECIMALS = 6
"""Cosines are rounded to what float32 can tell, so that equal vectors tie whatever the order of summation."""


def neighbourhood(graph: HomogeneousGraph) -> sparse.csr_array:
    """Return who is linked to whom, in either direction: sparse float32 [N, N] of ones, without self-loops."""
    count = graph.node_count
    ones = np.ones(len(graph.indices), dtype=np.float32)
    links = sparse.csr_array((ones, graph.indices, graph.indptr), shape=(count, count))
    return simple(links if graph.undirected else links + links.T)


def simple(links: sparse.csr_array) -> sparse.csr_array:
    """Return the same links once each, without self-loops: sparse float32 [N, N] of ones, columns ascending."""
    ends = links.tocoo()
    other = ends.row != ends.col
    ones = np.ones(int(other.sum()), dtype=np.float32)
    once = sparse.csr_array((ones, (ends.row[other], ends.col[other])), shape=links.shape)
    once.sum_duplicates()
    once.data[:] = 1
    return once


class Cosine:
    """Cosine of two nodes' vectors; -inf where one has none."""

    def __init__(self, vectors: NDArray[np.float32], embedded: NDArray[np.bool_]) -> None:
        """Take vectors, float32 [N, d], and which of them are one, bool [N]."""
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        self._unit = np.divide(vectors, length, out=np.zeros_like(vectors, dtype=np.float32), where=length > 0)
        self._absent = ~embedded

    def pairs(self, sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        cosines: NDArray[np.float32] = np.einsum("nd,nd->n", self._unit[sources], self._unit[targets])
        np.round(cosines, _DECIMALS, out=cosines)
        cosines[self._absent[sources] | self._absent[targets]] = -np.inf
        return cosines

    def block(self, sources: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score all nodes for some: int [b] → float32 [b, N]."""
        cosines: NDArray[np.float32] = self._unit[sources] @ self._unit.T
        np.round(cosines, _DECIMALS, out=cosines)
        cosines[:, self._absent] = -np.inf
        cosines[self._absent[sources]] = -np.inf
        return cosines


class SharedNeighbours:
    """Sum, over the neighbours that two nodes share, of what each neighbour weighs."""

    def __init__(self, links: sparse.csr_array, weights: NDArray[np.float32]) -> None:
        self._links = links
        self._weighted = sparse.csr_array(sparse.diags_array(weights) @ links)
        self._weights = weights
        self._degrees = np.diff(links.indptr)

    @classmethod
    def common_neighbours(cls, links: sparse.csr_array) -> Self:
        """Count the shared neighbours."""
        return cls(links, np.ones(links.shape[0], dtype=np.float32))

    @classmethod
    def adamic_adar(cls, links: sparse.csr_array) -> Self:
        """Weigh a shared neighbour by 1 / ln(its degree) (Adamic, Adar: Friends and neighbors on the web, 2003)."""
        degrees = np.diff(links.indptr)
        weights = np.zeros(len(degrees), dtype=np.float32)
        weights[degrees > 1] = 1 / np.log(degrees[degrees > 1])  # of degree 1 it is shared by nobody
        return cls(links, weights)

    def pairs(self, sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        scores = np.empty(len(sources), dtype=np.float32)
        looked_at = np.cumsum(self._degrees[sources] + self._degrees[targets])
        start = 0
        while start < len(sources):
            before = looked_at[start - 1] if start else 0
            end = max(start + 1, int(np.searchsorted(looked_at, before + _PAIR_ELEMENTS, side="right")))
            part = slice(start, end)
            shared = self._links[sources[part]].multiply(self._links[targets[part]])
            scores[part] = shared @ self._weights
            start = end
        return scores

    def block(self, sources: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score all nodes for some: int [b] → float32 [b, N]."""
        scores: NDArray[np.float32] = (self._links[sources] @ self._weighted).toarray()
        return scores


class DegreeProduct:
    """Product of two nodes' degrees."""

    def __init__(self, links: sparse.csr_array) -> None:
        self._degrees = np.diff(links.indptr).astype(np.float32)

    def pairs(self, sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        products: NDArray[np.float32] = self._degrees[sources] * self._degrees[targets]
        return products

    def block(self, sources: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score all nodes for some: int [b] → float32 [b, N]."""
        products: NDArray[np.float32] = np.outer(self._degrees[sources], self._degrees)
        return products
