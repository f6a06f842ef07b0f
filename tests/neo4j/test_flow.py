"""The way from a projection to RECOMMENDED relationships, each step a CALL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.neo4j.board import Board
from tests.neo4j.stack import Stack

TRAIN = "CALL bridge.gnn.train($graph, $config) YIELD modelInfo, configuration, trainMillis RETURN *"


@pytest.fixture(scope="module")
def ranking(stack: Stack, board: Board, unique: Callable[[str], str]) -> dict[str, Any]:
    """Train a model for rankings; return the row."""
    return stack.row(TRAIN, graph=board.name, config=board.train(modelName=unique("ranking"), epochs=20))


def test_a_trained_model_says_what_it_is_and_how_good(ranking: dict[str, Any]) -> None:
    """modelInfo has the metrics of the held-out parts with their sizes, the seed and the fingerprint."""
    info = ranking["modelInfo"]
    assert info["modelVersion"] == 1
    assert set(info["metrics"]) == {"validation", "test"}
