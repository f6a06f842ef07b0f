"""The quality gate on MovieLens as it grows by 5%: worse versions that were planted, and better ones.

The version that serves was trained on the earliest 95% of the ratings, the candidates on all of them, through the very
actions of `CALL bridge.gnn.train` and `CALL bridge.node2vec.train`, with short trainings and no database.
"""

from __future__ import annotations

import asyncio
import csv
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import memory
from benchmarks.figure import Figure, main, say
from benchmarks.movie_graph import movie_graph
from bridge.actions.services import Services
from bridge.actions.trainings import TRAININGS
from bridge.app import make_services
from bridge.core.call import Caller
from bridge.core.graph import Graph
from bridge.core.projection import TRAIN, NodeTable, Projection, RelationshipTable, Target
from bridge.jobs.job import Job
from bridge.projection.folder import write_folder
from bridge.projection.snapshots import Snapshot
from bridge.projection.splits import hold_out
from bridge.runtime.home import Checkout
from bridge.settings import Settings

TITLE = "the quality gate on a graph that grows by 5%"

EARLIEST = 0.95
TARGET = Target("User", "RATED", "Movie", "rating")
GNN = {
    "sourceNodeLabel": "User", "targetRelationshipType": "RATED", "targetNodeLabel": "Movie", "baselines": "none",
    "targetProperty": "rating", "refit": False, "device": "cpu",
}  # fmt: skip
Damage = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _shuffled(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(values)


def _half_shuffled(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    chosen = np.flatnonzero(rng.random(len(values)) < 0.5)
    changed = values.copy()
    changed[chosen] = rng.permutation(values[chosen])
    return changed


def _turned(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return 5.5 - values


def _shifted(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.minimum(values + 1, 5.0)


Fault = tuple[str, dict[str, Any], Damage | None]


@dataclass(frozen=True)
class Family:
    """One kind of model: how it is trained well, how poorly, and what can go wrong."""

    procedure: str
    strong: Mapping[str, Any]
    weak: Mapping[str, Any]
    faults: tuple[Fault, ...]
    """What is planted: its name, the keys that differ from `strong`, what becomes of the training values."""
    better: int
    """Candidates with the strong settings, each with a seed of its own."""
    common: Mapping[str, Any] = field(default_factory=dict)


FAMILIES: dict[str, Family] = {
    "rating": Family(
        "bridge.gnn.train",
        strong={"epochs": 40, "learningRate": 0.01},
        weak={"epochs": 2, "learningRate": 1e-6},
        faults=(
            ("one epoch", {"epochs": 1}, None),
            ("learning rate too small", {"epochs": 10, "learningRate": 1e-6}, None),
            ("learning rate too large", {"epochs": 5, "learningRate": 1.0}, None),
            ("values shuffled", {}, _shuffled),
            ("half of the values shuffled", {}, _half_shuffled),
            ("values turned round", {}, _turned),
            ("values one star too high", {}, _shifted),
        ),
        better=7,
        common=GNN | {"objective": "rating"},
    ),
    "ranking": Family(
        "bridge.gnn.train",
        strong={"epochs": 40, "learningRate": 0.05, "embeddingDimension": 64},
        weak={"epochs": 3, "learningRate": 0.005, "embeddingDimension": 8},
        faults=(
            ("one epoch", {"epochs": 1}, None),
            ("learning rate too small", {"epochs": 10, "learningRate": 1e-6}, None),
            ("two dimensions", {"embeddingDimension": 2}, None),
            ("values turned round", {}, _turned),
            ("liked from a star down", {"likedThreshold": 0.5, "epochs": 5}, None),
            ("penalty too large", {"penaltyL2": 10.0, "epochs": 10}, None),
            ("dropout of nearly all", {"dropout": 0.99, "epochs": 10}, None),
        ),
        better=7,
        common=GNN | {"objective": "ranking", "relevantThreshold": 4.0},
    ),
    "node2vec": Family(
        "bridge.node2vec.train",
        strong={"embeddingDimension": 64},
        weak={"embeddingDimension": 8, "walksPerNode": 1, "walkLength": 5},
        faults=(
            ("two dimensions", {"embeddingDimension": 2}, None),
            ("three dimensions", {"embeddingDimension": 3}, None),
            ("walks of two nodes", {"walkLength": 2, "walksPerNode": 1}, None),
            ("learning rate too small", {"initialLearningRate": 1e-6, "minLearningRate": 1e-7}, None),
            ("hardly any noise or walks", {"negativeSamplingRate": 1, "walksPerNode": 1, "walkLength": 3}, None),
            ("one walk from each node", {"walksPerNode": 1, "walkLength": 10, "windowSize": 2}, None),
        ),
        better=6,
    ),
}


class Asking:
    """The side of a call that a training asks before it reads: who calls, and what is in the projection."""

    caller = Caller("", "neo4j", "benchmark")
    mode = "train"
    graph_name = "movies"
    fictitious = None

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def describe(self) -> Graph:
        return self._graph


@dataclass
class Trial:
    """A model store with one served version a model, and a graph to train the next ones on."""

    services: Services
    folder: Path
    count: int = 0

    async def train(self, family: Family, projection: Projection, model: str, **given: Any) -> dict[str, Any]:
        """Train a version; return what its gate says."""
        self.count += 1
        path = self.folder / f"snapshot{self.count}"
        snapshot = Snapshot(path, projection.fingerprint, write_folder(path, projection))
        training = TRAININGS[family.procedure]
        asked = {**family.common, "modelName": model, "concurrency": 2, **given}
        request = training.config.parse(asked)
        graph = replace(memory.described(projection), constraints=dict.fromkeys(projection.nodes, ("key",)))
        prepared = await training.prepare(request, Asking(graph), self.services)  # type: ignore[arg-type]
        with Job(f"trial{self.count}", "train", steps=training.steps) as job:
            row: Any = await prepared.work(job, snapshot)
        gate: dict[str, Any] = row.model_info["gate"]
        return gate


def measure() -> Iterator[Figure]:
    """Plant everything and count what the gate did."""
    trainers = memory.started()
    with tempfile.TemporaryDirectory() as folder:
        services = make_services(Settings(data=Path(folder) / "server", threads=2), trainers)
        yield from asyncio.run(_measured(Trial(services, Path(folder))))


async def _measured(trial: Trial) -> list[Figure]:
    rejected = promoted = 0
    for name, family in FAMILIES.items():
        before, after = (graph_of(name, share) for share in (EARLIEST, 1.0))
        rejected += await _worse(trial, name, family, before, after)
        promoted += await _better(trial, name, family, before, after)
    await trial.services.jobs.close()
    worse = sum(len(family.faults) for family in FAMILIES.values())
    better = sum(family.better for family in FAMILIES.values())
    return [
        Figure(f"worse candidates rejected, of {worse}", rejected, "", "higher", bar=worse),
        Figure(f"better candidates promoted, of {better}", promoted, "", "higher", bar=better),
    ]


async def _worse(trial: Trial, name: str, family: Family, before: Projection, after: Projection) -> int:
    """Plant the faults of a family; return how many were rejected."""
    model, rejected = f"{name}-strong", 0
    await trial.train(family, before, model, **family.strong, randomSeed=0)
    for seed, (fault, keys, damage) in enumerate(family.faults, start=1):
        graph = after if damage is None else damaged(after, damage, seed)
        gate = await trial.train(
            family, graph, model, **{**family.strong, **keys}, randomSeed=seed, promote="ifBetter"
        )  # fmt: skip
        rejected += not gate["promoted"]
        _say(f"{name}, {fault}", gate)
    return rejected


async def _better(trial: Trial, name: str, family: Family, before: Projection, after: Projection) -> int:
    """Train well, with one seed after the other; return how many became champion of a poor version."""
    model, promoted = f"{name}-weak", 0
    await trial.train(family, before, model, **family.weak, randomSeed=0)
    for seed in range(1, family.better + 1):
        gate = await trial.train(family, after, model, **family.strong, randomSeed=seed, promote="ifBetter")
        promoted += gate["promoted"]
        _say(f"{name}, better with seed {seed}", gate)
        if gate["promoted"]:
            trial.services.store.promote(Asking.caller.database_key, model, 1, "")
    return promoted


def _say(what: str, gate: Mapping[str, Any]) -> None:
    names = ("candidate", "champion", "lowerBound", "quality", "floor", "pairs")
    shown = {key: gate[key] for key in names if key in gate}
    numbers = ", ".join(f"{key} {value:.4g}" for key, value in shown.items())
    say(f"{what}: {'promoted' if gate['promoted'] else 'rejected'}, {gate['reason']}: {gate['metric']}: {numbers}")


def graph_of(family: str, share: float) -> Projection:
    """Make the projection that a family learns from, of the earliest share of the ratings."""
    with (Checkout.here().data / "ratings.csv").open(encoding="utf-8", newline="") as file:
        rows = [tuple(map(float, row.values())) for row in csv.DictReader(file)]
    rows = sorted(rows, key=lambda row: row[3])[: round(share * len(rows))]
    if family == "node2vec":
        movies = movie_graph([(int(user), int(movie), stars) for user, movie, stars, _ in rows])
        ends = [np.concatenate(each) for each in ((movies.sources, movies.targets), (movies.targets, movies.sources))]
        table = _links(ends, {}, undirected=True)
        return Projection({"Movie": _nodes("Movie", movies.movie_ids)}, {("Movie", "LIKED_WITH", "Movie"): table}, "0")
    users, movies_, stars = (np.array(column) for column in list(zip(*rows, strict=True))[:3])
    user_ids, sources = np.unique(users.astype(np.int64), return_inverse=True)
    movie_ids, targets = np.unique(movies_.astype(np.int64), return_inverse=True)
    nodes = {"Movie": _nodes("Movie", movie_ids), "User": _nodes("User", user_ids)}
    return Projection(nodes, {TARGET.edge_type: _links([sources, targets], {"rating": stars})}, "0")


def damaged(projection: Projection, damage: Damage, seed: int) -> Projection:
    """Spoil the values that a training learns from, and leave what it is measured on."""
    table = projection.relationships[TARGET.edge_type]
    trained = hold_out(projection, TARGET, split_seed=42) == TRAIN
    values = np.array(table.properties["rating"])
    values[trained] = damage(values[trained], np.random.default_rng(seed))
    spoilt = replace(table, properties={"rating": values})
    return replace(projection, relationships={TARGET.edge_type: spoilt})


def _nodes(label: str, keys: np.ndarray) -> NodeTable:
    return NodeTable(label, "key", keys, np.arange(len(keys)), {})


def _links(ends: list[np.ndarray], columns: dict[str, np.ndarray], *, undirected: bool = False) -> RelationshipTable:
    order = np.lexsort((ends[1], ends[0]))
    edge_index = np.stack([each[order] for each in ends]).astype(np.int32)
    return RelationshipTable(edge_index, {name: values[order] for name, values in columns.items()}, undirected)


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
