"""Rollback after the features were made otherwise: refused with the feature's name, or right; never silently wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.neo4j.board import BOOKS, NODES, TRAIN, Board, make_board
from tests.neo4j.stack import Stack

PROJECT = """
CALL gds.graph.project($name, $nodes,
  {RATED: {properties: ['rating']}, ON: {}, WROTE: {orientation: 'UNDIRECTED'}})
YIELD graphName RETURN graphName
"""

FAST_RP = """
CALL gds.fastRP.mutate($name, {relationshipTypes: ['WROTE'], embeddingDimension: 16, randomSeed: $seed,
  mutateProperty: 'fastrp', concurrency: 1})
YIELD nodePropertiesWritten RETURN nodePropertiesWritten
"""

ENCODE = """
CALL bridge.encode.multiHot.mutate($name, {nodeLabels: [$label], relationshipTypes: ['ON'], mutateProperty: 'shelves',
  vocabulary: $vocabulary})
YIELD vocabulary RETURN vocabulary
"""

SHELVE = """
MERGE (shelf:{shelf} {{name: $name}})
WITH shelf MATCH (book:{book}) WHERE book.bookId IN $books
CREATE (book)-[:ON]->(shelf)
"""

CLEAR_AWAY = "MATCH (shelf:{shelf} {{name: $name}}) DETACH DELETE shelf"

ROLLBACK = "CALL bridge.model.rollback($name) YIELD modelVersion RETURN modelVersion"

PREDICT = """
CALL bridge.predict.stream($graph, {modelName: $model, modelVersion: $version, pairRelationshipType: 'RATED'})
YIELD sourceNodeId, targetNodeId, score, modelVersion
RETURN sourceNodeId, targetNodeId, score, modelVersion ORDER BY sourceNodeId, targetNodeId
"""

EMBED = """
CALL bridge.embed.stream($graph, {modelName: $model, nodeLabels: [$label]})
YIELD nodeId, embedding, modelVersion RETURN nodeId, embedding, modelVersion
"""

OLD, NEW = "xeno", "zoo"
"""The shelf that vanishes and the one that comes. In the order of their names both stand last: only books without a
rating, which no message reaches, get another vector; the dimension stays the same."""


@dataclass(frozen=True)
class Shelved:
    """A board whose shelves change, with a model of two versions that is rolled back to the first."""

    board: Board
    stack: Stack
    predicted: list[tuple[int, int, float]]
    """What version 1 said of all rated pairs when it was trained."""

    @property
    def vocabulary(self) -> str:
        """The vocabulary of version 1's training."""
        return f"{self.board.name}.shelves"

    def project(self, name: str, *, seed: int, vocabulary: str | None) -> list[str]:
        """Project the board as it is now, with FastRP and shelves as features; return the vocabulary's values."""
        board, stack = self.board, self.stack
        nodes = {label: {} for label in (board.author, board.shelf, board.reader, board.book)}
        stack.rows(PROJECT, name=name, nodes=nodes)
        stack.rows(FAST_RP, name=name, seed=seed)
        values: list[str] = stack.row(ENCODE, name=name, label=board.book, vocabulary=vocabulary)["vocabulary"]
        return values

    def train(self, graph: str) -> None:
        """Train the next version."""
        features = {self.board.book: ["fastrp", "shelves"]}
        config = self.board.train(objective="rating", featureProperties=features, relationshipTypes=["RATED"])
        self.stack.rows(TRAIN, graph=graph, config=config)

    def predict(self, graph: str, version: int | None = None) -> list[tuple[int, int, float]]:
        """Return the predictions of all rated pairs, which the version that is meant must have made."""
        rows = self.stack.rows(PREDICT, graph=graph, model=self.board.name, version=version)
        assert {row["modelVersion"] for row in rows} == {version or 1}
        return [(row["sourceNodeId"], row["targetNodeId"], row["score"]) for row in rows]

    def refusals(self, graph: str) -> list[str]:
        """Return what prediction and embedding say, both of which must refuse."""
        asked = {"graph": graph, "model": self.board.name}
        return [
            self.stack.error(PREDICT, version=None, **asked), self.stack.error(EMBED, label=self.board.book, **asked),
        ]  # fmt: skip


@pytest.fixture(scope="module")
def shelved(stack: Stack, unique: Callable[[str], str]) -> Shelved:
    """Train version 1; change the shelves, run FastRP with another seed, train version 2; roll back."""
    board = make_board(stack, unique("rollback"))
    words = {"shelf": board.shelf, "book": board.book}
    stack.rows(NODES, label=board.book, rows=[{"bookId": 9000 + place, "pages": 1} for place in range(4)])
    stack.rows(SHELVE.format(**words), name=OLD, books=[9000, 9001])
    predicted: list[tuple[int, int, float]] = []
    shelved = Shelved(board, stack, predicted)
    assert shelved.project(board.name, seed=1, vocabulary=shelved.vocabulary) == ["east", "west", OLD]
    shelved.train(board.name)
    predicted.extend(shelved.predict(board.name))
    stack.rows(CLEAR_AWAY.format(**words), name=OLD)
    stack.rows(SHELVE.format(**words), name=NEW, books=[9002, 9003])
    later = unique("later")
    assert shelved.project(later, seed=2, vocabulary=None) == ["east", "west", NEW]
    shelved.train(later)
    assert len(set(shelved.predict(later, 2)) & set(predicted)) < len(predicted)
    assert stack.row(ROLLBACK, name=board.name) == {"modelVersion": 1}
    return shelved


def test_fast_rp_of_another_seed_is_refused_by_its_name(shelved: Shelved, unique: Callable[[str], str]) -> None:
    """Its vectors have the same dimension, and mean nothing to the version that answers again."""
    name = unique("seed")
    shelved.project(name, seed=2, vocabulary=shelved.vocabulary)
    for text in shelved.refusals(name):
        assert f"The feature `fastrp` of `{shelved.board.book}` is not the one that the model was trained on" in text
        assert "`randomSeed`" in text


def test_a_shelf_for_another_is_refused_by_the_features_name(shelved: Shelved, unique: Callable[[str], str]) -> None:
    """One came and one vanished: nearly all vectors are as before, and the last position means something else."""
    name = unique("shelf")
    shelved.project(name, seed=1, vocabulary=None)
    for text in shelved.refusals(name):
        assert f"The feature `shelves` of `{shelved.board.book}` was made by `multiHot:" in text
        assert "`vocabulary`" in text


def test_with_features_as_they_were_the_answers_are_as_they_were(
    shelved: Shelved, unique: Callable[[str], str]
) -> None:
    """The same seed, and the vocabulary of the first training: every prediction of version 1, on the new shelves."""
    name = unique("right")
    assert shelved.project(name, seed=1, vocabulary=shelved.vocabulary) == ["east", "west", OLD]
    now = shelved.predict(name)
    assert [row[:2] for row in now] == [row[:2] for row in shelved.predicted]
    assert [row[2] for row in now] == pytest.approx([row[2] for row in shelved.predicted], abs=1e-5)
    embedded = shelved.stack.rows(EMBED, graph=name, model=shelved.board.name, label=shelved.board.book)
    assert len(embedded) == BOOKS, "no message reaches the four without a rating"
    assert {row["modelVersion"] for row in embedded} == {1}


def test_the_version_that_was_rolled_back_answers_by_its_number(
    shelved: Shelved, unique: Callable[[str], str]
) -> None:
    """On features as they were for it: another seed and the new shelf."""
    name = unique("newer")
    shelved.project(name, seed=2, vocabulary=None)
    assert len(shelved.predict(name, 2)) == len(shelved.predicted)
