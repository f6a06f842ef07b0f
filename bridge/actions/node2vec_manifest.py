"""What is kept of a node2vec training."""

from __future__ import annotations

from collections.abc import Collection

from bridge.actions.node2vec_fit import Embedding
from bridge.actions.training_manifest import Occasion, manifest_of
from bridge.evaluation.gate import METRICS
from bridge.registry.manifest import Manifest

MODEL_TYPE = "node2vec"


def node2vec_manifest(trained: Embedding, occasion: Occasion, computed_from: Collection[str]) -> Manifest:
    """Put together the manifest of a new version; `computed_from` are relationship types."""
    seeds = {name: occasion.configuration[name] for name in ("randomSeed", "splitSeed")}
    shared = manifest_of(trained, occasion, METRICS["links"], model_type=MODEL_TYPE, seeds=seeds)
    own = {"computedFrom": sorted(computed_from), "nodesWithoutRelationships": trained.without_relationships}
    return shared.model_copy(update={"model_info": {**shared.model_info, **own}})
