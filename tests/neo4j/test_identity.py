"""Equal data give equal models, and what is held out changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.neo4j.board import BOOKS, READERS, TRAIN, Board, make_board
from tests.neo4j.stack import Rows, Stack, stored_versions

RECOMMEND = """
CALL bridge.recommend.stream($graph, {modelName: $name, topK: 5}) YIELD sourceNodeId, targetNodeId, score, rank
RETURN gds.util.asNode(sourceNodeId).readerId AS reader, gds.util.asNode(targetNodeId).bookId AS book, score, rank
ORDER BY reader, rank
"""

PREDICT = """
MATCH (r:$($label)) WITH collect(id(r)) AS readers
CALL bridge.predict.stream($graph, {modelName: $name, modelVersion: $version, sourceNodeFilter: readers})
YIELD sourceNodeId, targetNodeId, score
RETURN gds.util.asNode(sourceNodeId).readerId AS reader, gds.util.asNode(targetNodeId).bookId AS book, score
ORDER BY reader, book
"""

FINGERPRINT = """
CALL bridge.snapshot.stats($graph, {relationshipProperties: ['rating', 'timestamp'], nodeProperties: ['pages']})
YIELD fingerprint RETURN fingerprint
"""

OVERWRITE = """
MATCH (:$($label))-[rated:RATED]->() WHERE rated.part IN $parts
SET rated.rating = 5.5 - rated.rating
RETURN count(*) AS ratings
"""


@pytest.fixture
def own(stack: Stack, unique: Callable[[str], str]) -> Board:
    """Make a board that the test may change."""
    return make_board(stack, unique("own"))


def test_projections_read_by_one_and_by_four_threads_are_the_same(
    stack: Stack, board: Board, unique: Callable[[str], str]
) -> None:
    """One fingerprint, and with one seed the very same bytes of weights."""
    found = []
    for threads in (1, 4):
        graph = board.project(stack, unique("threads"), read_concurrency=threads)
        model = unique("threads")
        stack.rows(TRAIN, graph=graph, config=board.train(modelName=model, epochs=10, concurrency=1))
        found.append((stack.row(FINGERPRINT, graph=graph), _hashes(stack, model)))
    assert found[0] == found[1]


def test_another_seed_gives_other_weights(stack: Stack, ranking: str) -> None:
    """The comparison of hashes above can fail: versions 1 and 2 differ in their seed alone."""
    one, two = (json.loads((folder / "manifest.json").read_text()) for folder in stored_versions(stack.home, ranking))
    assert one["files"]["served.safetensors"]["sha256"] != two["files"]["served.safetensors"]["sha256"]


def _hashes(stack: Stack, model: str) -> dict[str, str]:
    (folder,) = stored_versions(stack.home, model)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    return {name: facts["sha256"] for name, facts in files.items() if name.endswith(".safetensors")}


LEAKS: dict[str, tuple[dict[str, Any], list[int]]] = {
    "ratings": ({"objective": "rating", "epochs": 1}, [1, 2]),
    "rankings": ({"objective": "ranking", "epochs": 5}, [2]),
}
"""By objective, what to train and the parts that the served weights may not know: rankings learn from validation."""


@pytest.mark.parametrize("objective", LEAKS)
def test_overwriting_all_held_out_values_changes_no_prediction(stack: Stack, own: Board, objective: str) -> None:
    """With `refit: false` and the same seed, bit for bit: nothing held out has leaked into the model."""
    changes, parts = LEAKS[objective]
    before, after = _before_and_after(stack, own, own.train(likedThreshold=3.0, **changes), parts)
    assert len(before) == READERS * BOOKS
    assert before == after


def test_overwriting_training_values_changes_predictions(stack: Stack, own: Board) -> None:
    """The comparison of predictions above can fail."""
    before, after = _before_and_after(stack, own, own.train(objective="rating"), [0])
    assert before != after


def _before_and_after(stack: Stack, own: Board, config: dict[str, Any], parts: list[int]) -> list[Rows]:
    """Train, overwrite the ratings of some parts, train again; let both versions predict on the first projection."""
    own.project(stack)
    stack.rows(TRAIN, graph=own.name, config=config | {"splitProperty": "part", "refit": False})
    assert stack.row(OVERWRITE, label=own.reader, parts=parts)["ratings"] > 50
    overwritten = own.project(stack, f"{own.name}_overwritten")
    stack.rows(TRAIN, graph=overwritten, config=config | {"splitProperty": "part", "refit": False})
    asked = {"graph": own.name, "name": own.name, "label": own.reader}
    return [stack.rows(PREDICT, **asked, version=version) for version in (1, 2)]


def test_readded_nodes_keep_their_identity(stack: Stack, own: Board) -> None:
    """A model knows nodes by their keys: readers made anew, with other Neo4j ids, get what they got before."""
    own.project(stack)
    stack.rows(TRAIN, graph=own.name, config=own.train(epochs=10))
    before = _recommended(stack, own)
    stack.rows(
        "MATCH (old:$($label)) WHERE old.readerId % 3 = 0 MATCH (old)-[rated:RATED]->(book) "
        "WITH old, collect({book: book, facts: properties(rated)}) AS ratings, old.readerId AS readerId "
        "DETACH DELETE old CREATE (new:$($label) {readerId: -readerId}) WITH new, ratings "
        "UNWIND ratings AS rating WITH new, rating, rating.book AS book "
        "CREATE (new)-[rated:RATED]->(book) SET rated = rating.facts",
        label=own.reader,
    )
    stack.rows("MATCH (new:$($label)) WHERE new.readerId < 0 SET new.readerId = -new.readerId", label=own.reader)
    own.project(stack)
    assert _recommended(stack, own) == before


def _recommended(stack: Stack, board: Board) -> Rows:
    return stack.rows(RECOMMEND, graph=board.name, name=board.name)
