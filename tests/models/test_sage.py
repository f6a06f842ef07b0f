"""Sage keeps the promises of every model, and its two terms of the article."""

import numpy as np
import pytest

from bridge.models.sage import Sage, SageHyperparameters, _class_weights, _cut
from tests.boards import two_camps
from tests.models.contract import ModelContract


class TestSage(ModelContract):
    model = Sage
    name = "sage"
    settings = {"epochs": 80, "embeddingDimension": 16}

    def test_truncated_targets_give_whole_stars_for_a_scale(self) -> None:
        """With `truncateTargets`, predictions end where the truncated values do."""
        board = two_camps()
        scores = self.scores(self.fit(board.problem(), truncateTargets=True).model, board.projection)
        assert scores.max() <= 5.0
        assert scores.min() == pytest.approx(1.0, abs=0.2)


def test_class_weights_are_the_highest_count_over_each_count() -> None:
    """Half stars are cut before they are counted: three of 3, one of 4."""
    settings = SageHyperparameters(truncate_targets=True, class_weights=True)
    values = _cut(np.array([3.5, 3.0, 4.0, 3.0]), settings)
    np.testing.assert_array_equal(_class_weights(values, settings), [1, 1, 3, 1])
