"""One training step of the published model: ours, by sparse products, beside PyG by `edge_index`.

Both start from the same weights on the same ratings and features and do forward, backward and optimiser; their losses
have to agree over all steps. The features are random numbers of the published width: their values cost nothing.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from benchmarks import movielens
from benchmarks.figure import Figure, Other, main, median, say
from benchmarks.reference.article_sage import ArticleSage, ArticleTraining, article_data, copy_weights
from bridge.core.learning import Problem
from bridge.core.projection import NodeTable, Projection, RelationshipTable, Target
from bridge.models.memory import Memory
from bridge.models.sage import Sage, SageHyperparameters, SageTraining
from bridge.models.training import reproducible
from bridge.runtime.home import Checkout

TITLE = "one step of the published model, 2 threads"

THREADS = 2
STEPS, WARM_UP = 20, 3
FEATURES = 56 + 384 + 20
"""FastRP, title, genres."""

TARGET = Target("User", "RATED", "Movie", "rating", None)
SETTINGS = SageHyperparameters(truncate_targets=True, class_weights=True)


def measure() -> Iterator[Figure]:
    """Step both by turns, so that a busy moment meets both."""
    torch.set_num_threads(THREADS)
    ours, theirs = trainings()
    pairs = [(_step_of_ours(ours), _step(theirs)) for _ in range(STEPS)]
    apart = max(abs(our.loss - their.loss) / their.loss for our, their in pairs)
    say(f"losses from {pairs[0][1].loss:.6f} to {pairs[-1][1].loss:.6f}, at most {apart:.1e} apart")
    yield Figure(f"largest relative difference of the losses over {STEPS} steps", apart, "", "lower", bar=1e-4)
    fastest = (min(our.seconds for our, _ in pairs), min(their.seconds for _, their in pairs))
    say(f"fastest step: {fastest[0]:.3f} s, PyG {fastest[1]:.3f} s, {fastest[1] / fastest[0]:.2f} times")
    seconds = median([our.seconds for our, _ in pairs[WARM_UP:]])
    by_edge_index = Other("PyG by edge_index", median([their.seconds for _, their in pairs[WARM_UP:]]))
    yield Figure("one step of the published model", seconds, "s", "lower", against=by_edge_index, bar=2.5)


class _Step(NamedTuple):
    loss: float
    seconds: float


def _step_of_ours(training: SageTraining) -> _Step:
    with reproducible(0, THREADS, "cpu"):  # as in a training of ours; a user of PyG does not ask for it
        return _step(training)


def _step(training: SageTraining | ArticleTraining) -> _Step:
    began = time.perf_counter()
    loss = training.step()
    return _Step(loss, time.perf_counter() - began)


def trainings() -> tuple[SageTraining, ArticleTraining]:
    """Prepare both on the training part of the first random split, with equal weights."""
    torch.manual_seed(0)
    problem = article_problem()
    memory = Memory.of(problem)
    network = Sage.build(memory, SETTINGS)
    ours = SageTraining(problem, memory, network, SETTINGS, "cpu")
    user, movie = (torch.as_tensor(each, dtype=torch.int64) for each in (ours.sources, ours.targets))
    users, movies = (len(problem.projection.nodes[label]) for label in ("User", "Movie"))
    data = article_data(user, movie, ours.values, users, ours.inputs.ends["target"].features, movies)
    model = ArticleSage(data)
    copy_weights(Sage(memory, network, SETTINGS), model)
    return ours, ArticleTraining(model, data, ours.weights, SETTINGS.learning_rate)


def article_problem() -> Problem:
    """Read users, movies and ratings from the data set; hold out what the split holds out."""
    with (Checkout.here().data / "ratings.csv").open(encoding="utf-8", newline="") as file:
        ratings = [(int(row["userId"]), int(row["movieId"]), float(row["rating"])) for row in csv.DictReader(file)]
    with (Checkout.here().data / "movies.csv").open(encoding="utf-8", newline="") as file:
        movie_ids = np.sort(np.array([int(row["movieId"]) for row in csv.DictReader(file)]))
    users, movies, stars = (np.array(column) for column in zip(*ratings, strict=True))
    user_ids = np.unique(users)
    features = np.random.default_rng(0).normal(size=(len(movie_ids), FEATURES)).astype(np.float32)
    parts = np.array([row["parts"][movielens.RANDOM[0]] for row in movielens.parts()])
    ends = np.stack([np.searchsorted(user_ids, users), np.searchsorted(movie_ids, movies)]).astype(np.int32)
    projection = Projection(
        nodes={"User": _nodes("User", user_ids, {}), "Movie": _nodes("Movie", movie_ids, {"x": features})},
        relationships={TARGET.edge_type: RelationshipTable(ends, {"rating": stars}, False)},
        fingerprint="",
    )
    return Problem(
        projection=projection,
        target=TARGET,
        fit_on=parts == 0,
        validate_on=np.zeros(len(parts), dtype=bool),
        features={"Movie": ("x",)},
        message_types=frozenset(),
    )


def _nodes(label: str, keys: np.ndarray, properties: dict[str, np.ndarray]) -> NodeTable:
    return NodeTable(label, "id", keys, np.arange(len(keys), dtype=np.int32), properties, {})


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
