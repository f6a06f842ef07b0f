"""GraphFm keeps the promises of every model, and predicts on the scale it was trained on."""

from typing import ClassVar

import numpy as np
import pytest

from bridge.models import graph_fm
from bridge.models.graph_fm import GraphFm
from tests.boards import two_camps
from tests.models.contract import ModelContract


class TestGraphFm(ModelContract):
    model = GraphFm
    name = "graphFm"
    settings: ClassVar = {"epochs": 150, "learningRate": 0.02}
    past_the_best: ClassVar = {"epochs": 40, "learningRate": 0.2}

    def test_predictions_stay_on_the_scale(self) -> None:
        """No prediction leaves the range of the values learned from."""
        board = two_camps()
        scores = self.scores(self.fit(board.problem()).model, board.projection)
        assert scores.min() >= 1.0
        assert scores.max() <= 5.0
        assert np.ptp(scores) > 2.0

    def test_kept_weights_are_an_average_of_the_steps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The steps are the same, but not their last weights are kept."""
        board = two_camps()
        averaged = self.fit(board.problem(), epochs=4)
        monkeypatch.setattr(graph_fm, "AVERAGING", 0.0)
        last = self.fit(board.problem(), epochs=4)
        assert averaged.history == last.history
        one, other = (self.scores(each.model, board.projection) for each in (averaged, last))
        assert np.abs(one - other).max() > 1e-3
