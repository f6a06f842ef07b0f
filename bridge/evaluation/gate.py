"""Whether a new version may serve: better than no model at all, and not worse than the version that serves now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_PAIRS = 50
"""Pairs or sources held out for both versions; fewer tell nothing."""
SAMPLES = 1_000
CONFIDENCE = 0.95
_BLOCK_ELEMENTS = 1 << 22
"""Bootstrap weights held at once: 16 MiB."""

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From means of a unit's measure to the metric, both higher is better: float64 [n] → float64 [n]."""


def mean_quality(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the measure itself: NDCG of a source, reciprocal rank of a link."""
    return means


def negative_root(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take minus the root: of squared errors this is minus the RMSE, so that more is better."""
    return -np.sqrt(means)


@dataclass(frozen=True)
class Comparison:
    """A candidate and the champion on what is held out for both, as a quality of which more is better."""

    candidate: float
    champion: float
    lower_bound: float
    """Lower end of the 95% interval of candidate - champion, by a paired bootstrap (Efron, Tibshirani 1993)."""
    pairs: int
    """Relationships, sources or links that both were measured on."""


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a candidate."""

    passed: bool
    reason: str
    """FIRST_VERSION, NOT_WORSE, BELOW_FLOOR, WORSE or NOT_COMPARABLE."""
    text: str
    """The same for people, with the numbers."""
    quality: float
    """The candidate's metric on its own held-out part, more being better."""
    floor: float
    """The metric of the simplest baseline there."""
    comparison: Comparison | None = None

    def as_map(self) -> dict[str, Any]:
        """Return what is stored with the version."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def compare(
    candidate: NDArray[np.float64], champion: NDArray[np.float64], statistic: Statistic, *, seed: int
) -> Comparison:
    """Compare two versions on the same units.

    Args:
        candidate: float64 [n]; the measure of each unit (squared error, NDCG, reciprocal rank).
        champion: float64 [n]; the same units in the same order.
        statistic: from the mean of the measure to the metric.
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    count = len(candidate)
    differences = []
    step = max(1, _BLOCK_ELEMENTS // max(1, count))
    for start in range(0, SAMPLES, step):
        drawn = rng.integers(0, count, size=(min(step, SAMPLES - start), count))
        differences.append(statistic(candidate[drawn].mean(axis=1)) - statistic(champion[drawn].mean(axis=1)))
    lower = float(np.quantile(np.concatenate(differences), (1 - CONFIDENCE) / 2))
    ours, theirs = (float(statistic(np.array([each.mean()]))[0]) for each in (candidate, champion))
    return Comparison(ours, theirs, lower, count)


def judge(quality: float, floor: float, comparison: Comparison | None, *, tolerance: float, first: bool) -> Verdict:
    """Decide.

    Args:
        quality: the candidate's metric, more being better.
        floor: the simplest baseline's on the same split.
        comparison: with the champion; None where too little is held out for both.
        tolerance: how much worse it may be, as a share of the champion's metric.
        first: there is no champion.
    """
    if first:
        return Verdict(True, "FIRST_VERSION", "The first version always serves.", quality, floor)
    if not quality > floor:
        text = f"Its metric {abs(quality):.4f} is no better than the simplest baseline's {abs(floor):.4f}."
        return Verdict(False, "BELOW_FLOOR", text, quality, floor, comparison)
    if comparison is None or comparison.pairs < LEAST_PAIRS:
        pairs = 0 if comparison is None else comparison.pairs
        text = (
            f"Only {pairs} of what is held out is held out for the serving version too, and {LEAST_PAIRS} are needed "
            "to compare. Train with the same split settings as the serving version, or promote it by hand."
        )
        return Verdict(False, "NOT_COMPARABLE", text, quality, floor, comparison)
    allowed = tolerance * abs(comparison.champion)
    numbers = (
        f"On {comparison.pairs:,} held out for both it has {abs(comparison.candidate):.4f} and the serving version "
        f"{abs(comparison.champion):.4f}; the 95% interval of the gain begins at {comparison.lower_bound:+.4f}, and "
        f"{-allowed:+.4f} is allowed."
    )
    passed = comparison.lower_bound >= -allowed
    return Verdict(passed, "NOT_WORSE" if passed else "WORSE", numbers, quality, floor, comparison)
