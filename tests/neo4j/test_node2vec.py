"""node2vec in a real projection: every mode leaves what the stream shows, and GDS goes on with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.__main__ import main
from tests.neo4j.stack import Rows, Stack

CAMP = 12
"""Towns of each of two camps, every two of which share a road; one road ties the camps."""

QUICK: dict[str, Any] = {
    "embeddingDimension": 8, "walkLength": 10, "walksPerNode": 5, "iterations": 3, "randomSeed": 7, "concurrency": 2,
}  # fmt: skip

TOWNS = """
UNWIND range(0, 2 * $camp - 1) AS place
CREATE (town:$($name) {place: place, name: 'town ' + place})
WITH collect(town) AS towns
CREATE (:$($name + '_far') {place: 2 * $camp, name: 'far'})
WITH towns
UNWIND towns AS one
UNWIND towns AS other
WITH one, other WHERE one.place < other.place
  AND (one.place / $camp = other.place / $camp OR [one.place, other.place] = [0, $camp])
CREATE (one)-[:ROAD]->(other)
"""
PROJECT = """
CALL gds.graph.project($name, [$name, $name + '_far'], {ROAD: {orientation: 'UNDIRECTED'}}) YIELD relationshipCount
"""
DROP = "CALL gds.graph.drop($name, false) YIELD graphName"
STREAM = """
CALL bridge.node2vec.stream($name, $config) YIELD nodeId, embedding
RETURN gds.util.asNode(nodeId).place AS place, embedding ORDER BY place
"""
PROJECTED = """
CALL gds.graph.nodeProperty.stream($name, 'vector', [$name]) YIELD nodeId, propertyValue
RETURN gds.util.asNode(nodeId).place AS place, propertyValue AS embedding ORDER BY place
"""
STORED = """
MATCH (town:$any([$name, $name + '_far'])) WHERE town.vector IS NOT NULL
RETURN town.place AS place, town.vector AS embedding ORDER BY place
"""
NEAREST = """
CALL gds.knn.stream($name, {nodeLabels: [$name], nodeProperties: ['vector'], topK: 1, concurrency: 1, randomSeed: 1})
YIELD node1, node2
RETURN gds.util.asNode(node1).place AS one, gds.util.asNode(node2).place AS other
"""
SIMILAR = """
MATCH (town:$($name)) WHERE town.place IN [3, $camp + 3]
WITH collect(id(town)) AS sources
CALL bridge.similar.stream($name, {modelName: $name, topK: 3, sourceNodeFilter: sources})
YIELD sourceNodeId, targetNodeId
RETURN gds.util.asNode(sourceNodeId).place AS one, gds.util.asNode(targetNodeId).place AS other
"""


@pytest.fixture
def towns(stack: Stack, unique: Callable[[str], str]) -> Iterator[str]:
    """Make two camps and a node without a road; return the name of the towns' label, and of the projection."""
    name = unique("towns")
    stack.rows(TOWNS, name=name, camp=CAMP)
    assert stack.row(PROJECT, name=name)["relationshipCount"] == 2 * (CAMP * (CAMP - 1) + 1)
    yield name
    stack.rows(DROP, name=name)
    stack.rows("MATCH (node:$any([$name, $name + '_far'])) DETACH DELETE node", name=name)


def same(found: Rows, expected: Rows) -> bool:
    """Say whether two lists of vectors are of the same towns and, as float32, the same."""
    places = [row["place"] for row in found] == [row["place"] for row in expected]
    one, other = (np.array([row["embedding"] for row in rows], np.float32) for rows in (found, expected))
    return places and np.array_equal(one, other)


def test_the_stream_has_each_town_with_a_road_and_is_the_same_on_one_thread(stack: Stack, towns: str) -> None:
    """The node without a road is counted, and left out; another seed gives other vectors."""
    rows = stack.rows(STREAM, name=towns, config=QUICK)
    assert [row["place"] for row in rows] == list(range(2 * CAMP))
    assert stack.rows(STREAM, name=towns, config=QUICK | {"concurrency": 1}) == rows
    assert stack.rows(STREAM, name=towns, config=QUICK | {"randomSeed": 8}) != rows
    stats = stack.row("CALL bridge.node2vec.stats($name, $config)", name=towns, config=QUICK)
    assert (stats["nodeCount"], stats["nodesWithoutRelationships"]) == (2 * CAMP + 1, 1)
    assert len(stats["lossPerIteration"]) == 3


def test_gds_finds_neighbours_by_the_mutated_property(stack: Stack, towns: str) -> None:
    """Its k nearest neighbours run over the new property; the nearest town is of the same camp."""
    row = stack.row(
        "CALL bridge.node2vec.mutate($name, $config)", name=towns, config=QUICK | {"mutateProperty": "vector"}
    )
    assert row["nodePropertiesWritten"] == 2 * CAMP
    assert same(stack.rows(PROJECTED, name=towns), stack.rows(STREAM, name=towns, config=QUICK))
    nearest = stack.rows(NEAREST, name=towns)
    assert len(nearest) == 2 * CAMP
    assert np.mean([row["one"] // CAMP == row["other"] // CAMP for row in nearest]) > 0.8


def test_nodes_get_the_vectors_that_the_stream_shows(stack: Stack, towns: str) -> None:
    """As a property of the nodes; the node without a road gets none."""
    config = QUICK | {"writeProperty": "vector"}
    row = stack.row("CALL bridge.node2vec.write($name, $config)", name=towns, config=config)
    assert row["nodePropertiesWritten"] == 2 * CAMP
    assert same(stack.rows(STORED, name=towns), stack.rows(STREAM, name=towns, config=QUICK))


def test_a_hosted_model_finds_similar_towns_and_is_exported(
    stack: Stack, towns: str, tmp_path: Path
) -> None:
    """Its three nearest are of the same camp; row i of both files is the same town."""
    config = QUICK | {"modelName": towns, "testFraction": 0.1}
    info = stack.row("CALL bridge.node2vec.train($name, $config)", name=towns, config=config)["modelInfo"]
    assert info["modelVersion"] == 1
    found = stack.rows(SIMILAR, name=towns, camp=CAMP)
    assert len(found) == 6
    assert np.mean([row["one"] // CAMP == row["other"] // CAMP for row in found]) > 0.8

    out = tmp_path / "export"
    home = str(stack.status.home)
    assert main(["export", "projector", towns, "--home", home, "--out", str(out), "--columns", "name"]) == 0
    titles = (out / "metadata.tsv").read_text().splitlines()
    vectors = np.loadtxt(out / "vectors.tsv", dtype=np.float32)
    embedded = stack.rows(
        "CALL bridge.embed.stream($name, {modelName: $name}) YIELD nodeId, embedding "
        "RETURN gds.util.asNode(nodeId).name AS name, embedding",
        name=towns,
    )
    assert len(embedded) == len(vectors) == 2 * CAMP
    for row in embedded:
        np.testing.assert_allclose(vectors[titles.index(row["name"])], row["embedding"], rtol=1e-5)
