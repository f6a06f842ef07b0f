"""MovieLens latest-small in a database, each rating with the parts that the fixed splits give it."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.database import Database
from benchmarks.figure import say
from bridge.core import script
from bridge.runtime.home import Checkout

RANDOM = ("random0", "random1", "random2")
TEMPORAL = ("temporal0", "temporal1", "temporal2", "temporal3", "temporal4")
SPLITS = (*RANDOM, *TEMPORAL)

SCRIPTS_BEFORE_PROJECTION = ("01_load.cypher", "02_fastrp.cypher")
ENCODING = "04_encode.cypher"

SET_SPLITS = """
UNWIND $rows AS row
MATCH (:User {userId: row.userId})-[rated:RATED]->(:Movie {movieId: row.movieId})
SET rated += row.parts
"""

PROJECT = """
CALL gds.graph.project('movies', {User: {}, Movie: {properties: ['fastrp']}, Genre: {}, Person: {}}, {
  RATED: {properties: $properties}, IN_GENRE: {}, ACTED_IN: {}, DIRECTED: {}
}) YIELD graphName RETURN graphName
"""

TRAIN = "CALL bridge.gnn.train('movies', $configuration) YIELD modelInfo, trainMillis RETURN modelInfo, trainMillis"

FEATURES = {"Movie": ["fastrp", "titleEmbedding", "genres"]}

BOTH_ENDS = {
    "sourceNodeLabel": "User",
    "targetRelationshipType": "RATED",
    "targetNodeLabel": "Movie",
    "targetProperty": "rating",
}


def load(
    database: Database, *, encode: bool, more_statements: Sequence[str] = (), more_properties: Sequence[str] = ()
) -> None:
    """Load, embed, project as `movies`, and with `encode` turn titles and genres into numbers, by the scripts.

    The ratings are projected with rating, timestamp, the fixed splits, and what `more_statements` made of them.
    """
    for name in SCRIPTS_BEFORE_PROJECTION:
        _run_script(database, name)
    say("setting the parts of the fixed splits")
    database.load(SET_SPLITS, parts())
    for statement in more_statements:
        database.rows(statement)
    database.rows(PROJECT, properties=["rating", "timestamp", *SPLITS, *more_properties])
    if encode:
        _run_script(database, ENCODING)


def train(database: Database, split: str, configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Train by CALL on one of the fixed splits and return `modelInfo`."""
    say(f"training on {split}")
    name = f"{configuration['objective']}-{split}"
    wanted = {"modelName": name, "splitProperty": split, **BOTH_ENDS, **configuration}
    row = database.row(TRAIN, configuration=wanted)
    info: dict[str, Any] = row["modelInfo"]
    say(f"  {row['trainMillis'] / 1000:.0f} s, {info['epochs']} epochs, test {info['metrics']['test']}")
    return info


def parts() -> list[dict[str, Any]]:
    """Read the fixed splits: for each rating its part in each, 0 train, 1 validation, 2 test."""
    with gzip.open(Checkout.here().data / "splits.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [
            {
                "userId": int(row["userId"]),
                "movieId": int(row["movieId"]),
                "parts": {name: int(row[name]) for name in SPLITS},
            }
            for row in csv.DictReader(file)
        ]


def mean(values: Sequence[float]) -> float:
    """Return the mean over splits."""
    return sum(values) / len(values)


def _run_script(database: Database, name: str) -> None:
    say(f"cypher/{name}")
    for statement in script.read(Checkout.here().scripts / name):
        database.rows(statement)
