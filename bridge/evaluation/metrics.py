"""What is measured on held-out relationships, for values and for lists.

Ranking metrics are binary. Candidates of a source are all targets but those it has seen; sources without a relevant
held-out target are left out; equal scores go by target row, that is by ascending key.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bridge.core.errors import FailedPreconditionError
from bridge.core.learning import Interactions, Scorer
from bridge.core.progress import Progress, silent
from bridge.evaluation.selection import NO_TARGET, top_k

_BLOCK_ELEMENTS = 1 << 23
"""Scores held at once: 32 MiB of float32."""
_PAIRS = 1 << 18
"""Pairs scored at once."""


@dataclass(frozen=True)
class RatingMetrics:
    """How far predicted values are from the true ones, in the unit of the target property."""

    rmse: float
    mae: float
    count: int
    """Held-out relationships measured."""
    squared_errors: NDArray[np.float64]
    """float64 [count], in their order: for paired comparisons of two models."""

    def as_map(self) -> dict[str, float | int]:
        """Return what users see."""
        return {"rmse": self.rmse, "mae": self.mae, "count": self.count}


@dataclass(frozen=True)
class RankingMetrics:
    """How good lists of the k best targets are; means over `sources`."""

    k: int
    ndcg: float
    """DCG by that of min(k, relevant) hits at the top."""
    recall: float
    """Hits by all relevant targets."""
    precision: float
    """Hits by k."""
    hit_rate: float
    """Share of sources with a hit."""
    mrr: float
    """1 by the rank of the first hit; 0 without one."""
    coverage: float
    """Share of all targets that are in some list."""
    sources: NDArray[np.int32]
    """int32 [n]; the sources measured, ascending."""
    ndcg_by_source: NDArray[np.float64]
    """float64 [n]: for paired comparisons of two models."""

    def as_map(self) -> dict[str, float | int]:
        """Return what users see, with k in the names."""
        means = {
            "ndcg": self.ndcg,
            "recall": self.recall,
            "precision": self.precision,
            "hitRate": self.hit_rate,
            "mrr": self.mrr,
            "coverage": self.coverage,
        }
        return {f"{name}At{self.k}": value for name, value in means.items()} | {"sources": len(self.sources)}


def evaluate_rating(scorer: Scorer, held_out: Interactions, scale: tuple[float, float]) -> RatingMetrics:
    """Compare predictions, clamped to `scale` (lowest and highest value), with the held-out values.

    Raises:
        FailedPreconditionError: nothing is held out.
    """
    if not len(held_out):
        raise _nothing("relationship")
    errors = np.empty(len(held_out))
    for start in range(0, len(held_out), _PAIRS):
        part = slice(start, start + _PAIRS)
        predicted = scorer.pairs(held_out.sources[part], held_out.targets[part]).astype(np.float64)
        errors[part] = np.clip(predicted, *scale) - held_out.values[part]
    squared = errors**2
    return RatingMetrics(float(np.sqrt(squared.mean())), float(np.abs(errors).mean()), len(held_out), squared)


def evaluate_ranking(
    scorer: Scorer,
    held_out: Interactions,
    seen: Interactions,
    relevant_threshold: float,
    k: int = 10,
    progress: Progress = silent,
) -> RankingMetrics:
    """Measure lists of the k best unseen targets against the relevant held-out ones.

    Args:
        scorer: its blocks are asked for in pieces of about 32 MiB.
        held_out: those whose value is at least `relevant_threshold` are relevant, unless they are seen too.
        seen: what is no candidate: the source's other relationships.
        relevant_threshold: in the unit of the values.
        k: length of the lists.
        progress: told after each piece.

    Raises:
        FailedPreconditionError: no held-out relationship is relevant.
    """
    known = matrix(seen)
    relevant = _without(matrix(held_out.where(held_out.values >= relevant_threshold)), known)
    sources = np.flatnonzero(np.diff(relevant.indptr)).astype(np.int32)
    if not len(sources):
        raise _nothing(f"relationship with a value of at least {relevant_threshold:g}")
    hits = np.zeros((len(sources), k), dtype=bool)
    listed = np.zeros(held_out.target_count, dtype=bool)
    step = max(1, _BLOCK_ELEMENTS // held_out.target_count)
    for start in range(0, len(sources), step):
        chunk = sources[start : start + step]
        targets, _ = top_k(np.array(scorer.block(chunk), dtype=np.float32), k, known[chunk])
        hits[start : start + step] = _hits(targets, relevant[chunk])
        listed[targets[targets != NO_TARGET]] = True
        progress(min(1.0, (start + step) / len(sources)))
    return _summary(k, hits, np.diff(relevant.indptr)[sources], float(listed.mean()), sources)


def matrix(links: Interactions) -> sparse.csr_array:
    """Return who is linked to what: sparse float32 [sources, targets] of ones, columns ascending."""
    ones = np.ones(len(links), dtype=np.float32)
    shape = (links.source_count, links.target_count)
    linked = sparse.csr_array((ones, (links.sources, links.targets)), shape=shape)
    linked.sum_duplicates()
    linked.data[:] = 1
    return linked


def _without(one: sparse.csr_array, other: sparse.csr_array) -> sparse.csr_array:
    left = sparse.csr_array(one - one.multiply(other))
    left.eliminate_zeros()
    return left


def _hits(targets: NDArray[np.int32], relevant: sparse.csr_array) -> NDArray[np.bool_]:
    """bool [b, k]; whether each listed target is relevant to its row."""
    width = relevant.shape[1]
    wanted = np.repeat(np.arange(len(targets)), np.diff(relevant.indptr)) * width + relevant.indices
    listed = np.arange(len(targets))[:, np.newaxis] * width + targets
    hits: NDArray[np.bool_] = np.isin(listed, wanted) & (targets != NO_TARGET)
    return hits


def _summary(
    k: int, hits: NDArray[np.bool_], relevant: NDArray[np.integer], coverage: float, sources: NDArray[np.int32]
) -> RankingMetrics:
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.minimum(relevant, k) - 1]
    ndcg = (hits @ discount) / ideal
    count = hits.sum(axis=1)
    first = np.where(count > 0, 1 / (hits.argmax(axis=1) + 1), 0.0)
    return RankingMetrics(
        k=k,
        ndcg=float(ndcg.mean()),
        recall=float((count / relevant).mean()),
        precision=float((count / k).mean()),
        hit_rate=float((count > 0).mean()),
        mrr=float(first.mean()),
        coverage=coverage,
        sources=sources,
        ndcg_by_source=ndcg,
    )


def _nothing(what: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        f"No {what} is held out, so there is nothing to measure. Hold out more (`testFraction`, `validationFraction`, "
        "`splitProperty`), or lower `relevantThreshold`.",
        reason="NOTHING_TO_MEASURE",
    )
