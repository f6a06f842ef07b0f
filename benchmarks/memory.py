"""Peak memory of a training process beside what its `.estimate` says, on three sizes an architecture and of node2vec.

The training runs as the server runs it, in a process that the fork server makes; what counts is how much its peak
resident memory is above what it had at the start of the job.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figure import Figure, main, say
from bridge.actions import encode_text, gnn_fit, node2vec_fit
from bridge.actions.encode_config import EncodeTextConfig
from bridge.actions.gnn import plan_of
from bridge.actions.gnn_checks import check_training
from bridge.actions.gnn_config import GnnTrainConfig
from bridge.actions.gnn_estimate import estimate_training
from bridge.actions.node2vec_checks import estimate_node2vec, hyperparameters
from bridge.actions.node2vec_config import Node2VecConfig, Node2VecTrainConfig
from bridge.actions.node2vec_fit import Node2VecPlan
from bridge.core.graph import Graph, Label, Property, RelationshipType
from bridge.core.memory import Estimate
from bridge.core.projection import NodeTable, Projection, RelationshipTable
from bridge.jobs.job import Job
from bridge.jobs.process import Trainers
from bridge.jobs.worker import Limits, Reporter
from bridge.projection.folder import write_folder

TITLE = "peak memory of a training by its estimate"

MIB = 2**20
THREADS = 2
SEED = 1
TAGS, TAGS_EACH, FEATURES = 50, 3, 64
BATCH = EncodeTextConfig.model_fields["batch_size"].default
MOST_RATIO = 2.0
"""How far either end of the estimate may be from what is measured."""


@dataclass(frozen=True)
class Size:
    """A graph of users and items."""

    name: str
    users: int
    items: int
    ratings: int


SMALL = Size("small", 2_000, 1_000, 40_000)
MIDDLE = Size("middle", 20_000, 5_000, 400_000)
LARGE = Size("large", 100_000, 20_000, 2_000_000)
CASES: tuple[tuple[Size, tuple[str, ...]], ...] = (
    (SMALL, ("none", "fast")),
    (MIDDLE, ("none", "fast")),
    (LARGE, ("fast",)),
)
"""Sizes, and with which `baselines`."""

OBJECTIVES = {"graphFm": "rating", "sage": "rating", "lightGcn": "ranking"}

LONG = 400
"""Words of a text of more than the 256 tokens that are read."""
TEXTS = {"2,000 titles": (2_000, 3), "20,000 titles": (20_000, 3), "2,000 long texts": (2_000, LONG)}
"""Texts, and words of each."""

_SHORT = {"walksPerNode": 2, "randomSeed": SEED}
_WEIGHTED = _SHORT | {"relationshipWeightProperty": "lanes"}
NODE2VEC: dict[str, Node2VecConfig] = {
    "node2vec": Node2VecConfig.parse(_SHORT),
    "node2vec with weights": Node2VecConfig.parse(_WEIGHTED),
    "node2vec.train": Node2VecTrainConfig.parse(_SHORT | {"modelName": "measured"}),
    "node2vec.train with weights": Node2VecTrainConfig.parse(_WEIGHTED | {"modelName": "measured"}),
}
"""Defaults but two walks a node."""


def measure() -> Iterator[Figure]:
    """Yield for every case the peak, and both ends of the estimate beside it."""
    trainers = started()
    outside = 0
    with tempfile.TemporaryDirectory() as folder:
        for size, extents in CASES:
            projection = board(size)
            snapshot = Path(folder) / size.name
            write_folder(snapshot, projection)
            for architecture in OBJECTIVES:
                for extent in extents:
                    request = training(architecture, baselines=extent)
                    estimate, peak = measured(trainers, request, projection, snapshot)
                    outside += not estimate.bytes_min <= peak <= estimate.bytes_max
                    yield from _figures(f"{architecture}, {size.name}, baselines {extent}", estimate, peak)
        for size in (SMALL, MIDDLE, LARGE):
            for name, request in NODE2VEC.items():
                estimate, peak = measured_node2vec(trainers, request, size, Path(folder))
                outside += not estimate.bytes_min <= peak <= estimate.bytes_max
                yield from _figures(f"{name}, {size.name}", estimate, peak)
    for name, (count, words) in TEXTS.items():
        estimate, peak = measured_texts(trainers, count, words)
        outside += not estimate.bytes_min <= peak <= estimate.bytes_max
        yield from _figures(f"encode.text, {name}", estimate, peak)
    yield Figure("peaks outside their range", outside, "", "lower", bar=0)


def _figures(case: str, estimate: Estimate, peak: int) -> Iterator[Figure]:
    say(f"{case}: {estimate.range()}, measured {peak / MIB:.0f} MiB")
    yield Figure(f"peak, {case}", peak / MIB, "MiB", "lower")
    yield Figure(f"bytesMax by peak, {case}", estimate.bytes_max / peak, "", "lower", bar=MOST_RATIO)
    yield Figure(f"peak by bytesMin, {case}", peak / estimate.bytes_min, "", "lower", bar=MOST_RATIO)


def started() -> Trainers:
    """Start the fork server as the bridge server does."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    trainers = Trainers(["bridge.trainer"], limits=Limits(niceness=0, threads=THREADS))
    trainers.start()
    return trainers


def training(architecture: str, **given: Any) -> GnnTrainConfig:
    """Ask for a training that is short and leaves nothing out: features, side relationships, validation, refit."""
    return GnnTrainConfig.parse(
        {
            "modelName": "measured", "objective": OBJECTIVES[architecture], "architecture": architecture,
            "sourceNodeLabel": "User", "targetRelationshipType": "RATED", "targetNodeLabel": "Item",
            "targetProperty": "stars", "featureProperties": {"Item": ["vector"]}, "epochs": 2, "device": "cpu", **given,
        }
    )  # fmt: skip


def measured(
    trainers: Trainers, request: GnnTrainConfig, projection: Projection, snapshot: Path
) -> tuple[Estimate, int]:
    """Estimate a training, then run it in a process of its own; return the estimate and the peak in bytes."""
    graph = described(projection)
    checked = check_training(request, graph)
    with tempfile.TemporaryDirectory() as staging:
        plan = plan_of(request, checked, SEED, str(snapshot), staging, THREADS)
        answer = asyncio.run(_run(trainers, gnn_fit.STEPS, fit_and_look, plan.model_dump(mode="json")))
    return estimate_training(request, checked, graph), answer["bytes"]


def measured_node2vec(
    trainers: Trainers, request: Node2VecConfig, size: Size, folder: Path
) -> tuple[Estimate, int]:
    """Estimate and run a call of `bridge.node2vec`, in a process of its own; return the estimate and the peak."""
    projection, fraction = roads(size), request.test_fraction if isinstance(request, Node2VecTrainConfig) else 0.0
    counts = projection.node_count, projection.relationship_count
    with tempfile.TemporaryDirectory(dir=folder) as snapshot, tempfile.TemporaryDirectory() as results:
        write_folder(Path(snapshot) / "roads", projection)
        plan = Node2VecPlan(
            snapshot=str(Path(snapshot) / "roads"), folder=results,
            hyperparameters=hyperparameters(request).effective(), weight_property=request.relationship_weight_property,
            seed=SEED, threads=THREADS, test_fraction=fraction,
        )  # fmt: skip
        work, steps = (train_and_look, node2vec_fit.TRAIN_STEPS) if fraction else (embed_and_look, node2vec_fit.STEPS)
        answer = asyncio.run(_run(trainers, steps, work, plan.model_dump(mode="json")))
    return estimate_node2vec(request, *counts, None, THREADS), answer["bytes"]


def measured_texts(trainers: Trainers, count: int, words: int) -> tuple[Estimate, int]:
    """Estimate and run `bridge.encode.text.mutate` on so many different texts; return the estimate and the peak."""
    texts = [" ".join(f"word{(7 * word + text) % 977}" for word in range(words)) + f" {text}" for text in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "texts.json").write_text(json.dumps([texts]))
        spec = {"folder": folder, "batchSize": BATCH, "missing": "error", "threads": THREADS}
        answer = asyncio.run(_run(trainers, encode_text.STEPS, encode_and_look, spec))
    return encode_text.estimate_encoding(count), answer["bytes"]


Work = Callable[[dict[str, Any], Reporter], dict[str, Any]]


async def _run(trainers: Trainers, steps: tuple[str, ...], work: Work, plan: dict[str, Any]) -> dict[str, Any]:
    with Job("memory", "measured", steps=steps) as job:
        return await trainers.run(job, work, plan)


def fit_and_look(plan: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Train in this process; return the growth of its peak resident memory, in bytes."""
    return _look(gnn_fit.fit, plan, reporter)


def embed_and_look(plan: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Embed in this process; return the growth of its peak resident memory, in bytes."""
    return _look(node2vec_fit.embed_in_trainer, plan, reporter)


def train_and_look(plan: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Embed twice and measure in this process; return the growth of its peak resident memory, in bytes."""
    return _look(node2vec_fit.train_in_trainer, plan, reporter)


def encode_and_look(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Encode texts in this process; return the growth of its peak resident memory, in bytes."""
    return _look(encode_text.encode_in_trainer, spec, reporter)


def _look(work: Work, plan: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    before = _status("VmRSS")
    work(plan, reporter)
    return {"bytes": _status("VmHWM") - before}


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def board(size: Size, features: int = FEATURES) -> Projection:
    """Make users who rate items, some items more than others, and items that have tags and a vector."""
    generator = np.random.default_rng(SEED)
    popularity = 1 / (np.arange(size.items) + 10)
    items = generator.choice(size.items, size=2 * size.ratings, p=popularity / popularity.sum())
    pairs = np.unique(generator.integers(0, size.users, len(items)) * size.items + items)
    pairs = np.sort(generator.choice(pairs, min(size.ratings, len(pairs)), replace=False))
    stars = generator.integers(1, 11, len(pairs)).astype(np.float32) / 2
    tags = np.repeat(np.arange(size.items), TAGS_EACH) * TAGS
    tagged = np.unique(tags + generator.integers(0, TAGS, len(tags)))
    vectors = generator.random((size.items, features), dtype=np.float32)
    return Projection(
        nodes={
            "Item": _nodes("Item", size.items, {"vector": vectors}),
            "Tag": _nodes("Tag", TAGS, {}),
            "User": _nodes("User", size.users, {}),
        },
        relationships={
            ("User", "RATED", "Item"): _links(pairs, size.items, stars=stars),
            ("Item", "TAGGED", "Tag"): _links(tagged, TAGS),
        },
        fingerprint="0" * 64,
    )


def roads(size: Size) -> Projection:
    """Make towns with roads between any two, as many as users and ratings."""
    generator = np.random.default_rng(SEED)
    one, other = generator.integers(0, size.users, (2, size.ratings // 2))
    pairs = np.unique(np.concatenate([one * size.users + other, other * size.users + one]))
    ends = np.stack([pairs // size.users, pairs % size.users]).astype(np.int32)
    lanes = (ends.sum(axis=0) % 3 + 1).astype(np.float32)  # of both directions alike
    return Projection(
        nodes={"Town": _nodes("Town", size.users, {})},
        relationships={("Town", "ROAD", "Town"): RelationshipTable(ends, {"lanes": lanes}, undirected=True)},
        fingerprint="0" * 64,
    )


def _nodes(label: str, count: int, properties: dict[str, np.ndarray]) -> NodeTable:
    return NodeTable(label, "key", np.arange(count), np.arange(count), properties)


def _links(pairs: np.ndarray, width: int, **properties: np.ndarray) -> RelationshipTable:
    return RelationshipTable(np.stack([pairs // width, pairs % width]).astype(np.int32), properties)


def described(projection: Projection) -> Graph:
    """Describe a projection as the database does."""
    return Graph(
        name="board",
        node_count=projection.node_count,
        relationship_count=projection.relationship_count,
        created_millis=0,
        modified_millis=0,
        labels={
            label: Label(
                label,
                len(table),
                {name: Property(name, "FLOAT_ARRAY", values.shape[1]) for name, values in table.properties.items()},
            )
            for label, table in projection.nodes.items()
        },
        relationship_types={
            kind: RelationshipType(kind, len(table), tuple(table.properties))
            for (_, kind, _), table in projection.relationships.items()
        },
    )


if __name__ == "__main__":
    from benchmarks import memory  # by this name the fork server's processes find fit_and_look

    sys.exit(main(memory.TITLE, memory.measure))
