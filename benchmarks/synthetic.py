"""Users, items and likes that nobody has: as many as a benchmark wants, in the store and projected."""

from __future__ import annotations

import numpy as np

from benchmarks.database import Database
from benchmarks.figure import say

CREATE_NODES = "UNWIND $keys AS key CREATE (node:`{label}` {{key: key}})"

CREATE_LIKES = """
UNWIND $rows AS row
MATCH (user:`{user}` {{key: row[0]}}), (item:`{item}` {{key: row[1]}})
CREATE (user)-[:LIKES]->(item)
"""

PROJECT = "CALL gds.graph.project($name, [$user, $item], 'LIKES') YIELD relationshipCount RETURN relationshipCount"

TRAIN = """
CALL bridge.gnn.train($name, {
  modelName: $name, objective: 'ranking', sourceNodeLabel: $user, targetRelationshipType: 'LIKES',
  targetNodeLabel: $item, epochs: 5, embeddingDimension: 64, baselines: 'none', refit: false, randomSeed: $seed
}) YIELD trainMillis RETURN trainMillis
"""


def load(database: Database, name: str, *, users: int, items: int, likes_each: int) -> None:
    """Create users, items and likes under labels of their own, and project them under `name`.

    What is popular is liked more: items are drawn with probability 1 / (place + 10).
    """
    user, item = labels(name)
    say(f"{name}: creating {users:,} users, {items:,} items, about {users * likes_each:,} likes")
    for label, count in ((user, users), (item, items)):
        database.rows(f"CREATE CONSTRAINT IF NOT EXISTS FOR (node:{label}) REQUIRE node.key IS UNIQUE")
        database.rows(CREATE_NODES.format(label=label), keys=list(range(count)))
    database.load(CREATE_LIKES.format(user=user, item=item), _likes(users, items, likes_each).tolist())
    database.rows(PROJECT, name=name, user=user, item=item)


def train(database: Database, name: str, seed: int = 1) -> None:
    """Train a small recommender named as the projection: what it recommends is no matter, only that it does."""
    user, item = labels(name)
    row = database.row(TRAIN, name=name, user=user, item=item, seed=seed)
    say(f"{name}: trained in {row['trainMillis'] / 1000:.0f} s")


def labels(name: str) -> tuple[str, str]:
    """Return the labels of a name's users and items."""
    return f"User_{name}", f"Item_{name}"


def _likes(users: int, items: int, likes_each: int) -> np.ndarray:
    """int64 [n, 2]; distinct pairs (user, item)."""
    generator = np.random.default_rng(0)
    popularity = 1 / (np.arange(items) + 10)
    item = generator.choice(items, size=users * likes_each, p=popularity / popularity.sum())
    user = np.repeat(np.arange(users), likes_each)
    return np.unique(np.stack([user, item], axis=1), axis=0)
