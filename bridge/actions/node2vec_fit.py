"""The training process's side of `bridge.node2vec`: walk, embed, measure."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from safetensors.numpy import load_file, save_file

from bridge.actions.champion import EVALUATED
from bridge.actions.loading import EMBEDDING
from bridge.actions.node2vec_initial import check_start, check_unseen, save_start, start_of
from bridge.actions.soundness import check_finite, check_finite_metrics, check_reproduced, unsound
from bridge.core.homogeneous import HomogeneousGraph
from bridge.core.progress import Progress, part
from bridge.core.projection import Projection
from bridge.evaluation.links import LinkMetrics, evaluate_links, link_baselines
from bridge.jobs.worker import Reporter
from bridge.models.node2vec import Node2Vec, Node2VecFit, Node2VecHyperparameters
from bridge.models.node_embedding import NodeEmbedding
from bridge.projection.content import CONTENT_FILE, HELD_OUT_FILE, content_hashes
from bridge.projection.folder import keep_files
from bridge.projection.homogeneous import HomogeneousView, homogeneous
from bridge.projection.link_splits import LinkSplit, held_out_hashes, hold_out_links
from bridge.projection.snapshots import open_snapshot
from bridge.registry.manifest import StoredFile
from bridge.registry.sealing import hash_files
from bridge.registry.version import Version, open_version

STEPS = ("read projection", "embed", "hand out")
READ, EMBED, HAND_OUT = range(len(STEPS))

TRAIN_STEPS = ("read projection", "embed without held-out relationships", "measure", "embed", "publish")
_, EVALUATE, MEASURE, SERVED, PUBLISH = range(len(TRAIN_STEPS))

VECTORS = "vectors.safetensors"

SIMPLEST = "degreeProduct"
"""The baseline that an embedding must beat to be one."""

PROBES = 64
"""Nodes of a label whose similarities a version is checked by."""

Probe = tuple[str, int, str, int, float]
"""Label and row of one node, of another, and their cosine."""


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
    initial: str | None = None
    """Folder of the version that a training starts from."""


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
    floor: float = 0.0
    """The MRR of the simplest baseline there."""
    split_sizes: dict[str, int] = {}
    probes: dict[str, list[Probe]] = {}
    """By set of vectors, for the check of the published files."""
    files: dict[str, StoredFile] = {}
    """By name, what a training left in its folder."""


def embed_in_trainer(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Embed the whole graph; leave `ids.LABEL` int64 [n] and `vectors.LABEL` float32 [n, d] in `vectors.safetensors`.

    Returns:
        An Embedding, as JSON.
    """
    work = Work(Node2VecPlan.model_validate(spec))
    fit = work.fit("embed", work.view.graph, reporter.at(EMBED))
    arrays: dict[str, Any] = {}
    for label, rows in work.view.rows_of_labels():
        known = fit.embedded[rows]
        arrays[f"ids.{label}"] = work.projection.nodes[label].ids[known]
        arrays[f"vectors.{label}"] = np.ascontiguousarray(fit.vectors[rows][known])
    save_file(arrays, Path(work.plan.folder) / VECTORS)
    return work.answer(fit).model_dump(mode="json")


def train_in_trainer(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Measure an embedding made without the held-out relationships, then embed the whole graph and keep both.

    Returns:
        An Embedding, as JSON.
    """
    work = Work(Node2VecPlan.model_validate(spec))
    split, folder = work.split(), Path(work.plan.folder)
    initial = None if work.plan.initial is None else open_version(Path(work.plan.initial))
    if initial is not None:
        check_unseen(initial, work.projection, work.view, split)
    fit = work.fit("evaluated", split.train, reporter.at(EVALUATE), initial, EVALUATED)
    metrics, baselines = _measured(work, split, fit, reporter.at(MEASURE))
    probes = {EVALUATED: work.keep(fit, EVALUATED)}
    del fit  # its vectors are stored: there is room for the next ones
    fit = work.fit("served", work.view.graph, reporter.at(SERVED), initial, EMBEDDING)
    probes[EMBEDDING] = work.keep(fit, EMBEDDING)
    save_file(content_hashes(work.projection), folder / CONTENT_FILE)
    save_file(held_out_hashes(work.projection, work.view, split.held_out), folder / HELD_OUT_FILE)
    keep_files(Path(work.plan.snapshot), folder)
    answer = work.answer(fit).model_copy(
        update={
            "metrics": {"test": metrics.as_map()},
            "baselines": {name: each.as_map() for name, each in baselines.items()},
            "floor": baselines[SIMPLEST].mrr,
            "split_sizes": {"train": split.train_count, "test": metrics.relationships},
            "probes": probes,
            "files": hash_files(folder),
        }
    )
    return answer.model_dump(mode="json")


def _measured(
    work: Work, split: LinkSplit, fit: Node2VecFit, progress: Progress
) -> tuple[LinkMetrics, dict[str, LinkMetrics]]:
    """Measure an embedding and the baselines on the held-out relationships."""
    began, seed = time.perf_counter(), work.plan.split_seed
    metrics = evaluate_links(
        fit.vectors, fit.embedded, split.train, split.held_out, seed=seed, progress=part(progress, 0.0, 0.25)
    )
    baselines = link_baselines(split.train, split.held_out, seed=seed, progress=part(progress, 0.25, 1.0))
    work.seconds["measure"] = round(time.perf_counter() - began, 3)
    return metrics, baselines


def check_embedding(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Load what `train_in_trainer` saved, in a process that never saw it, and look at every vector.

    Raises:
        DamagedError: a vector is missing, of another length or not finite, or a similarity is not the recorded one.
    """
    plan, trained = Node2VecPlan.model_validate(spec["plan"]), Embedding.model_validate(spec["trained"])
    check_finite_metrics(trained.metrics)
    dimension = Node2VecHyperparameters.parse(plan.hyperparameters).embedding_dimension
    for name, recorded in trained.probes.items():
        embedding = load_embedding(Path(plan.folder), name)
        check_finite(name, embedding.vectors)
        for label, vectors in embedding.vectors.items():
            if vectors.shape != (len(embedding.keys[label]), dimension):
                raise unsound(f"the vectors of `{label}` in its file `{name}` have the shape {vectors.shape}")
        check_start(Path(plan.folder), name, embedding.vectors)
        found = [_similarity(embedding, *probe[:4]) for probe in recorded]
        check_reproduced(name, np.array(found), np.array([probe[4] for probe in recorded]))
    return {}


def save_embedding(embedding: NodeEmbedding, folder: Path, name: str) -> None:
    """Write an embedding as `name.safetensors`, its arrays, and `name.json`, the rest."""
    save_file(embedding.arrays(), folder / f"{name}.safetensors")
    (folder / f"{name}.json").write_text(json.dumps(embedding.meta()))


def load_embedding(folder: Path, name: str) -> NodeEmbedding:
    """Read an embedding back that `save_embedding` wrote.

    Raises:
        DamagedError: the files are no embedding.
    """
    try:
        meta = json.loads((folder / f"{name}.json").read_bytes())
        return NodeEmbedding.load(load_file(folder / f"{name}.safetensors"), meta)
    except MemoryError:  # no room now says nothing of the files
        raise
    except Exception as error:  # wrong shapes, names and types have no error in common
        raise unsound(f"no embedding can be made of its `{name}.json` and `{name}.safetensors`") from error


def _probes(embedding: NodeEmbedding) -> list[Probe]:
    """Record the similarity of nodes spread over all labels, each with the next."""
    rows = [
        (label, int(row))
        for label, vectors in sorted(embedding.vectors.items())
        for row in np.unique(np.linspace(0, len(vectors) - 1, min(PROBES, len(vectors))).astype(np.int64))
    ]
    return [(*one, *other, _similarity(embedding, *one, *other)) for one, other in pairwise(rows)]


def _similarity(embedding: NodeEmbedding, label: str, row: int, other: str, other_row: int) -> float:
    one, two = embedding.vectors[label][row], embedding.vectors[other][other_row]
    return float(one @ two / max(float(np.linalg.norm(one) * np.linalg.norm(two)), 1e-30))


class Work:
    """A plan with its graph; `seconds` is what its parts took so far."""

    def __init__(self, plan: Node2VecPlan) -> None:
        self.plan = plan
        self.hyperparameters = Node2VecHyperparameters.parse(plan.hyperparameters)
        self.projection: Projection = open_snapshot(Path(plan.snapshot))
        self.view: HomogeneousView = homogeneous(self.projection, weight_property=plan.weight_property)
        self.seconds: dict[str, float] = {}

    def split(self) -> LinkSplit:
        """Take the held-out relationships out of the graph."""
        return hold_out_links(
            self.projection, self.view, fraction=self.plan.test_fraction, seed=self.plan.split_seed
        )  # fmt: skip

    def fit(
        self, name: str, graph: HomogeneousGraph, progress: Progress, initial: Version | None = None, start: str = ""
    ) -> Node2VecFit:
        """Embed a graph of these nodes; of an `initial` version the vectors called `start` are where to begin."""
        fit = Node2Vec.fit(
            graph,
            self.hyperparameters,
            seed=self.plan.seed,
            threads=self.plan.threads,
            progress=progress,
            initial=None if initial is None else start_of(initial, start, self.projection, self.view),
            remember=start != "",
        )
        self.seconds |= {f"{name} {phase}": round(seconds, 3) for phase, seconds in fit.seconds.items()}
        return fit

    def keep(self, fit: Node2VecFit, name: str) -> list[Probe]:
        """Store vectors and what a later training needs beside them; return what the check compares."""
        assert fit.state is not None, "a training remembers"
        embedding, folder = self._embedding(fit), Path(self.plan.folder)
        save_embedding(embedding, folder, name)
        save_start(folder, name, fit.state, fit.embedded, self.view)
        return _probes(embedding)

    def _embedding(self, fit: Node2VecFit) -> NodeEmbedding:
        """Give vectors their nodes' keys."""
        keys, vectors = {}, {}
        for label, rows in self.view.rows_of_labels():
            known = fit.embedded[rows]
            keys[label] = self.projection.nodes[label].keys[known]
            vectors[label] = np.ascontiguousarray(fit.vectors[rows][known])
        return NodeEmbedding(keys, vectors)

    def answer(self, fit: Node2VecFit) -> Embedding:
        """Say what was embedded."""
        return Embedding(
            node_counts={label: len(table) for label, table in self.projection.nodes.items()},
            relationship_counts=self.projection.relationship_counts,
            without_relationships=int((~fit.embedded).sum()),
            losses=fit.losses,
            seconds=self.seconds,
        )
