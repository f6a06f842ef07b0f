"""The training process's side of `bridge.node2vec`: walk, embed, measure."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from safetensors.numpy import load_file, save_file

from bridge.actions.loading import EMBEDDING
from bridge.core.errors import DamagedError
from bridge.core.homogeneous import HomogeneousGraph
from bridge.core.progress import Progress, part
from bridge.core.projection import Projection
from bridge.evaluation.links import evaluate_links, link_baselines
from bridge.jobs.worker import Reporter
from bridge.models.node2vec import Node2Vec, Node2VecFit, Node2VecHyperparameters
from bridge.models.node_embedding import NodeEmbedding
from bridge.projection.content import CONTENT_FILE, content_hashes
from bridge.projection.folder import keep_files
from bridge.projection.homogeneous import HomogeneousView, homogeneous
from bridge.projection.link_splits import hold_out_links
from bridge.projection.snapshots import open_snapshot

STEPS = ("read projection", "embed", "hand out")
READ, EMBED, HAND_OUT = range(len(STEPS))

TRAIN_STEPS = ("read projection", "embed without held-out relationships", "measure", "embed", "publish")
_, EVALUATED, MEASURE, SERVED, PUBLISH = range(len(TRAIN_STEPS))

VECTORS = "vectors.safetensors"


class Node2VecPlan(BaseModel):
    """A validated computation: nothing in it is left to be looked up or guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    snapshot: str
    """Folder of the snapshot."""
    folder: str
    """Where the results go."""
    weight_property: str | None
    hyperparameters: dict[str, Any]
    """As `bridge.node2vec` takes them, in camelCase."""
    seed: int
    threads: int
    test_fraction: float = 0.0
    split_seed: int = 0


class Embedding(BaseModel):
    """What a training process answers."""

    model_config = ConfigDict(frozen=True)

    node_counts: dict[str, int]
    """By label."""
    relationship_counts: dict[str, int]
    """By type, in the directions that the projection had."""
    without_relationships: int
    """Nodes that got no vector."""
    losses: list[float]
    """Mean loss of a pair, by iteration."""
    seconds: dict[str, float]
    """Seconds of each part of the work."""
    metrics: dict[str, dict[str, float | int]] = {}
    """By part: test."""
    baselines: dict[str, dict[str, float | int]] = {}
    """By method, its metrics on the same held-out relationships."""
    split_sizes: dict[str, int] = {}


def embed_in_trainer(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Embed the whole graph; leave `ids.LABEL` int64 [n] and `vectors.LABEL` float32 [n, d] in `vectors.safetensors`.

    Returns:
        An Embedding, as JSON.
    """
    work = _Work(Node2VecPlan.model_validate(spec))
    fit = work.fit("embed", work.view.graph, reporter.at(EMBED))
    arrays: dict[str, Any] = {}
    for label, rows in work.view.rows_of_labels():
        known = fit.embedded[rows]
        arrays[f"ids.{label}"] = work.projection.nodes[label].ids[known]
        arrays[f"vectors.{label}"] = np.ascontiguousarray(fit.vectors[rows][known])
    save_file(arrays, Path(work.plan.folder) / VECTORS)
    return work.answer(fit).model_dump(mode="json")


def train_in_trainer(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Measure an embedding made without the held-out relationships, then embed the whole graph and keep that.

    Returns:
        An Embedding, as JSON.
    """
    work = _Work(Node2VecPlan.model_validate(spec))
    plan, view = work.plan, work.view
    split = hold_out_links(work.projection, view, fraction=plan.test_fraction, seed=plan.split_seed)
    evaluated = work.fit("evaluated", split.train, reporter.at(EVALUATED))
    began = time.perf_counter()
    progress, seed = reporter.at(MEASURE), plan.split_seed
    metrics = evaluate_links(
        evaluated.vectors,
        evaluated.embedded,
        split.train,
        split.held_out,
        seed=seed,
        progress=part(progress, 0.0, 0.25),
    )
    baselines = link_baselines(split.train, split.held_out, seed=seed, progress=part(progress, 0.25, 1.0))
    work.seconds["measure"] = round(time.perf_counter() - began, 3)
    served = work.fit("served", view.graph, reporter.at(SERVED))
    _save(work.embedding(served), Path(plan.folder))
    save_file(content_hashes(work.projection), Path(plan.folder) / CONTENT_FILE)
    keep_files(Path(plan.snapshot), Path(plan.folder))
    answer = work.answer(served).model_copy(
        update={
            "metrics": {"test": metrics.as_map()},
            "baselines": {name: each.as_map() for name, each in baselines.items()},
            "split_sizes": {"train": split.train_count, "test": metrics.relationships},
        }
    )
    return answer.model_dump(mode="json")


def check_embedding(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Load what `train_in_trainer` saved, in a process that never saw it, and look at every vector.

    Raises:
        DamagedError: a vector is missing or not finite.
    """
    folder = Path(spec["folder"])
    meta = json.loads((folder / f"{EMBEDDING}.json").read_text())
    stored = NodeEmbedding.load(load_file(folder / f"{EMBEDDING}.safetensors"), meta)
    for label, vectors in stored.vectors.items():
        if len(vectors) != len(stored.keys[label]) or not np.isfinite(vectors).all():
            raise DamagedError(
                f"The stored vectors of `{label}` are not what was computed. Nothing was published: train again, and "
                "if this comes back, check the server's disk.",
                reason="MODEL_DAMAGED",
            )
    return {}


class _Work:
    """A plan with its graph."""

    def __init__(self, plan: Node2VecPlan) -> None:
        self.plan = plan
        self.hyperparameters = Node2VecHyperparameters.parse(plan.hyperparameters)
        self.projection: Projection = open_snapshot(Path(plan.snapshot))
        self.view: HomogeneousView = homogeneous(self.projection, weight_property=plan.weight_property)
        self.seconds: dict[str, float] = {}

    def fit(self, name: str, graph: HomogeneousGraph, progress: Progress) -> Node2VecFit:
        fit = Node2Vec.fit(
            graph, self.hyperparameters, seed=self.plan.seed, threads=self.plan.threads, progress=progress
        )
        self.seconds |= {f"{name} {phase}": round(seconds, 3) for phase, seconds in fit.seconds.items()}
        return fit

    def embedding(self, fit: Node2VecFit) -> NodeEmbedding:
        keys, vectors = {}, {}
        for label, rows in self.view.rows_of_labels():
            known = fit.embedded[rows]
            keys[label] = self.projection.nodes[label].keys[known]
            vectors[label] = np.ascontiguousarray(fit.vectors[rows][known])
        return NodeEmbedding(keys, vectors)

    def answer(self, fit: Node2VecFit) -> Embedding:
        return Embedding(
            node_counts={label: len(table) for label, table in self.projection.nodes.items()},
            relationship_counts=self.projection.relationship_counts,
            without_relationships=int((~fit.embedded).sum()),
            losses=fit.losses,
            seconds=self.seconds,
        )


def _save(embedding: NodeEmbedding, folder: Path) -> None:
    save_file(embedding.arrays(), folder / f"{EMBEDDING}.safetensors")
    (folder / f"{EMBEDDING}.json").write_text(json.dumps(embedding.meta()))
