"""What is kept of the training of a graph neural network, and what `modelInfo` shows of any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.actions.plan import Plan, Trained
from bridge.actions.training_manifest import Occasion, manifest_of
from bridge.evaluation.gate import METRICS
from bridge.registry.manifest import Manifest, TargetFacts


def gnn_manifest(trained: Trained, plan: Plan, occasion: Occasion, warnings: Sequence[str]) -> Manifest:
    """Put together the manifest of a new version; `warnings` are those of before the training."""
    seeds = {"randomSeed": plan.seed, "splitSeed": plan.split_seed}
    shared = manifest_of(trained, occasion, METRICS[plan.objective], model_type=plan.architecture, seeds=seeds)
    target = plan.target
    edges = {"edge_types": trained.edge_types, "undirected_types": trained.undirected_types}
    own = {
        "objective": plan.objective,
        "target": TargetFacts(
            source_label=target.source_label,
            relationship_type=target.relationship_type,
            target_label=target.target_label,
            property=target.value_property,
            time_property=target.time_property,
        ),
        "features": trained.features,
        "graph": shared.graph.model_copy(update=edges),
        "warnings": (*warnings, *trained.warnings, *shared.warnings),
        "model_info": {
            **shared.model_info,
            "epochs": trained.epochs,
            "validationCurve": [list(point) for point in trained.validation_curve],
            "device": trained.device,
            "threads": plan.threads,
            **trained.thresholds,
        },
    }
    return shared.model_copy(update=own)


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
