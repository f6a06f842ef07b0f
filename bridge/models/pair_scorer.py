"""Scoring by a small network on the pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PairScorer:
    """A ModelScorer: weights · relu(source + target) + constant, cut to [low, high]."""

    sources: NDArray[np.float32]
    """float32 [sources, d]; the hidden layer's source part."""
    targets: NDArray[np.float32]
    """float32 [targets, d]; the hidden layer's target part."""
    weights: NDArray[np.float32]
    """float32 [d]."""
    constant: float
    known_sources: NDArray[np.bool_]
    known_targets: NDArray[np.bool_]
    low: float
    high: float

    def pairs(self, sources: NDArray[np.integer], targets: NDArray[np.integer]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        return self._scored(self.sources[sources] + self.targets[targets])

    def block(self, sources: NDArray[np.integer], targets: slice = slice(None)) -> NDArray[np.float32]:
        """Score a stretch of the targets for some sources: int [b] → float32 [b, stretch].

        Takes memory for d scores a target besides.
        """
        goals = self.targets[targets]
        scores = np.empty((len(sources), len(goals)), dtype=np.float32)
        for row, source in enumerate(sources):
            scores[row] = self._scored(goals + self.sources[source])
        return scores

    def _scored(self, hidden: NDArray[np.float32]) -> NDArray[np.float32]:
        np.maximum(hidden, 0, out=hidden)
        scores = hidden @ self.weights + np.float32(self.constant)
        cut: NDArray[np.float32] = np.clip(scores, np.float32(self.low), np.float32(self.high))
        return cut
