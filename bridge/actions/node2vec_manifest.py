"""What is kept of a node2vec training."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from bridge.actions.health import library_versions
from bridge.actions.node2vec_fit import Embedding
from bridge.actions.reading import Selection
from bridge.core.call import Caller
from bridge.core.graph import Graph
from bridge.registry.manifest import GraphFacts, Manifest

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
) -> Manifest:
    """Put together the manifest of a new version; the store adds its number and its files."""
    return Manifest(
        model_name=configuration["modelName"],
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
        history=tuple({"epoch": epoch, "loss": loss} for epoch, loss in enumerate(trained.losses, start=1)),
        warnings=tuple(_warnings(trained)),
        model_info={
            "projection": {"name": graph.name, "createdMillis": graph.created_millis},
            "splits": trained.split_sizes,
            "computedFrom": sorted(computed_from),
            "nodesWithoutRelationships": trained.without_relationships,
            "seconds": trained.seconds,
        },
    )


def _warnings(trained: Embedding) -> list[str]:
    """Name the baselines that find held-out relationships better."""
    mrr = trained.metrics["test"]["mrr"]
    better = [f"{name} ({each['mrr']:.3f})" for name, each in trained.baselines.items() if each["mrr"] > mrr]
    if not better:
        return []
    return [
        f"The embedding finds held-out relationships with an MRR of {mrr:.3f}; without any training these do better: "
        f"{', '.join(better)}."
    ]
