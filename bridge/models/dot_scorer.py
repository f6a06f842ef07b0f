"""Scoring by dot product, plus a bias on either side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DotScorer:
    """A ModelScorer: ⟨source, target⟩ + source bias + target bias, cut to [low, high]."""

    sources: NDArray[np.float32]
    """float32 [sources, d]."""
    targets: NDArray[np.float32]
    """float32 [targets, d]."""
    source_bias: NDArray[np.float32]
    """float32 [sources]."""
    target_bias: NDArray[np.float32]
    """float32 [targets]."""
    known_sources: NDArray[np.bool_]
    known_targets: NDArray[np.bool_]
    low: float = -np.inf
    high: float = np.inf

    def pairs(self, sources: NDArray[np.integer], targets: NDArray[np.integer]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        scores = np.einsum("nd,nd->n", self.sources[sources], self.targets[targets])
        return self._cut(scores + self.source_bias[sources] + self.target_bias[targets])

    def block(self, sources: NDArray[np.integer], targets: slice = slice(None)) -> NDArray[np.float32]:
        """Score a stretch of the targets for some sources: int [b] → float32 [b, stretch]."""
        scores = self.sources[sources] @ self.targets[targets].T
        scores += self.source_bias[sources][:, None]
        scores += self.target_bias[targets]
        return self._cut(scores)

    def _cut(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        if np.isfinite(self.low) or np.isfinite(self.high):
            np.clip(scores, self.low, self.high, out=scores)
        return scores
