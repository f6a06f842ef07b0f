"""A graph of movies out of who likes what: made in a real projection, as the published tutorial's figures have it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.neo4j.board import Board
from tests.neo4j.scripts import Scripts
from tests.neo4j.stack import Stack

PROJECT = "CALL gds.graph.project($name, ['User', 'Movie'], {RATED: {properties: ['rating']}}) YIELD graphName"

MUTATE = "CALL bridge.cooccurrence.mutate($name, $config)"

FIVE_STARS: dict[str, Any] = {
    "sourceNodeLabel": "User", "targetRelationshipType": "RATED", "targetNodeLabel": "Movie",
    "targetProperty": "rating", "likedThreshold": 5.0, "minWeight": 10.0,
}  # fmt: skip

BOTH = """
MATCH (one:Movie)<-[r1:RATED]-(user:User)-[r2:RATED]->(other:Movie)
WHERE id(one) = $source AND id(other) = $target AND r1.rating >= 5 AND r2.rating >= 5
RETURN count(DISTINCT user) AS users
"""

GRAPH = """
CALL gds.graph.list($name) YIELD schemaWithOrientation, relationshipCount
RETURN schemaWithOrientation.relationships AS types, relationshipCount
"""

DROP = "CALL gds.graph.drop($name, false) YIELD graphName"


@pytest.fixture
def tastes(stack: Stack, movielens: Scripts, unique: Callable[[str], str]) -> Iterator[str]:
    """Project users, movies and ratings; return the projection's name."""
    name = unique("tastes")
    stack.rows(PROJECT, name=name)
    yield name
    stack.rows(DROP, name=name)


def test_the_movie_graph_has_the_tutorials_figures(stack: Stack, tastes: str) -> None:
    """573 users, 298,586 pairs, 1,405 movies, 40,043 undirected relationships, 57 a movie."""
    row = stack.row(MUTATE, name=tastes, config=FIVE_STARS | {"mutateRelationshipType": "LIKED_WITH"})
    assert (row["sourceCount"], row["likedCount"], row["pairCount"]) == (573, 2_954, 298_586)
    assert (row["nodeCount"], row["pairsKept"], row["pairsBelowThreshold"]) == (1_405, 40_043, 258_543)
    assert row["relationshipsWritten"] == 2 * 40_043
    assert round(row["relationshipsWritten"] / row["nodeCount"]) == 57


def test_gds_takes_the_new_type_as_an_undirected_weighted_graph(stack: Stack, tastes: str) -> None:
    """An algorithm for undirected graphs alone runs over it, and the weights are there."""
    before = stack.row(GRAPH, name=tastes)["relationshipCount"]
    stack.row(MUTATE, name=tastes, config=FIVE_STARS | {"mutateRelationshipType": "LIKED_WITH"})
    graph = stack.row(GRAPH, name=tastes)
    assert graph["relationshipCount"] == before + 2 * 40_043
    assert graph["types"]["LIKED_WITH"]["direction"] == "UNDIRECTED"
    assert list(graph["types"]["LIKED_WITH"]["properties"]) == ["weight"]
    triangles = stack.row(
        "CALL gds.triangleCount.stats($name, {relationshipTypes: ['LIKED_WITH']}) YIELD globalTriangleCount RETURN *",
        name=tastes,
    )
    assert triangles["globalTriangleCount"] > 100_000
    weights = stack.row(
        "CALL gds.graph.relationshipProperty.stream($name, 'weight', ['LIKED_WITH']) YIELD propertyValue "
        "RETURN min(propertyValue) AS least, sum(propertyValue) AS total",
        name=tastes,
    )
    streamed = stack.row(
        "CALL bridge.cooccurrence.stream($name, $config) YIELD weight "
        "RETURN min(weight) AS least, sum(weight) AS total",
        name=tastes, config=FIVE_STARS,
    )  # fmt: skip
    assert weights["least"] == pytest.approx(streamed["least"])
    assert 10.0 <= streamed["least"] < 10.1
    assert weights["total"] == pytest.approx(2 * streamed["total"])


def test_counts_are_what_cypher_counts(stack: Stack, tastes: str) -> None:
    """Of the three heaviest pairs and of three light ones, by Neo4j's own ids."""
    for order in ("DESC", "ASC"):
        rows = stack.rows(
            f"CALL bridge.cooccurrence.stream($name, $config) YIELD sourceNodeId, targetNodeId, weight, count "
            f"RETURN * ORDER BY weight {order} LIMIT 3",
            name=tastes, config=FIVE_STARS,
        )  # fmt: skip
        assert len(rows) == 3
        for row in rows:
            found = stack.row(BOTH, source=row["sourceNodeId"], target=row["targetNodeId"])
            assert found["users"] == row["count"]


def test_a_type_is_made_once_and_can_be_dropped(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """The error says how, and after that it can be made again."""
    name = board.project(stack, unique("pairs"))
    config = {
        "sourceNodeLabel": board.reader, "targetRelationshipType": "RATED", "targetNodeLabel": board.book,
        "measure": "jaccard", "topK": 5, "mutateRelationshipType": "NEAR",
    }  # fmt: skip
    first = stack.row(MUTATE, name=name, config=config)
    text = stack.error(MUTATE, name=name, config=config)
    assert "Relationship type `NEAR` already exists in the in-memory graph." in text
    drop = re.search("`(CALL .*?)`", text)
    assert drop is not None
    stack.rows(f"{drop[1]} YIELD graphName")
    again = stack.row(MUTATE, name=name, config=config)
    assert again["relationshipsWritten"] == first["relationshipsWritten"] > 0
    stack.rows(DROP, name=name)


def test_a_threshold_that_leaves_nothing_is_told_in_numbers(stack: Stack, tastes: str) -> None:
    """And the projection is as it was."""
    config = FIVE_STARS | {"minWeight": 1e6, "mutateRelationshipType": "LIKED_WITH"}
    assert "Of 298,586 pairs of items none has a `weightedPmi`" in stack.error(MUTATE, name=tastes, config=config)
    assert "LIKED_WITH" not in stack.row(GRAPH, name=tastes)["types"]
