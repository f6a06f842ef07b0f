"""What is kept of every training, whatever it trained."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.actions.health import library_versions
from bridge.actions.initial import parent_of, started_from
from bridge.actions.node2vec_fit import Embedding
from bridge.actions.plan import Trained
from bridge.core.call import Caller
from bridge.core.graph import Graph
from bridge.evaluation.gate import Metric, losing_to
from bridge.registry.manifest import GraphFacts, Manifest
from bridge.registry.version import Version


@dataclass(frozen=True)
class Occasion:
    """Whose training it was, and on what."""

    caller: Caller
    graph: Graph
    node_keys: Mapping[str, str]
    """By label."""
    fingerprint: str
    """The snapshot's."""
    configuration: Mapping[str, Any]
    """The effective one, with what was chosen for the user."""
    train_millis: int
    initial: Version | None
    """The version that it started from."""


def manifest_of(
    trained: Trained | Embedding, occasion: Occasion, metric: Metric, *, model_type: str, seeds: Mapping[str, int]
) -> Manifest:
    """Put together what the manifests of new versions have in common; the store adds the number."""
    caller, graph, name = occasion.caller, occasion.graph, occasion.configuration["modelName"]
    loses = losing_to(metric, trained.metrics["test"][metric.name], trained.baselines)
    return Manifest(
        model_name=name,
        parent_version=parent_of(name, occasion.initial),
        database=caller.database,
        database_id=caller.database_id,
        owner=caller.user,
        model_type=model_type,
        created_millis=time.time_ns() // 1_000_000,
        train_millis=occasion.train_millis,
        configuration=dict(occasion.configuration),
        node_keys=dict(occasion.node_keys),
        graph=GraphFacts(
            name=graph.name,
            node_counts=trained.node_counts,
            relationship_counts=trained.relationship_counts,
            fingerprint=occasion.fingerprint,
        ),
        seeds=dict(seeds),
        libraries=library_versions(),
        metrics=trained.metrics,
        baselines=trained.baselines,
        files=trained.files,
        history=tuple({"epoch": epoch, "loss": loss} for epoch, loss in enumerate(trained.losses, start=1)),
        warnings=() if loses is None else (loses,),
        model_info={
            "projection": {"name": graph.name, "createdMillis": graph.created_millis},
            "splits": trained.split_sizes,
            "seconds": trained.seconds,
            **started_from(occasion.initial),
        },
    )
