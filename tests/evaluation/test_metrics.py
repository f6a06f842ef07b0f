"""Metrics are those of the formulas, computed by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bridge.core.errors import FailedPreconditionError
from bridge.core.learning import Interactions
from bridge.evaluation import metrics
from bridge.evaluation.metrics import evaluate_ranking, evaluate_rating


class Fixed:
    """Scores from a table."""

    def __init__(self, scores: Sequence[Sequence[float]]) -> None:
        self.scores = np.array(scores, dtype=np.float32)

    def pairs(self, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return self.scores[sources, targets]

    def block(self, sources: np.ndarray) -> np.ndarray:
        return self.scores[sources]


def links(rows: Sequence[tuple[int, int, float]], sources: int = 4, targets: int = 6) -> Interactions:
    table = np.array(rows, dtype=float).reshape(-1, 3)
    return Interactions(table[:, 0].astype(np.int32), table[:, 1].astype(np.int32), table[:, 2], sources, targets)


SEEN = [(0, 0, 5.0), (1, 5, 1.0), (2, 1, 5.0)]
HELD_OUT = [
    (0, 1, 5.0), (0, 3, 4.0), (0, 2, 1.0),  # ranks 1 and 3 of 0's candidates 1, 2, 3, 4, 5
    (1, 4, 4.5), (1, 0, 5.0), (1, 1, 4.0),  # only 0 is in the first three: rank 3
    (2, 4, 5.0),  # no hit
    (3, 0, 3.5),  # not relevant: 3 is left out
]  # fmt: skip
SCORES = [[9, 8, 7, 6, 5, 4], [7, 1, 9, 8, 0, 10], [3, 9, 3, 3, 2, 3], [0, 0, 0, 0, 0, 0]]
LOG = np.log2([2, 3, 4])
NDCG = [(1 + 1 / LOG[2]) / (1 + 1 / LOG[1]), (1 / LOG[2]) / (1 + 1 / LOG[1] + 1 / LOG[2]), 0.0]


def test_ranking_metrics_are_those_computed_by_hand() -> None:
    """Binary NDCG by the ideal of min(k, relevant), recall by all relevant, ties by row, seen left out."""
    found = evaluate_ranking(Fixed(SCORES), links(HELD_OUT), links(SEEN), 4.0, k=3)
    assert found.sources.tolist() == [0, 1, 2]
    assert found.ndcg_by_source == pytest.approx(NDCG)
    assert found.as_map() == pytest.approx(
        {
            "ndcgAt3": np.mean(NDCG),
            "recallAt3": (1 + 1 / 3 + 0) / 3,
            "precisionAt3": (2 / 3 + 1 / 3 + 0) / 3,
            "hitRateAt3": 2 / 3,
            "mrrAt3": (1 + 1 / 3 + 0) / 3,
            "coverageAt3": 4 / 6,  # 1, 2, 3 and 2, 3, 0 and 0, 2, 3
            "sources": 3,
        }
    )


@pytest.mark.parametrize("elements", [1, 12, 1 << 20])
def test_the_size_of_the_blocks_does_not_matter(elements: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Source by source or all at once: the same figures; never more scores at a time than allowed."""
    monkeypatch.setattr(metrics, "_BLOCK_ELEMENTS", elements)
    asked: list[int] = []
    scorer = Fixed(SCORES)
    monkeypatch.setattr(scorer, "block", lambda sources: asked.append(len(sources)) or scorer.scores[sources])
    told: list[float] = []
    found = evaluate_ranking(
        scorer, links(HELD_OUT), links(SEEN), 4.0, k=3, progress=lambda fraction, *_, **__: told.append(fraction)
    )
    assert found.ndcg_by_source == pytest.approx(NDCG)
    assert max(asked) == max(1, min(3, elements // 6))
    assert told[-1] == 1.0


def test_a_held_out_target_that_was_seen_is_not_relevant() -> None:
    """It can be in no list, so it counts in no ideal; parallel relationships count once."""
    held_out = links([(0, 0, 5.0), (0, 1, 5.0), (0, 1, 5.0), (2, 1, 5.0)])
    found = evaluate_ranking(Fixed(SCORES), held_out, links(SEEN), 4.0, k=3)
    assert found.sources.tolist() == [0]
    assert (found.ndcg, found.recall, found.precision) == pytest.approx((1, 1, 1 / 3))


def test_scores_of_the_model_are_left_as_they_are() -> None:
    """Leaving out what was seen must not write into a model's own array."""
    scorer = Fixed(SCORES)
    scorer.block = lambda sources: scorer.scores[: len(sources)]  # type: ignore[method-assign]
    evaluate_ranking(scorer, links(HELD_OUT), links(SEEN), 4.0, k=3)
    assert scorer.scores.tolist() == SCORES


def test_rating_metrics_clamp_predictions_to_the_scale() -> None:
    """A prediction of 9 on a scale to 5 is a 5; errors are in the unit of the values."""
    found = evaluate_rating(Fixed(SCORES), links([(0, 0, 4.0), (1, 1, 2.0), (2, 4, 5.0)]), (0.5, 5.0))
    assert found.squared_errors.tolist() == [1, 1, 9]
    assert found.as_map() == pytest.approx({"rmse": np.sqrt(11 / 3), "mae": 5 / 3, "count": 3})


def test_many_pairs_are_scored_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pieces are put together in order."""
    monkeypatch.setattr(metrics, "_PAIRS", 2)
    found = evaluate_rating(Fixed(SCORES), links(HELD_OUT), (-100, 100))
    assert found.squared_errors.tolist() == [9, 4, 36, 20.25, 4, 9, 9, 12.25]


def test_nothing_to_measure_is_an_error() -> None:
    """Not a division by zero; the error names the keys to change."""
    with pytest.raises(FailedPreconditionError, match=r"No relationship is held out.*`testFraction`"):
        evaluate_rating(Fixed(SCORES), links([]), (0, 5))
    with pytest.raises(
        FailedPreconditionError, match=r"No relationship with a value of at least 6 .*`relevantThreshold`"
    ):
        evaluate_ranking(Fixed(SCORES), links(HELD_OUT), links(SEEN), 6.0)
