"""Top-10 lists: NDCG@10 on the fixed random and temporal splits, by CALL, beside popularity, item-kNN and EASE.

`lightGcn` with its defaults, validated on the validation part, then fitted on training and validation parts, measured
once on the test part. Relevant: 4 stars or more. A figure is the mean over the splits of its kind.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from benchmarks import movielens
from benchmarks.database import Database, started
from benchmarks.figure import Figure, Other, main

TITLE = "top-10 recommendation, MovieLens latest-small"

KINDS = {"random": (movielens.RANDOM, 0.2635), "temporal": (movielens.TEMPORAL, 0.085)}
"""By kind of split: the splits, and the lowest NDCG@10 allowed."""

BASELINES = ("popularity", "itemKnn", "ease")

METRIC = "ndcgAt10"

CONFIGURATION: dict[str, Any] = {
    "objective": "ranking",
    "relevantThreshold": 4.0,
    "refit": False,
    "randomSeed": 42,
}


def measure() -> Iterator[Figure]:
    """Train on all splits; yield NDCG@10 and what it stands beside."""
    with started() as database:
        movielens.load(database, encode=False)
        for kind, (splits, bar) in KINDS.items():
            yield from of_kind(database, kind, splits, bar)


def of_kind(database: Database, kind: str, splits: tuple[str, ...], bar: float) -> Iterator[Figure]:
    """Train on the splits of one kind. On the random splits, EASE has to be reached in this very run."""
    infos = [movielens.train(database, split, CONFIGURATION) for split in splits]
    ndcg = movielens.mean([info["metrics"]["test"][METRIC] for info in infos])
    yield Figure(f"NDCG@10, {kind}: lightGcn", ndcg, "NDCG", "higher", bar=bar)
    for name in BASELINES:
        other = Other(name, movielens.mean([info["baselines"][name][METRIC] for info in infos]))
        to_reach = 1.0 if (name, kind) == ("ease", "random") else None
        yield Figure(f"NDCG@10, {kind}, beside {name}", ndcg, "NDCG", "higher", against=other, bar=to_reach)


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
