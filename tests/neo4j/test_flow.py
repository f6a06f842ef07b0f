"""The way from a projection to recommendations and predictions, each step a CALL."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.neo4j.board import BOOKS, READERS, TRAIN, Board
from tests.neo4j.stack import Stack

RECOMMEND = """
CALL bridge.recommend.stream($graph, $config) YIELD sourceNodeId, targetNodeId, score, rank, modelVersion, fallback
RETURN gds.util.asNode(sourceNodeId).readerId AS reader, gds.util.asNode(targetNodeId).bookId AS book,
  score, rank, modelVersion, fallback
"""

PREDICT = """
CALL bridge.predict.stream($graph, $config) YIELD sourceNodeId, targetNodeId, score, modelVersion, fallback
WITH gds.util.asNode(sourceNodeId) AS reader, gds.util.asNode(targetNodeId) AS book, score, modelVersion, fallback
OPTIONAL MATCH (reader)-[rated:RATED]->(book)
RETURN reader.readerId AS reader, book.bookId AS book, score, rated.rating AS rating, modelVersion, fallback
"""

RATED = """
MATCH (reader:$($label))-[:RATED]->(book)
RETURN reader.readerId AS reader, book.bookId AS book
"""

VECTORS = """
CALL gds.graph.nodeProperties.stream($graph, $property, [$label]) YIELD nodeId, propertyValue
RETURN gds.util.asNode(nodeId).bookId AS book, propertyValue AS vector
"""


def test_the_whole_way_from_a_projection_to_predictions(
    stack: Stack, board: Board, unique: Callable[[str], str]
) -> None:
    """FastRP, both encoders, a training on their vectors, and a prediction, as a newcomer's script has them."""
    graph = board.project(stack, unique("way"))
    stack.rows(
        "CALL gds.fastRP.mutate($graph, {embeddingDimension: 8, randomSeed: 1, mutateProperty: 'near'})", graph=graph
    )
    config = {"nodeLabels": [board.book], "sourceProperty": "title", "mutateProperty": "words"}
    text = stack.row("CALL bridge.encode.text.mutate($graph, $config)", graph=graph, config=config)
    config = {"nodeLabels": [board.book], "relationshipTypes": ["ON"], "mutateProperty": "camp"}
    hot = stack.row("CALL bridge.encode.multiHot.mutate($graph, $config)", graph=graph, config=config)
    assert (text["nodePropertiesWritten"], hot["nodePropertiesWritten"]) == (BOOKS, BOOKS)
    features = {board.book: ["near", "words", "camp"]}
    config = board.train(modelName=unique("way"), objective="rating", epochs=30, featureProperties=features)
    info = stack.row(TRAIN, graph=graph, config=config)["modelInfo"]
    config = {"modelName": info["modelName"], "pairRelationshipType": "RATED"}
    found = stack.rows(PREDICT, graph=graph, config=config)
    errors = np.array([row["score"] - row["rating"] for row in found])
    assert float(np.sqrt((errors**2).mean())) < 1.0, "the camps decide between 1.5 and 4.5 stars"


def test_multi_hot_says_which_shelf_a_book_stands_on(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """Each element of the vector stands for one neighbour's key, in the order of the vocabulary that is returned."""
    graph = board.project(stack, unique("hot"))
    config = {"nodeLabels": [board.book], "relationshipTypes": ["ON"], "mutateProperty": "camp"}
    row = stack.row("CALL bridge.encode.multiHot.mutate($graph, $config)", graph=graph, config=config)
    assert row["vocabulary"] == ["east", "west"]
    vectors = stack.rows(VECTORS, graph=graph, property="camp", label=board.book)
    shelves = stack.rows("MATCH (b:$($label))-[:ON]->(s) RETURN b.bookId AS book, s.name AS shelf", label=board.book)
    on = {each["book"]: each["shelf"] for each in shelves}
    assert {row["book"]: list(row["vector"]) for row in vectors} == {
        book: [1.0, 0.0] if shelf == "east" else [0.0, 1.0] for book, shelf in on.items()
    }


def test_text_vectors_of_unlike_titles_differ(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """Each node gets the vector of its own text, of the length that the row states."""
    graph = board.project(stack, unique("text"))
    config = {"nodeLabels": [board.shelf], "sourceProperty": "name", "mutateProperty": "words"}
    row = stack.row("CALL bridge.encode.text.mutate($graph, $config)", graph=graph, config=config)
    vectors = [each["vector"] for each in stack.rows(VECTORS, graph=graph, property="words", label=board.shelf)]
    assert [len(vector) for vector in vectors] == [row["embeddingDimension"]] * 2
    assert float(np.dot(*vectors)) < 0.99


def test_a_trained_model_says_what_it_is_and_how_good(stack: Stack, board: Board, ranking: str) -> None:
    """modelInfo has the metrics of the held-out parts beside the parts' sizes, the seed and the fingerprint."""
    row = stack.row("CALL bridge.model.list($name) YIELD modelInfo, trainConfig RETURN *", name=ranking)
    info = row["modelInfo"]
    ratings = len(stack.rows(RATED, label=board.reader))
    assert set(info["metrics"]) == {"validation", "test"}
    assert sum(info["splits"].values()) == ratings
    assert (info["randomSeed"], row["trainConfig"]["randomSeed"]) == (2, 2)
    assert len(info["fingerprint"]) == 64


def test_recommendations_are_of_the_readers_own_camp(stack: Stack, board: Board, ranking: str) -> None:
    """The board's answer is known: a reader likes the books of their camp."""
    found = stack.rows(RECOMMEND, graph=board.name, config={"modelName": ranking, "topK": 3})
    own = [board.same_camp(row["reader"], row["book"]) for row in found]
    assert len(found) == 3 * READERS
    assert np.mean(own) > 0.9


def test_recommendations_are_ranked_and_leave_out_what_is_rated(stack: Stack, board: Board, ranking: str) -> None:
    """Ranks ascend from 1 with falling scores; no pair is one that is rated already."""
    found = stack.rows(RECOMMEND, graph=board.name, config={"modelName": ranking, "topK": 4})
    rated = {(row["reader"], row["book"]) for row in stack.rows(RATED, label=board.reader)}
    assert not rated & {(row["reader"], row["book"]) for row in found}
    for reader in {row["reader"] for row in found}:
        mine = [row for row in found if row["reader"] == reader]
        assert [row["rank"] for row in mine] == [1, 2, 3, 4]
        assert [row["score"] for row in mine] == sorted((row["score"] for row in mine), reverse=True)


def test_without_an_exclusion_what_is_rated_comes_too(stack: Stack, board: Board, ranking: str) -> None:
    """`excludeRelationshipTypes: []` leaves out nothing."""
    config = {"modelName": ranking, "topK": BOOKS, "excludeRelationshipTypes": []}
    assert len(stack.rows(RECOMMEND, graph=board.name, config=config)) == READERS * BOOKS


def test_filters_choose_sources_and_targets(stack: Stack, board: Board, ranking: str) -> None:
    """Only the sources and targets that were named are in the rows."""
    ids = stack.row(
        "MATCH (r:$($reader) {readerId: 495}) MATCH (b:$($book)) WHERE b.bookId < 1010 "
        "RETURN id(r) AS reader, collect(id(b)) AS books",
        reader=board.reader, book=board.book,
    )  # fmt: skip
    config = {"modelName": ranking, "sourceNodeFilter": [ids["reader"]], "targetNodeFilter": ids["books"]}
    found = stack.rows(RECOMMEND, graph=board.name, config=config | {"excludeRelationshipTypes": []})
    assert {row["reader"] for row in found} == {495}
    assert {row["book"] for row in found} == set(range(1000, 1010))


@pytest.mark.parametrize("version", [1, 2])
def test_the_version_that_was_asked_for_answers(stack: Stack, board: Board, ranking: str, version: int) -> None:
    """`modelVersion` chooses, and the rows say which one it was."""
    found = stack.rows(RECOMMEND, graph=board.name, config={"modelName": ranking, "modelVersion": version})
    assert {row["modelVersion"] for row in found} == {version}


def test_the_newest_version_answers_when_none_is_named(stack: Stack, board: Board, ranking: str) -> None:
    """Versions 1 and 2 differ in their seed, so their scores differ, and the default is 2's."""
    scores = {
        version: [
            row["score"] for row in stack.rows(RECOMMEND, graph=board.name, config={"modelName": ranking} | version_)
        ]
        for version, version_ in ((1, {"modelVersion": 1}), (2, {"modelVersion": 2}), (None, {}))
    }
    assert scores[None] == scores[2]
    assert scores[1] != scores[2]


def test_predictions_come_for_every_linked_pair(stack: Stack, board: Board, rating: str) -> None:
    """`pairRelationshipType` asks for the pairs that it links, each once."""
    found = stack.rows(PREDICT, graph=board.name, config={"modelName": rating, "pairRelationshipType": "RATED"})
    pairs = [(row["reader"], row["book"]) for row in found]
    rated = [(row["reader"], row["book"]) for row in stack.rows(RATED, label=board.reader)]
    assert sorted(pairs) == sorted(rated)


def test_predictions_come_for_every_pair_of_two_filters(stack: Stack, board: Board, rating: str) -> None:
    """One source with all targets, linked or not."""
    reader = stack.row("MATCH (r:$($label) {readerId: 480}) RETURN id(r) AS id", label=board.reader)["id"]
    found = stack.rows(PREDICT, graph=board.name, config={"modelName": rating, "sourceNodeFilter": reader})
    assert {row["reader"] for row in found} == {480}
    assert len(found) == BOOKS


def test_a_deleted_node_is_never_recommended(stack: Stack, board: Board, ranking: str) -> None:
    """The projection still has it; the caller's transaction does not see it."""
    best = stack.rows(RECOMMEND, graph=board.name, config={"modelName": ranking, "topK": 1})
    book, reader = best[0]["book"], best[0]["reader"]
    with stack.undone() as run:
        run("MATCH (b:$($label) {bookId: $id}) DETACH DELETE b", label=board.book, id=book)
        run("MATCH (r:$($label) {readerId: $id}) DETACH DELETE r", label=board.reader, id=reader)
        found = run(RECOMMEND, graph=board.name, config={"modelName": ranking, "topK": 3})
    assert book not in {row["book"] for row in found}
    assert {row["reader"] for row in found} == {500 - place for place in range(READERS)} - {reader}
