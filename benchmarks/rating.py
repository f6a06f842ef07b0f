"""Predicted stars: RMSE on the fixed random and temporal splits, by CALL, beside mean, bias and item-kNN.

`graphFm` with its defaults, fitted on the training part alone, validated on the validation part, measured once on the
test part against the true half stars. A figure is the mean over the splits of its kind.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from benchmarks import movielens
from benchmarks.database import Database, started
from benchmarks.figure import Figure, Other, main

TITLE = "rating prediction, MovieLens latest-small"

KINDS = {"random": (movielens.RANDOM, 0.840), "temporal": (movielens.TEMPORAL, 0.875)}
"""By kind of split: the splits, and the highest RMSE allowed."""

BASELINES = ("mean", "bias", "itemKnn")

CONFIGURATION: dict[str, Any] = {
    "objective": "rating",
    "featureProperties": movielens.FEATURES,
    "refit": False,
    "randomSeed": 42,
}


def measure() -> Iterator[Figure]:
    """Train on all splits; yield RMSE and what it stands beside."""
    with started() as database:
        movielens.load(database, encode=True)
        for kind, (splits, bar) in KINDS.items():
            yield from of_kind(database, kind, splits, bar)


def of_kind(database: Database, kind: str, splits: tuple[str, ...], bar: float) -> Iterator[Figure]:
    """Train on the splits of one kind."""
    infos = [movielens.train(database, split, CONFIGURATION) for split in splits]
    rmse = movielens.mean([info["metrics"]["test"]["rmse"] for info in infos])
    yield Figure(f"rating RMSE, {kind}: graphFm", rmse, "stars", "lower", bar=bar)
    for name in BASELINES:
        other = movielens.mean([info["baselines"][name]["rmse"] for info in infos])
        yield Figure(f"rating RMSE, {kind}, beside {name}", rmse, "stars", "lower", against=Other(name, other))


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
