"""Whether a new version may serve: better than no model at all, and not worse than the version that serves now."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
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
class Metric:
    """What versions of one kind are compared by."""

    name: str
    """As it is called in the metrics of a version's test part."""
    statistic: Statistic
    """From the mean of the units' measures to the metric, more being better."""
    higher_is_better: bool
    unit: str
    """What is measured, in the plural."""

    def quality(self, value: float) -> float:
        """Turn the metric's value into one of which more is better; the same again turns it back."""
        return value if self.higher_is_better else -value


METRICS = {
    "rating": Metric("rmse", negative_root, higher_is_better=False, unit="relationships"),
    "ranking": Metric("ndcgAt10", mean_quality, higher_is_better=True, unit="source nodes"),
    "links": Metric("mrr", mean_quality, higher_is_better=True, unit="links"),
}
"""By objective; `links` is that of embeddings."""


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

    def as_map(self, metric: Metric) -> dict[str, Any]:
        """Return what is stored with the version: values as the metric has them, `lowerBound` of the gain."""
        facts: dict[str, Any] = {
            "passed": self.passed,
            "reason": self.reason,
            "text": self.text,
            "metric": metric.name,
            "quality": metric.quality(self.quality),
            "floor": metric.quality(self.floor),
        }
        if self.comparison is not None:
            facts |= {
                "candidate": metric.quality(self.comparison.candidate),
                "champion": metric.quality(self.comparison.champion),
                "lowerBound": self.comparison.lower_bound,
                "pairs": self.comparison.pairs,
            }
        return facts


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


def judge(
    metric: Metric,
    quality: float,
    floor: float,
    comparison: Comparison | None,
    *,
    tolerance: float,
    first: bool = False,
    obstacle: str = "",
) -> Verdict:
    """Decide.

    Args:
        metric: what it is about.
        quality: the candidate's metric, more being better.
        floor: the simplest baseline's on the same split, more being better.
        comparison: with the champion; None where nothing is held out for both, or where something stood in the way.
        tolerance: how much worse it may be, as a share of the champion's metric.
        first: there is no champion.
        obstacle: why there is no comparison; empty when nothing but too few held-out units kept from it.
    """
    if first:
        return Verdict(True, "FIRST_VERSION", "The first version always serves.", quality, floor)
    if not quality > floor:
        text = (
            f"Its {metric.name} of {abs(quality):.4f} is no better than the simplest baseline's {abs(floor):.4f}. "
            "Train it longer or on more data, or promote it by hand."
        )
        return Verdict(False, "BELOW_FLOOR", text, quality, floor, comparison)
    obstacle = obstacle or _obstacle(metric, comparison)
    if obstacle or comparison is None:
        return Verdict(False, "NOT_COMPARABLE", obstacle, quality, floor, comparison)
    allowed = tolerance * abs(comparison.champion)
    numbers = (
        f"On {comparison.pairs:,} {metric.unit} held out for both, its {metric.name} is "
        f"{abs(comparison.candidate):.4f} and the serving version's {abs(comparison.champion):.4f}; the 95% interval "
        f"of the gain begins at {comparison.lower_bound:+.4f}, and {-allowed:+.4f} is allowed."
    )
    passed = comparison.lower_bound >= -allowed
    return Verdict(passed, "NOT_WORSE" if passed else "WORSE", numbers, quality, floor, comparison)


def _obstacle(metric: Metric, comparison: Comparison | None) -> str:
    pairs = 0 if comparison is None else comparison.pairs
    if comparison is None or pairs < LEAST_PAIRS:
        return (
            f"Only {pairs} {metric.unit} are held out for it and for the serving version too, and {LEAST_PAIRS} are "
            "needed to compare. Train with the same split settings as the serving version; where they are the same, "
            "the data are few: hold out more in both versions (`testFraction`), or promote it by hand."
        )
    if not math.isfinite(comparison.champion):
        return "The serving version predicts what is no number on this projection. Promote another version by hand."
    return ""


def losing_to(metric: Metric, value: float, baselines: dict[str, Any]) -> str | None:
    """Return a warning that names the best of the baselines that beat a model, and the others; None without any.

    Args:
        metric: what they are compared by.
        value: the model's.
        baselines: by name, the metrics on the same held-out part, or why it was skipped.
    """
    measured = {name: float(each[metric.name]) for name, each in baselines.items() if metric.name in each}
    better = [name for name, other in measured.items() if metric.quality(other) > metric.quality(value)]
    if not better:
        return None
    best = max(better, key=lambda name: metric.quality(measured[name]))
    others = ", ".join(f"`{name}`" for name in better if name != best)
    beside = f" (better too: {others})" if others else ""
    return (
        f"On the test part its {metric.name} is {value:.4f}; without a model, `{best}` reaches "
        f"{measured[best]:.4f}{beside}. Train it longer, on more data or with other settings before you rely on it."
    )
