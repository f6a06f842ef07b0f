"""Whether the vectors of a skip-gram mean anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import FailedPreconditionError

ALIKE = 1e-5
"""Unit vectors no further apart than this are a collapsed embedding."""


def check(
    targets: NDArray[np.float32],
    contexts: NDArray[np.float32],
    visited: NDArray[np.bool_],
    losses: list[float],
    iteration: int,
) -> None:
    """Refuse vectors that mean nothing; arrays are [N, width], [N, width] and bool [N].

    Raises:
        FailedPreconditionError: naming the iteration.
    """
    if np.isnan(losses[-1]) and np.isfinite(targets).all():
        raise FailedPreconditionError(
            f"No pair of nodes was left to learn from in iteration {iteration}. `positiveSamplingFactor` drops the "
            "visits of frequent nodes: choose a greater one, or more or longer walks.",
            reason="NOTHING_TO_LEARN",
        )
    sums = targets.sum(axis=1) + contexts.sum(axis=1)  # one number a row: not finite if any element is not
    if not (np.isfinite(sums).all() and np.isfinite(losses[-1])):
        raise FailedPreconditionError(
            f"The embedding was no longer finite after iteration {iteration}. Nothing was kept. Choose a smaller "
            "`initialLearningRate`.",
            reason="EMBEDDING_NOT_FINITE",
        )
    some = np.flatnonzero(visited)[:10_000]
    vectors = targets[some] + contexts[some]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    if len(some) > 1 and np.ptp(units, axis=0).max() < ALIKE:
        raise FailedPreconditionError(
            f"The embedding collapsed in iteration {iteration}: all vectors point the same way. Nothing was kept. "
            "Choose a smaller `initialLearningRate`, fewer `iterations`, a greater `negativeSamplingRate` or a greater "
            "`embeddingDimension`.",
            reason="EMBEDDING_COLLAPSED",
        )
