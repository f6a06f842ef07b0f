"""Rating predictions without features or messages: what a model of values must beat."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bridge.core.learning import Interactions
from bridge.evaluation.cost import SPARSE_PER_SECOND, Cost, linear

_ITEM_BLOCK_ELEMENTS = 1 << 20
"""Similarities held at once."""
_NEIGHBOUR_ELEMENTS = 1 << 22
"""Rated neighbours looked at in one go."""


class GlobalMean:
    """The mean of all training values."""

    def __init__(self, mean: float, target_count: int) -> None:
        self._mean = mean
        self._target_count = target_count

    @classmethod
    def fit(cls, train: Interactions) -> Self:
        """Take the mean."""
        return cls(float(train.values.mean()), train.target_count)

    @staticmethod
    def cost(train: Interactions) -> Cost:
        """Estimate a fit."""
        return linear(train)

    def pairs(self, sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        return np.full(len(sources), self._mean, dtype=np.float32)

    def block(self, sources: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score all targets for some sources: int [b] → float32 [b, targets]."""
        return np.full((len(sources), self._target_count), self._mean, dtype=np.float32)


class Bias:
    """mean + bias of the source + bias of the target, by alternating ridge regressions."""

    REGULARISATION = 3.0
    """As if every node had so many further ratings equal to the prediction without its bias."""
    ALTERNATIONS = 10

    def __init__(self, mean: float, source_bias: NDArray[np.float64], target_bias: NDArray[np.float64]) -> None:
        self.mean = mean
        self.source_bias = source_bias
        self.target_bias = target_bias

    @classmethod
    def fit(cls, train: Interactions) -> Self:
        """Alternate between the targets' biases and the sources'."""
        mean = float(train.values.mean())
        residual = train.values - mean
        sources = np.zeros(train.source_count)
        targets = np.zeros(train.target_count)
        source_count = np.bincount(train.sources, minlength=train.source_count) + cls.REGULARISATION
        target_count = np.bincount(train.targets, minlength=train.target_count) + cls.REGULARISATION
        for _ in range(cls.ALTERNATIONS):
            targets = np.bincount(train.targets, residual - sources[train.sources], train.target_count) / target_count
            sources = np.bincount(train.sources, residual - targets[train.targets], train.source_count) / source_count
        return cls(mean, sources, targets)

    @staticmethod
    def cost(train: Interactions) -> Cost:
        """Estimate a fit."""
        return linear(train)

    def pairs(self, sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        scores: NDArray[np.float64] = self.mean + self.source_bias[sources] + self.target_bias[targets]
        return scores.astype(np.float32)

    def block(self, sources: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score all targets for some sources: int [b] → float32 [b, targets]."""
        return (self.mean + self.source_bias[sources, np.newaxis] + self.target_bias).astype(np.float32)


class ResidualItemKnn:
    """The bias model, corrected by what the source thought of the most similar targets it rated.

    Similarity is the correlation of residuals over common raters, shrunk where these are few (Koren: Factor in the
    neighbors, 2010, section 2.2).
    """

    NEIGHBOURS = 40
    SHRINKAGE = 100.0
    """Common raters at which half of the correlation counts."""

    def __init__(self, bias: Bias, residuals: sparse.csr_array) -> None:
        self._bias = bias
        self._residuals = residuals
        self._by_target = [sparse.csr_array(m.T) for m in _moments(residuals)]
        self._by_source = _moments(residuals)

    @classmethod
    def fit(cls, train: Interactions) -> Self:
        """Fit the biases; similarities are computed when they are asked for."""
        bias = Bias.fit(train)
        residuals = train.values - bias.pairs(train.sources, train.targets)
        shape = (train.source_count, train.target_count)
        # Parallel ratings would add up: their mean counts.
        total = sparse.csr_array((residuals, (train.sources, train.targets)), shape=shape)
        count = sparse.csr_array((np.ones(len(train)), (train.sources, train.targets)), shape=shape)
        total.sum_duplicates()
        count.sum_duplicates()
        total.data /= count.data
        return cls(bias, total)

    @staticmethod
    def cost(train: Interactions) -> Cost:
        """Estimate a fit and predictions for all targets: each pair of a source's ratings meets in four products."""
        ratings = np.bincount(train.sources, minlength=train.source_count).astype(np.float64)
        held = 100.0 * len(train) + 40.0 * _ITEM_BLOCK_ELEMENTS + 100.0 * train.target_count
        return Cost(bytes=held, seconds=4 * float((ratings**2).sum()) / SPARSE_PER_SECOND)

    def pairs(self, sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        scores = self._bias.pairs(sources, targets).astype(np.float64)
        wanted, group = np.unique(targets, return_inverse=True)
        order = np.argsort(group, kind="stable")
        step = max(1, _ITEM_BLOCK_ELEMENTS // self._residuals.shape[1])
        for start in range(0, len(wanted), step):
            similarity = self._similarity(wanted[start : start + step])
            first, last = np.searchsorted(group[order], [start, start + step])
            chosen = order[first:last]
            for part in _parts(chosen, np.diff(self._residuals.indptr)[sources[chosen]]):
                scores[part] += self._correction(similarity, sources[part], group[part] - start)
        return scores.astype(np.float32)

    def block(self, sources: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score all targets for some sources: int [b] → float32 [b, targets]."""
        count = self._residuals.shape[1]
        scores = self.pairs(np.repeat(sources, count), np.tile(np.arange(count), len(sources)))
        return scores.reshape(len(sources), count)

    def _similarity(self, items: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """float64 [items, targets]; 0 where no source rated both."""
        value, square, one = (moment[items] for moment in self._by_target)
        values, squares, ones = self._by_source
        norms = np.sqrt((square @ ones).toarray() * (one @ squares).toarray())
        common = (one @ ones).toarray()
        correlation = (value @ values).toarray() / np.maximum(norms, 1e-12)
        similarity: NDArray[np.float64] = correlation * (common - 1) / np.maximum(common - 1 + self.SHRINKAGE, 1)
        return similarity

    def _correction(
        self, similarity: NDArray[np.float64], sources: NDArray[np.integer[Any]], items: NDArray[np.integer[Any]]
    ) -> NDArray[np.float64]:
        """float64 [n]; weighted mean of the residuals of the nearest rated targets, 0 without any."""
        indptr = self._residuals.indptr
        count = np.diff(indptr)[sources]
        starts = np.cumsum(count) - count
        pair = np.repeat(np.arange(len(sources)), count)
        at = np.arange(len(pair)) - np.repeat(starts - indptr[sources], count)
        weight = np.maximum(similarity[items[pair], self._residuals.indices[at]], 0)
        order = np.lexsort((-weight, pair))
        rank = np.arange(len(pair)) - np.repeat(starts, count)
        near = order[rank < self.NEIGHBOURS]
        total = np.bincount(pair[near], weight[near], len(sources))
        correction = np.bincount(pair[near], weight[near] * self._residuals.data[at[near]], len(sources))
        return np.divide(correction, total, out=np.zeros(len(sources)), where=total > 0)


def _moments(residuals: sparse.csr_array) -> list[sparse.csr_array]:
    """Return three matrices of one pattern: the residuals, their squares, ones."""
    parts = (residuals.data, residuals.data**2, np.ones_like(residuals.data))
    return [sparse.csr_array((part, residuals.indices, residuals.indptr), shape=residuals.shape) for part in parts]


def _parts(pairs: NDArray[np.intp], sizes: NDArray[np.integer[Any]]) -> list[NDArray[np.intp]]:
    """Cut pairs where the sizes add up to about _NEIGHBOUR_ELEMENTS."""
    cuts = np.flatnonzero(np.diff(np.cumsum(sizes) // _NEIGHBOUR_ELEMENTS)) + 1
    return [part for part in np.split(pairs, cuts) if len(part)]
