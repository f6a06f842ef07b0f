"""Sage keeps the promises of every model, and its two terms of the article."""

from typing import ClassVar

import numpy as np

from bridge.models.sage import Sage, SageHyperparameters, _class_weights, _cut
from tests.boards import two_camps, with_values
from tests.models.contract import ModelContract


class TestSage(ModelContract):
    model = Sage
    name = "sage"
    settings: ClassVar = {"epochs": 300, "embeddingDimension": 16}
    past_the_best: ClassVar = {"epochs": 40, "learningRate": 0.02}

    def test_truncated_targets_give_whole_stars_for_a_scale(self) -> None:
        """With `truncateTargets`, 4.5 everywhere is learned as 4, and no prediction is above that."""
        board = two_camps()
        constant = with_values(board.projection, np.full(len(board.train), 4.5))
        problem = board.problem(projection=constant)
        assert self.scores(self.quick(problem, truncateTargets=True), constant).max() <= 4.0
        assert self.scores(self.quick(problem), constant).max() == 4.5


def test_class_weights_are_the_highest_count_over_each_count() -> None:
    """Half stars are cut before they are counted: three of 3, one of 4."""
    settings = SageHyperparameters(truncate_targets=True, class_weights=True)
    values = _cut(np.array([3.5, 3.0, 4.0, 3.0]), settings)
    np.testing.assert_array_equal(_class_weights(values, settings), [1, 1, 3, 1])
