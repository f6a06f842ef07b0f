"""bridge/evaluation/gate.py: who may serve."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.evaluation.gate import (
    LEAST_PAIRS,
    METRICS,
    Comparison,
    compare,
    judge,
    losing_to,
    mean_quality,
    negative_root,
)

RMSE, NDCG = METRICS["rating"], METRICS["ranking"]


def squared_errors(spread: float, seed: int, count: int = 2_000) -> np.ndarray:
    """Errors of one model: much is shared between models, since some ratings are odd for all of them."""
    shared = np.random.default_rng(1).normal(0, 0.7, count)
    return (shared + np.random.default_rng(seed).normal(0, spread, count)) ** 2


def test_a_better_candidate_passes_and_a_worse_one_does_not() -> None:
    """20 of each, 5% apart in RMSE: every one is told right."""
    for seed in range(20):
        good, bad = squared_errors(0.3, seed + 10), squared_errors(0.5, seed + 100)
        better = compare(good, bad, negative_root, seed=seed)
        assert judge(RMSE, better.candidate, -2.0, better, tolerance=0.01, first=False).passed
        worse = compare(bad, good, negative_root, seed=seed)
        verdict = judge(RMSE, worse.candidate, -2.0, worse, tolerance=0.01, first=False)
        assert (verdict.passed, verdict.reason) == (False, "WORSE")


def test_the_same_model_again_passes() -> None:
    errors = squared_errors(0.3, 0)
    comparison = compare(errors, errors, negative_root, seed=0)
    assert comparison.lower_bound == 0
    assert comparison.candidate == pytest.approx(-np.sqrt(errors.mean()))
    assert judge(RMSE, comparison.candidate, -2.0, comparison, tolerance=0.0, first=False).reason == "NOT_WORSE"


def test_pairing_sees_what_two_separate_intervals_would_not() -> None:
    """A gain of 1% that every unit has is certain, however different the units are."""
    quality = np.random.default_rng(2).random(500)
    comparison = compare(quality + 0.01, quality, mean_quality, seed=0)
    assert comparison.lower_bound == pytest.approx(0.01)


def test_a_difference_within_the_tolerance_passes() -> None:
    quality = np.full(500, 0.30)
    comparison = compare(quality * 0.995, quality, mean_quality, seed=0)
    assert judge(NDCG, 0.2985, 0.1, comparison, tolerance=0.01, first=False).passed
    assert not judge(NDCG, 0.2985, 0.1, comparison, tolerance=0.004, first=False).passed


def test_no_better_than_the_simplest_baseline_is_refused() -> None:
    better = compare(np.full(500, 0.2), np.full(500, 0.1), mean_quality, seed=0)
    verdict = judge(NDCG, 0.2, 0.2, better, tolerance=0.01, first=False)
    assert verdict.reason == "BELOW_FLOOR"
    assert "0.2000" in verdict.text
    assert not judge(NDCG, float("nan"), 0.2, better, tolerance=0.01, first=False).passed


@pytest.mark.parametrize("count", [0, LEAST_PAIRS - 1])
def test_too_little_in_common_is_not_comparable(count: int) -> None:
    comparison = compare(np.ones(count), np.ones(count), mean_quality, seed=0) if count else None
    verdict = judge(NDCG, 1.0, 0.1, comparison, tolerance=0.01, first=False)
    assert verdict.reason == "NOT_COMPARABLE"
    assert f"Only {count} source nodes are held out for it and" in verdict.text


def test_the_first_version_always_serves() -> None:
    """Also below the floor: there is nothing else that could."""
    assert judge(NDCG, 0.1, 0.2, None, tolerance=0.01, first=True).passed


def test_equal_seeds_give_equal_bounds() -> None:
    one, other = squared_errors(0.3, 0), squared_errors(0.31, 1)
    assert compare(one, other, negative_root, seed=4) == compare(one, other, negative_root, seed=4)
    assert compare(one, other, negative_root, seed=4) != compare(one, other, negative_root, seed=5)


def test_an_obstacle_is_the_reason_whatever_could_be_compared() -> None:
    same = compare(np.ones(500), np.ones(500), mean_quality, seed=0)
    verdict = judge(NDCG, 1.0, 0.1, same, tolerance=0.01, obstacle="It is of another kind.")
    assert (verdict.passed, verdict.reason, verdict.text) == (False, "NOT_COMPARABLE", "It is of another kind.")


def test_numbers_that_are_none_never_pass() -> None:
    nan = float("nan")
    assert not judge(NDCG, 0.5, 0.1, Comparison(nan, 0.4, nan, 500), tolerance=0.01).passed
    broken = judge(NDCG, 0.5, 0.1, Comparison(0.5, nan, nan, 500), tolerance=0.01)
    assert (broken.passed, broken.reason) == (False, "NOT_COMPARABLE")


def test_what_is_stored_is_in_the_unit_of_the_metric() -> None:
    """An RMSE is shown as one; only the gain has a sign."""
    comparison = compare(np.full(500, 0.81), np.full(500, 1.0), negative_root, seed=0)
    facts = judge(RMSE, -0.9, -1.05, comparison, tolerance=0.01).as_map(RMSE)
    assert facts == {
        "passed": True, "reason": "NOT_WORSE", "text": facts["text"], "metric": "rmse", "quality": 0.9, "floor": 1.05,
        "candidate": pytest.approx(0.9), "champion": pytest.approx(1.0), "lowerBound": pytest.approx(0.1), "pairs": 500,
    }  # fmt: skip
    assert "0.9000 and the serving version's 1.0000" in facts["text"]


def test_the_best_of_the_baselines_that_win_is_named() -> None:
    baselines = {"mean": {"rmse": 1.04}, "bias": {"rmse": 0.88}, "itemKnn": {"rmse": 0.9}, "slow": {"skipped": "why"}}
    assert losing_to(RMSE, 0.87, baselines) is None
    text = losing_to(RMSE, 0.95, baselines)
    assert text is not None
    assert "`bias` reaches 0.8800 (better too: `itemKnn`)" in text
