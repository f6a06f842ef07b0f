"""Running the baselines that a model's metrics stand beside, on the same held-out relationships."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, Protocol, Self

import numpy as np

from bridge.core.learning import Interactions, Scorer
from bridge.core.progress import Progress, silent
from bridge.evaluation.cost import ALL, FAST, Cost
from bridge.evaluation.metrics import evaluate_ranking, evaluate_rating
from bridge.evaluation.ranking_baselines import Ease, ItemKnn, Popularity
from bridge.evaluation.rating_baselines import Bias, GlobalMean, ResidualItemKnn


class Baseline(Scorer, Protocol):
    """A scorer that is fitted to relationships alone."""

    @classmethod
    def fit(cls, train: Interactions, /) -> Self:
        """Fit it."""
        ...

    @staticmethod
    def cost(train: Interactions, /) -> Cost:
        """Estimate what fitting takes."""
        ...


Objective = Literal["rating", "ranking"]
Extent = Literal["fast", "all", "none"]
"""`fast`: what each baseline may take is limited to FAST; `all`: to ALL; `none`: no baselines."""

BASELINES: dict[Objective, dict[str, type[Baseline]]] = {
    "rating": {"mean": GlobalMean, "bias": Bias, "itemKnn": ResidualItemKnn},
    "ranking": {"popularity": Popularity, "itemKnn": ItemKnn, "ease": Ease},
}


def run_baselines(
    extent: Extent,
    objective: Objective,
    *,
    train: Interactions,
    test: Interactions,
    validation: Interactions | None = None,
    liked_threshold: float = 0.0,
    relevant_threshold: float = 0.0,
    k: int = 10,
    progress: Progress = silent,
) -> dict[str, dict[str, Any]]:
    """Fit and measure the baselines of an objective.

    Rating baselines are fitted on `train` alone and clamped to its scale; ranking baselines on `train` and
    `validation`, EASE to what is liked, the others to what is relevant.

    Args:
        extent: how much each may cost.
        objective: whose baselines.
        train: training relationships.
        test: those that are measured.
        validation: seen too, for ranking.
        liked_threshold: a value of at least this is liked.
        relevant_threshold: a value of at least this is relevant.
        k: length of the lists.
        progress: told after each baseline.

    Returns:
        By name, the metrics; or `{"skipped": reason}` where the estimated cost is too high or there is nothing to fit.
    """
    # Over 40 lines for what it takes and gives: the work is one loop.
    if extent == "none":
        return {}
    results: dict[str, dict[str, Any]] = {}
    seen = train if validation is None else together(train, validation)
    for done, (name, baseline) in enumerate(BASELINES[objective].items()):
        progress(done / len(BASELINES[objective]), f"baseline {name}")
        if objective == "rating":
            fit_on = train
        else:
            threshold = liked_threshold if name == "ease" else relevant_threshold
            fit_on = seen.where(seen.values >= threshold)
        results[name] = _skipped(extent, baseline, fit_on) or _measured(
            objective, baseline.fit(fit_on), train, test, seen, relevant_threshold, k
        )
    progress(1.0)
    return results


def simplest_baseline(
    objective: Objective,
    *,
    train: Interactions,
    validation: Interactions,
    test: Interactions,
    relevant_threshold: float = 0.0,
    k: int = 10,
) -> dict[str, Any]:
    """Return the test metrics of what a model must beat to be one: the mean of the values, or popularity.

    Its cost is that of counting, so it is never skipped. Parameters as in `run_baselines`.
    """
    seen = together(train, validation)
    if objective == "rating":
        return _measured(objective, GlobalMean.fit(train), train, test, seen, relevant_threshold, k)
    liked = seen.where(seen.values >= relevant_threshold)
    return _measured(objective, Popularity.fit(liked), train, test, seen, relevant_threshold, k)


def _skipped(extent: Extent, baseline: type[Baseline], fit_on: Interactions) -> dict[str, Any]:
    if not len(fit_on):
        return {"skipped": "no training relationship has a value that is high enough to learn from"}
    limit = FAST if extent == "fast" else ALL
    cost = baseline.cost(fit_on)
    if cost.within(limit):
        return {}
    hint = "; `baselines: 'all'` allows more" if extent == "fast" and cost.within(ALL) else ""
    return {"skipped": f"it would take about {cost}, and at most {limit} are allowed{hint}"}


def _measured(
    objective: Objective,
    scorer: Scorer,
    train: Interactions,
    test: Interactions,
    seen: Interactions,
    relevant_threshold: float,
    k: int,
) -> dict[str, Any]:
    if objective == "rating":
        scale = (float(train.values.min()), float(train.values.max()))
        return dict(evaluate_rating(scorer, test, scale).as_map())
    return dict(evaluate_ranking(scorer, test, seen, relevant_threshold, k).as_map())


def together(one: Interactions, other: Interactions) -> Interactions:
    """Put two disjoint parts of the same relationships together; times are left out."""
    return replace(
        one,
        sources=np.concatenate([one.sources, other.sources]),
        targets=np.concatenate([one.targets, other.targets]),
        values=np.concatenate([one.values, other.values]),
        times=None,
    )
