"""Top lists without features or messages: what a recommender must beat."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from bridge.core.learning import Interactions
from bridge.evaluation.cost import DENSE_PER_SECOND, SPARSE_PER_SECOND, Cost, linear
from bridge.evaluation.metrics import matrix
from bridge.evaluation.selection import NO_TARGET, top_k

_BLOCK_ELEMENTS = 1 << 22
"""Similarities held at once."""


class Popularity:
    """How many sources like a target."""

    def __init__(self, count: NDArray[np.float32]) -> None:
        self._count = count

    @classmethod
    def fit(cls, liked: Interactions) -> Self:
        """Count the sources of each target."""
        return cls(np.asarray(matrix(liked).sum(axis=0), dtype=np.float32))

    @staticmethod
    def cost(liked: Interactions) -> Cost:
        """Estimate a fit."""
        return linear(liked)

    def pairs(self, sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        scores: NDArray[np.float32] = self._count[targets]
        return scores

    def block(self, sources: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score all targets for some sources: int [b] → float32 [b, targets]."""
        return np.tile(self._count, (len(sources), 1))


class ItemKnn:
    """How similar a target's nearest neighbours are, summed over those that the source likes.

    Similarity is the shrunk cosine: common / (√n_i · √n_j + shrinkage), n the sources of a target.
    """

    NEIGHBOURS = 100
    SHRINKAGE = 10.0

    def __init__(self, liked: sparse.csr_array, similarity: sparse.csr_array) -> None:
        self._liked = liked
        self._similarity = similarity
        """sparse [targets, targets]; row j: the targets that have j among their neighbours."""

    @classmethod
    def fit(cls, liked: Interactions) -> Self:
        """Find each target's neighbours, some targets at a time."""
        by_source = matrix(liked)
        by_target = sparse.csr_array(by_source.T)
        norm = np.sqrt(np.diff(by_target.indptr)).astype(np.float32)
        step = max(1, _BLOCK_ELEMENTS // liked.target_count)
        found = []
        for start in range(0, liked.target_count, step):
            items = np.arange(start, min(start + step, liked.target_count))
            cosine = (by_target[items] @ by_source).toarray() / (np.outer(norm[items], norm) + cls.SHRINKAGE)
            cosine[cosine == 0] = -np.inf
            cosine[np.arange(len(items)), items] = -np.inf
            near, weight = top_k(cosine.astype(np.float32, copy=False), cls.NEIGHBOURS)
            row, column = np.nonzero(near != NO_TARGET)
            found.append((near[row, column], items[row], weight[row, column]))
        neighbours, targets, weights = (np.concatenate(part) for part in zip(*found, strict=True))
        shape = (liked.target_count, liked.target_count)
        return cls(by_source, sparse.csr_array((weights, (neighbours, targets)), shape=shape))

    @classmethod
    def cost(cls, liked: Interactions) -> Cost:
        """Estimate a fit: each pair of targets that a source likes meets once."""
        likes = np.bincount(liked.sources, minlength=liked.source_count).astype(np.float64)
        held = 50.0 * len(liked) + 24.0 * cls.NEIGHBOURS * liked.target_count + 24.0 * _BLOCK_ELEMENTS
        searched = 5e-9 * float(liked.target_count) ** 2
        return Cost(bytes=held, seconds=float((likes**2).sum()) / SPARSE_PER_SECOND + searched)

    def pairs(self, sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        return _pairs_by_block(self, sources, targets)

    def block(self, sources: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score all targets for some sources: int [b] → float32 [b, targets]."""
        scores: NDArray[np.float32] = (self._liked[sources] @ self._similarity).toarray()
        return scores


class Ease:
    """A linear auto-encoder in closed form (Steck: Embarrassingly shallow autoencoders for sparse data, 2019).

    B = I − P · diag(1 / diag P) with P = (XᵀX + λI)⁻¹; scores are X · B. With fewer sources than targets P is never
    made: X · P = (XXᵀ + λI)⁻¹ · X.
    """

    RIDGE = 100.0

    def __init__(self, liked: sparse.csr_array, inverse: NDArray[np.float32], diagonal: NDArray[np.float64]) -> None:
        self._liked = liked
        self._inverse = inverse
        """float32 [n, n], n the smaller side: (XXᵀ + λI)⁻¹ or P."""
        self._diagonal = diagonal.astype(np.float32)
        """float32 [targets]; the diagonal of P."""

    @classmethod
    def fit(cls, liked: Interactions) -> Self:
        """Invert the Gram matrix of the smaller side."""
        links = matrix(liked).astype(np.float64)
        if not _is_dual(liked.source_count, liked.target_count):
            inverse = _inverse((links.T @ links).toarray(), cls.RIDGE)
            return cls(links.astype(np.float32), inverse.astype(np.float32), np.diag(inverse))
        inverse = _inverse((links @ links.T).toarray(), cls.RIDGE)
        explained = np.zeros(liked.target_count)
        step = max(1, _BLOCK_ELEMENTS // liked.target_count)
        for start in range(0, liked.source_count, step):
            rows = slice(start, start + step)
            explained += links[rows].multiply(inverse[rows] @ links).sum(axis=0)
        return cls(links.astype(np.float32), inverse.astype(np.float32), (1 - explained) / cls.RIDGE)

    @staticmethod
    def cost(liked: Interactions) -> Cost:
        """Estimate a fit: a dense inverse of the smaller side."""
        side = float(min(liked.source_count, liked.target_count))
        held = 3 * 8 * side**2 + 100.0 * len(liked) + 16.0 * _BLOCK_ELEMENTS
        passes = side * len(liked) if _is_dual(liked.source_count, liked.target_count) else 0.0
        return Cost(bytes=held, seconds=side**3 / DENSE_PER_SECOND + passes / 1e9)

    def pairs(self, sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        return _pairs_by_block(self, sources, targets)

    def block(self, sources: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Score all targets for some sources: int [b] → float32 [b, targets]."""
        profiles = self._liked[sources]
        projected = self._inverse[sources] @ self._liked if _is_dual(*self._liked.shape) else profiles @ self._inverse
        scores = profiles.toarray() - projected / self._diagonal
        return scores.astype(np.float32, copy=False)


def _is_dual(source_count: int, target_count: int) -> bool:
    return source_count < target_count


def _inverse(gram: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    gram[np.diag_indices(len(gram))] += ridge
    factor = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    inverse: NDArray[np.float64] = linalg.cho_solve(factor, np.eye(len(gram)), overwrite_b=True, check_finite=False)
    return inverse


def _pairs_by_block(
    scorer: ItemKnn | Ease, sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]]
) -> NDArray[np.float32]:
    wanted, row = np.unique(sources, return_inverse=True)
    scores = np.empty(len(sources), dtype=np.float32)
    order = np.argsort(row, kind="stable")
    step = 256
    for start in range(0, len(wanted), step):
        first, last = np.searchsorted(row[order], [start, start + step])
        chosen = order[first:last]
        scores[chosen] = scorer.block(wanted[start : start + step])[row[chosen] - start, targets[chosen]]
    return scores
