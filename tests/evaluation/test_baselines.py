"""Baselines reach the figures they are known for, or say why they were left out."""

from __future__ import annotations

import pytest

from bridge.core.learning import Interactions
from bridge.evaluation import baselines
from bridge.evaluation.baselines import BASELINES, Objective, run_baselines, together
from bridge.evaluation.cost import Cost
from tests.evaluation.boards import movielens, two_camps

TRAIN, WITHHELD = two_camps()

FIGURES = {
    ("random0", "rating"): {"mean": 1.047, "bias": 0.8705, "itemKnn": 0.8555},
    ("random0", "ranking"): {"popularity": 0.1236, "itemKnn": 0.2283, "ease": 0.2509},
    ("temporal0", "rating"): {"mean": 1.076, "bias": 0.8996, "itemKnn": 0.8941},
    ("temporal0", "ranking"): {"popularity": 0.0520, "itemKnn": 0.0813, "ease": 0.0904},
}
"""RMSE and NDCG@10 on MovieLens latest-small; other implementations reach the same within .003."""


@pytest.mark.parametrize(("split", "objective"), FIGURES)
def test_the_known_figures_of_movielens_are_reproduced(split: str, objective: Objective) -> None:
    """Rating baselines fitted on training alone; ranking ones on validation too, relevant from 4, liked from 3.5."""
    train, validation, test = movielens(split)
    found = run_baselines(
        "fast", objective, train=train, validation=validation, test=test, liked_threshold=3.5, relevant_threshold=4.0
    )
    metric = "rmse" if objective == "rating" else "ndcgAt10"
    assert {name: row[metric] for name, row in found.items()} == pytest.approx(FIGURES[split, objective], abs=1e-3)


def run(objective: Objective, extent: baselines.Extent = "fast", **options: float) -> dict:
    return run_baselines(extent, objective, train=TRAIN, test=WITHHELD, **options)


@pytest.mark.parametrize("objective", ["rating", "ranking"])
def test_none_runs_none(objective: Objective) -> None:
    """`none` is for those who are in a hurry."""
    assert run(objective, "none") == {}
    assert run(objective).keys() == BASELINES[objective].keys()


def test_what_costs_too_much_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason has the estimate, the limit, and the key that allows more if that would help."""
    monkeypatch.setattr(BASELINES["ranking"]["ease"], "cost", lambda liked: Cost(2**30, 100))
    found = run("ranking", relevant_threshold=4.0)
    assert found["ease"] == {
        "skipped": "it would take about 1.0 GiB and 100 s, and at most 2.0 GiB and 30 s are allowed; "
        "`baselines: 'all'` allows more"
    }
    assert "ndcgAt10" in found["itemKnn"]
    assert "ndcgAt10" in run("ranking", "all", relevant_threshold=4.0)["ease"]
    monkeypatch.setattr(BASELINES["ranking"]["ease"], "cost", lambda liked: Cost(2**50, 1))
    assert "allows more" not in run("ranking", relevant_threshold=4.0)["ease"]["skipped"]


def test_nothing_liked_is_skipped_not_fitted() -> None:
    """A liked threshold above all training values leaves EASE nothing to learn from."""
    found = run("ranking", liked_threshold=6.0, relevant_threshold=4.0)
    assert found["ease"] == {"skipped": "no training relationship has a value that is high enough to learn from"}
    assert found["itemKnn"]["ndcgAt10"] > 0.5


def test_validation_is_seen_by_ranking_and_unknown_to_rating() -> None:
    """Ranking baselines are fitted with it and do not recommend it; rating baselines do not look at it."""
    train, validation = TRAIN.where(TRAIN.sources > 9), TRAIN.where(TRAIN.sources <= 9)
    options = {"test": WITHHELD, "relevant_threshold": 4.0, "k": 1}
    together_found = run_baselines("fast", "ranking", train=train, validation=validation, **options)
    assert together_found == run_baselines("fast", "ranking", train=together(train, validation), **options)
    assert together_found != run_baselines("fast", "ranking", train=train, **options)
    with_validation = run_baselines("fast", "rating", train=train, validation=validation, test=WITHHELD)
    assert with_validation == run_baselines("fast", "rating", train=train, test=WITHHELD)


def test_together_has_both_parts() -> None:
    """Nothing is lost and counts of nodes stay."""
    both: Interactions = together(TRAIN, WITHHELD)
    assert len(both) == len(TRAIN) + len(WITHHELD)
    assert both.values.sum() == TRAIN.values.sum() + WITHHELD.values.sum()
    assert (both.source_count, both.target_count) == (30, 48)
