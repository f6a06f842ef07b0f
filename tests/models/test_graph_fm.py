"""GraphFm keeps the promises of every model, and predicts on the scale it was trained on."""

from typing import ClassVar

import numpy as np

from bridge.models.graph_fm import GraphFm
from tests.boards import two_camps
from tests.models.contract import ModelContract


class TestGraphFm(ModelContract):
    model = GraphFm
    name = "graphFm"
    settings: ClassVar = {"epochs": 150, "learningRate": 0.02}

    def test_predictions_stay_on_the_scale(self) -> None:
        """No prediction leaves the range of the values learned from."""
        board = two_camps()
        scores = self.scores(self.fit(board.problem()).model, board.projection)
        assert scores.min() >= 1.0
        assert scores.max() <= 5.0
        assert np.ptp(scores) > 2.0
