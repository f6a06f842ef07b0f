"""The best targets of each source, the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

NO_TARGET = -1
"""Fills a list that has fewer than k candidates."""
_ELEMENTS = 1 << 20
"""Scores looked at in one go: 4 MiB, so that working memory is small beside the block."""


def top_k(
    scores: NDArray[np.float32], k: int, excluded: sparse.csr_array | None = None
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Find the k best targets of each row; equal scores go by target row, lowest first.

    Args:
        scores: float32 [b, T]. -inf and NaN mark targets that are no candidates. Excluded ones become -inf in place.
        k: at least 1.
        excluded: sparse [b, T]; whatever it stores is no candidate.

    Returns:
        int32 [b, k] targets, best first, NO_TARGET where a row has fewer than k candidates; float32 [b, k] scores,
        -inf there.
    """
    if excluded is not None:
        rows = np.repeat(np.arange(len(scores)), np.diff(excluded.indptr))
        scores[rows, excluded.indices] = -np.inf
    targets = np.full((len(scores), k), NO_TARGET, dtype=np.int32)
    best = np.full((len(scores), k), -np.inf, dtype=np.float32)
    step = max(1, _ELEMENTS // max(1, scores.shape[1]))
    for start in range(0, len(scores), step):
        stop = start + step
        _fill(scores[start:stop], k, targets[start:stop], best[start:stop])
    return targets, best


def _fill(scores: NDArray[np.float32], k: int, targets: NDArray[np.int32], best: NDArray[np.float32]) -> None:
    if not scores.shape[1]:
        return
    rows, columns = np.nonzero(scores >= _thresholds(scores, k)[:, np.newaxis])
    values = scores[rows, columns]
    order = np.lexsort((columns, -values, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    count = np.bincount(rows, minlength=len(scores))
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    kept = rank < k
    targets[rows[kept], rank[kept]] = columns[kept]
    best[rows[kept], rank[kept]] = values[kept]


def _thresholds(scores: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """float32 [b]; each row's k-th best score, or the lowest finite one when there are fewer."""
    lowest = np.finfo(np.float32).min
    width = scores.shape[1]
    if k >= width:
        return np.full(len(scores), lowest)
    # NaN would count as the best of all.
    candidates = np.where(np.isnan(scores), np.float32(-np.inf), scores)
    candidates.partition(width - k, axis=1)
    thresholds: NDArray[np.float32] = np.maximum(candidates[:, width - k], lowest)
    return thresholds
