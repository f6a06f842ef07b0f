"""Rollback after the features were made otherwise: each version is asked in every world that it may meet.

MovieLens, a rating model whose movies have FastRP vectors of their actors and multi-hot vectors of their genres.
Version 1 learns with one seed of FastRP; then a genre comes, another one vanishes, and version 2 learns with another
seed and the genres there are. After the rollback each version is asked with either seed, before and after the change
of the genres, with the vocabulary of version 1 and with none. It has to refuse, naming the feature, or to say what it
said when it was trained: whatever it is asked about is not touched by the change.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from neo4j.exceptions import Neo4jError

from benchmarks.database import Database, started
from benchmarks.figure import Figure, main, say
from bridge.core import script
from bridge.runtime.home import Checkout

TITLE = "rollback after the features were made otherwise"

MODEL, VOCABULARY = "rates", "genres-of-version-1"
SEEDS = {1: 42, 2: 7}
"""Of FastRP, by the version that learned with it."""

OLD, NEW = "Xeno", "Zoo"
"""The genre that vanishes and the one that comes: both stand last in the order of names, where they change places."""

UNRATED = 20
"""Movies that only these genres have: nobody rates them, so that no other prediction depends on them."""

CLOSE = 1e-4
"""Stars by which two predictions of one version may differ."""

RIGHT = {1: 3, 2: 1}
"""By version, the worlds in which its features are as they were: its seed, and its genres or their vocabulary."""

PREPARE = """
UNWIND range(1, $count) AS place
CREATE (movie:Movie {movieId: 1000000 + place, title: 'unrated ' + place})
"""
CHANGE = """
MATCH (gone:Genre {name: $gone}) DETACH DELETE gone
"""
COME = """
MERGE (genre:Genre {name: $come}) WITH genre
MATCH (movie:Movie) WHERE movie.movieId > 1000000 MERGE (movie)-[:IN_GENRE]->(genre)
"""

PROJECT = """
CALL gds.graph.project($graph, ['User', 'Movie', 'Genre', 'Person'],
  {RATED: {properties: ['rating']}, IN_GENRE: {}, ACTED_IN: {orientation: 'UNDIRECTED'}}) YIELD nodeCount
"""
FAST_RP = """
CALL gds.fastRP.mutate($graph, {relationshipTypes: ['ACTED_IN'], embeddingDimension: 32, randomSeed: $seed,
  mutateProperty: 'fastrp'}) YIELD nodePropertiesWritten
"""
ENCODE = """
CALL bridge.encode.multiHot.mutate($graph, {nodeLabels: ['Movie'], relationshipTypes: ['IN_GENRE'],
  mutateProperty: 'genres', vocabulary: $vocabulary}) YIELD nodePropertiesWritten
"""
TRAIN = """
CALL bridge.gnn.train($graph, {modelName: $model, objective: 'rating', sourceNodeLabel: 'User',
  targetRelationshipType: 'RATED', targetNodeLabel: 'Movie', targetProperty: 'rating', relationshipTypes: ['RATED'],
  featureProperties: {Movie: ['fastrp', 'genres']}, epochs: 3, baselines: 'none', randomSeed: 42}) YIELD modelInfo
"""
ROLLBACK = "CALL bridge.model.rollback($model) YIELD modelVersion RETURN modelVersion"
PREDICT = """
CALL bridge.predict.stream($graph, {modelName: $model, modelVersion: $version, pairRelationshipType: 'RATED'})
YIELD sourceNodeId, targetNodeId, score RETURN score ORDER BY sourceNodeId, targetNodeId
"""


@dataclass(frozen=True)
class World:
    """How the features are made."""

    genre: str
    """Which of the two there is."""
    seed: int
    vocabulary: str | None

    @property
    def graph(self) -> str:
        """The name of its projection."""
        return f"{self.genre} {self.seed} {self.vocabulary or 'no vocabulary'}"


def measure() -> Iterator[Figure]:
    """Train two versions, roll back, ask each in every world."""
    with started() as database:
        for statement in script.read(Checkout.here().scripts / "01_load.cypher"):
            database.rows(statement)
        database.rows(PREPARE, count=UNRATED)
        said, met = {}, []
        for version, genre in ((1, OLD), (2, NEW)):
            database.rows(CHANGE, gone=OLD if genre == NEW else NEW)
            database.rows(COME, come=genre)
            for seed, vocabulary in itertools.product(SEEDS.values(), (VOCABULARY, None)):
                met.append(project(database, World(genre, seed, vocabulary)))
            own = World(genre, SEEDS[version], VOCABULARY if version == 1 else None)
            database.rows(TRAIN, graph=own.graph, model=MODEL)
            said[version] = predicted(database, own, version)
        assert database.row(ROLLBACK, model=MODEL) == {"modelVersion": 1}
        for version, before in said.items():
            yield from asked(database, version, before, met)


def project(database: Database, world: World) -> World:
    """Make a world's projection of the database as it is now."""
    database.rows(PROJECT, graph=world.graph)
    database.rows(FAST_RP, graph=world.graph, seed=world.seed)
    database.rows(ENCODE, graph=world.graph, vocabulary=world.vocabulary)
    return world


def predicted(database: Database, world: World, version: int | None) -> np.ndarray:
    """Return a version's predictions of all ratings; float64 [ratings]."""
    rows = database.rows(PREDICT, graph=world.graph, model=MODEL, version=version)
    return np.array([row["score"] for row in rows])


def asked(database: Database, version: int, before: np.ndarray, worlds: list[World]) -> Iterator[Figure]:
    """Ask a version in all worlds; the one that answers by default is not named."""
    found = Counter(outcome(database, world, version, before) for world in worlds)
    name = f"version {version}, {'champion again' if version == 1 else 'asked for by its number'}"
    yield Figure(f"{name}: refused with the feature's name", found["refused"], "worlds", "higher")
    yield Figure(f"{name}: right", found["right"], "worlds", "higher", bar=RIGHT[version])
    yield Figure(f"{name}: silently wrong, or refused without the name", found["wrong"], "worlds", "lower", bar=0)


def outcome(database: Database, world: World, version: int, before: np.ndarray) -> str:
    """Return `refused`, `right` or `wrong`."""
    try:
        now = predicted(database, world, None if version == 1 else version)
    except Neo4jError as error:
        say(f"version {version}, {world.graph}: {error.message}")
        named = any(f"The feature `{feature}` of `Movie`" in (error.message or "") for feature in ("fastrp", "genres"))
        return "refused" if named else "wrong"
    right = now.shape == before.shape and bool(np.abs(now - before).max() < CLOSE)
    say(f"version {version}, {world.graph}: {'as it said before' if right else 'ANOTHER ANSWER'}")
    return "right" if right else "wrong"


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
