"""The movie graph: movies that the same users gave five stars, weighted as the node2vec tutorial weighs them."""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np

from bridge.core.homogeneous import HomogeneousGraph, homogeneous_from_edges
from bridge.core.learning import Interactions
from bridge.projection.cooccurrence import cooccurrence
from bridge.runtime.home import Checkout

LIKED, LEAST_WEIGHT = 5.0, 10.0
NEGATIVES_SEED = 5

Ratings = list[tuple[int, int, float]]


@dataclass(frozen=True)
class MovieGraph:
    """Each pair once, ascending; nodes are the movies with a pair, by id."""

    movie_ids: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    weights: np.ndarray

    def graph(self, kept: np.ndarray | None = None) -> HomogeneousGraph:
        """Make the undirected graph of all pairs, or of those whose indices are `kept`."""
        chosen = slice(None) if kept is None else kept
        one, other, weights = self.sources[chosen], self.targets[chosen], self.weights[chosen]
        both = np.concatenate([one, other]), np.concatenate([other, one])
        return homogeneous_from_edges(*both, np.concatenate([weights, weights]), len(self.movie_ids), True)

    def split(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of the pairs to learn from and of the tenth that is held out."""
        order = np.random.default_rng(seed).permutation(len(self.sources))
        tenth = len(order) // 10
        return np.sort(order[tenth:]), order[:tenth]

    def ends(self, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both ends of the pairs with these indices, int32."""
        return self.sources[pairs].astype(np.int32), self.targets[pairs].astype(np.int32)


def ratings() -> Ratings:
    """Read user id, movie id and stars from the data set."""
    with (Checkout.here().data / "ratings.csv").open(encoding="utf-8", newline="") as file:
        return [(int(row["userId"]), int(row["movieId"]), float(row["rating"])) for row in csv.DictReader(file)]


def movie_graph(rated: Ratings) -> MovieGraph:
    """Build it by our own co-occurrence."""
    users, movies, stars = (np.array(column) for column in zip(*rated, strict=True))
    user_ids, sources = np.unique(users, return_inverse=True)
    movie_ids, targets = np.unique(movies, return_inverse=True)
    interactions = Interactions(
        sources.astype(np.int32), targets.astype(np.int32), stars, len(user_ids), len(movie_ids)
    )
    pairs = cooccurrence(interactions, liked_threshold=LIKED, min_weight=LEAST_WEIGHT)
    rows = np.unique(np.concatenate([pairs.sources, pairs.targets]))
    ends = np.searchsorted(rows, pairs.sources), np.searchsorted(rows, pairs.targets)
    return MovieGraph(movie_ids[rows], *ends, pairs.weights)
