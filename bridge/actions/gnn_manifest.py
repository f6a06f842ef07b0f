"""What is kept of a training, and what `modelInfo` shows of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.actions.health import library_versions
from bridge.actions.initial import parent_of, started_from
from bridge.actions.plan import Plan, Trained
from bridge.actions.reading import Selection
from bridge.core.call import Caller
from bridge.core.graph import Graph
from bridge.evaluation.gate import METRICS, losing_to
from bridge.registry.manifest import GraphFacts, Manifest, TargetFacts
from bridge.registry.version import Version


def manifest_of(
    trained: Trained,
    plan: Plan,
    selection: Selection,
    configuration: Mapping[str, Any],
    *,
    caller: Caller,
    graph: Graph,
    fingerprint: str,
    warnings: Sequence[str],
    train_millis: int,
    initial: Version | None = None,
) -> Manifest:
    """Put together the manifest of a new version; the store adds its number and its files."""
    target = plan.target
    metric = METRICS[plan.objective]
    loses = losing_to(metric, trained.metrics["test"][metric.name], trained.baselines)
    return Manifest(
        model_name=configuration["modelName"],
        parent_version=parent_of(configuration["modelName"], initial),
        database=caller.database,
        database_id=caller.database_id,
        owner=caller.user,
        model_type=plan.architecture,
        objective=plan.objective,
        created_millis=time.time_ns() // 1_000_000,
        train_millis=train_millis,
        configuration=dict(configuration),
        target=TargetFacts(
            source_label=target.source_label,
            relationship_type=target.relationship_type,
            target_label=target.target_label,
            property=target.value_property,
            time_property=target.time_property,
        ),
        node_keys=dict(selection.node_keys),
        features=trained.features,
        graph=GraphFacts(
            name=graph.name,
            node_counts=trained.node_counts,
            relationship_counts=trained.relationship_counts,
            edge_types=trained.edge_types,
            undirected_types=trained.undirected_types,
            fingerprint=fingerprint,
        ),
        seeds={"randomSeed": plan.seed, "splitSeed": plan.split_seed},
        libraries=library_versions(),
        metrics=trained.metrics,
        baselines=trained.baselines,
        files=trained.files,
        history=tuple({"epoch": epoch, "loss": loss} for epoch, loss in enumerate(trained.losses, start=1)),
        warnings=(*warnings, *trained.warnings, *([loses] if loses else [])),
        model_info={
            "projection": {"name": graph.name, "createdMillis": graph.created_millis},
            "splits": trained.split_sizes,
            "epochs": trained.epochs,
            "validationCurve": [list(point) for point in trained.validation_curve],
            "device": trained.device,
            "threads": plan.threads,
            "seconds": trained.seconds,
            **started_from(initial),
            **trained.thresholds,
        },
    )


def model_info(manifest: Manifest) -> dict[str, Any]:
    """Return what `modelInfo` shows of a version."""
    return {
        "modelName": manifest.model_name,
        "modelVersion": manifest.version,
        "modelType": manifest.model_type,
        "objective": manifest.objective,
        "metrics": manifest.metrics,
        "baselines": manifest.baselines,
        "gate": manifest.gate,
        "losses": [epoch["loss"] for epoch in manifest.history],
        "fingerprint": manifest.graph.fingerprint,
        "libraries": manifest.libraries,
        "warnings": list(manifest.warnings),
        **manifest.seeds,
        **manifest.model_info,
    }
