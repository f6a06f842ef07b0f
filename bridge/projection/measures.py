"""What a pair of items weighs, by how many sources like both, one, the other, and all in all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Measure = Literal["weightedPmi", "pmi", "ppmi", "count", "cosine", "jaccard"]
"""With c the sources that like both, a and b those that like one and the other, D the sum of all items' likes:

- `pmi`: ln c − ln a − ln b + ln D, pointwise mutual information (Church, Hanks: Word association norms, 1990)
- `ppmi`: the same, 0 where it is negative
- `weightedPmi`: c · pmi, so that what rests on few sources weighs little
- `count`: c
- `cosine`: c / √(a · b)
- `jaccard`: c / (a + b − c)
"""

Weigh = Callable[[Floats, Floats, Floats, float], Floats]
"""c float64 [n], a float64 [n], b float64 [n], D → float64 [n]."""


def _pmi(both: Floats, one: Floats, other: Floats, likes: float) -> Floats:
    # Symmetric in floating point too: a pair weighs the same from either of its ends.
    return np.asarray(np.log(both) - (np.log(one) + np.log(other)) + np.log(likes))


def _weighted_pmi(both: Floats, one: Floats, other: Floats, likes: float) -> Floats:
    return both * _pmi(both, one, other, likes)


def _ppmi(both: Floats, one: Floats, other: Floats, likes: float) -> Floats:
    return np.maximum(_pmi(both, one, other, likes), 0.0)


def _count(both: Floats, one: Floats, other: Floats, likes: float) -> Floats:
    return both


def _cosine(both: Floats, one: Floats, other: Floats, likes: float) -> Floats:
    return np.asarray(both / np.sqrt(one * other))


def _jaccard(both: Floats, one: Floats, other: Floats, likes: float) -> Floats:
    return both / (one + other - both)


MEASURES: dict[Measure, Weigh] = {
    "weightedPmi": _weighted_pmi, "pmi": _pmi, "ppmi": _ppmi, "count": _count, "cosine": _cosine, "jaccard": _jaccard,
}  # fmt: skip
