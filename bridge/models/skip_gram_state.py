"""What a skip-gram has learned, as far as another one can go on from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SkipGramState:
    """What there is to know of each node beside its vector u + v."""

    contexts: NDArray[np.float32]
    """float32 [n, dimension]; v."""
    squares: NDArray[np.float32]
    """float32 [n, 2]; AdaGrad's sums for u and v, without which the first steps would undo what was learned."""


@dataclass(frozen=True)
class SkipGramStart:
    """Where a training begins; nodes that are not here start at random."""

    rows: NDArray[np.int64]
    """int64 [n]; the nodes, in the graph's order."""
    vectors: NDArray[np.float32]
    """float32 [n, dimension]; u + v."""
    state: SkipGramState
