"""What is kept of a node2vec training."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from bridge.actions.health import library_versions
from bridge.actions.initial import parent_of, started_from
from bridge.actions.node2vec_fit import Embedding
from bridge.actions.reading import Selection
from bridge.core.call import Caller
from bridge.core.graph import Graph
from bridge.evaluation.gate import METRICS, losing_to
from bridge.registry.manifest import GraphFacts, Manifest
from bridge.registry.version import Version

MODEL_TYPE = "node2vec"


def manifest_of(
    trained: Embedding,
    selection: Selection,
    configuration: Mapping[str, Any],
    *,
    computed_from: Collection[str],
    caller: Caller,
    graph: Graph,
    fingerprint: str,
    train_millis: int,
    initial: Version | None = None,
) -> Manifest:
    """Put together the manifest of a new version; the store adds its number and its files."""
    metric = METRICS["links"]
    loses = losing_to(metric, trained.metrics["test"][metric.name], trained.baselines)
    return Manifest(
        model_name=configuration["modelName"],
        parent_version=parent_of(configuration["modelName"], initial),
        database=caller.database,
        database_id=caller.database_id,
        owner=caller.user,
        model_type=MODEL_TYPE,
        created_millis=time.time_ns() // 1_000_000,
        train_millis=train_millis,
        configuration=dict(configuration),
        node_keys=dict(selection.node_keys),
        graph=GraphFacts(
            name=graph.name,
            node_counts=trained.node_counts,
            relationship_counts=trained.relationship_counts,
            fingerprint=fingerprint,
        ),
        seeds={"randomSeed": configuration["randomSeed"], "splitSeed": configuration["splitSeed"]},
        libraries=library_versions(),
        metrics=trained.metrics,
        baselines=trained.baselines,
        files=trained.files,
        history=tuple({"epoch": epoch, "loss": loss} for epoch, loss in enumerate(trained.losses, start=1)),
        warnings=() if loses is None else (loses,),
        model_info={
            "projection": {"name": graph.name, "createdMillis": graph.created_millis},
            "splits": trained.split_sizes,
            "computedFrom": sorted(computed_from),
            "nodesWithoutRelationships": trained.without_relationships,
            "seconds": trained.seconds,
            **started_from(initial),
        },
    )
