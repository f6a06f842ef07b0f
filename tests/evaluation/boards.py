"""Boards whose right answer is known, and the committed MovieLens with its published splits."""

from __future__ import annotations

import csv
import gzip
from functools import cache
from pathlib import Path

import numpy as np

from bridge.core.learning import Interactions

MOVIELENS = Path(__file__).parents[2] / "data" / "movielens"


def two_camps(seed: int = 0) -> tuple[Interactions, Interactions]:
    """Make an unequal, shuffled board of 30 sources and 48 targets in two camps: (training, one withheld target each).

    Each source likes all targets of its camp but the withheld one, and dislikes four of the other camp.
    """
    rng = np.random.default_rng(seed)
    source_camp = rng.permutation(np.repeat([0, 1], [12, 18]))
    target_camp = rng.permutation(np.repeat([0, 1], [20, 28]))
    train, withheld = [], []
    for source, camp in enumerate(source_camp):
        own = rng.permutation(np.flatnonzero(target_camp == camp))
        withheld.append((source, own[0], 5.0))
        train += [(source, target, 5.0) for target in own[1:]]
        train += [(source, target, 1.0) for target in rng.permutation(np.flatnonzero(target_camp != camp))[:4]]
    return _links(train, 30, 48), _links(withheld, 30, 48)


def _links(rows: list[tuple[int, int, float]], sources: int, targets: int) -> Interactions:
    table = np.array(rows)
    return Interactions(table[:, 0].astype(np.int32), table[:, 1].astype(np.int32), table[:, 2], sources, targets)


@cache
def movielens(split: str) -> tuple[Interactions, Interactions, Interactions]:
    """Read the committed ratings: training, validation and test of a published split, in canonical order."""
    with (MOVIELENS / "ratings.csv").open() as file:
        ratings = [(int(r["userId"]), int(r["movieId"]), float(r["rating"])) for r in csv.DictReader(file)]
    with gzip.open(MOVIELENS / "splits.csv.gz", "rt") as file:
        parts = {(int(r["userId"]), int(r["movieId"])): int(r[split]) for r in csv.DictReader(file)}
    with (MOVIELENS / "movies.csv").open() as file:
        movies = np.array(sorted(int(row["movieId"]) for row in csv.DictReader(file)))
    table = np.array(sorted(ratings))
    links = Interactions(
        (table[:, 0] - 1).astype(np.int32),
        np.searchsorted(movies, table[:, 1]).astype(np.int32),
        table[:, 2],
        int(table[:, 0].max()),
        len(movies),
    )
    part = np.array([parts[int(user), int(movie)] for user, movie, _ in table])
    return links.where(part == 0), links.where(part == 1), links.where(part == 2)
