"""The memory that the server itself takes for `bridge.embed`, said from counts alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bridge.actions.champion import SERVED
from bridge.actions.embed_config import EmbedConfig, EmbedMutateConfig
from bridge.actions.loading import EMBEDDING
from bridge.core.graph import Graph
from bridge.core.memory import Estimate
from bridge.models import MODELS
from bridge.registry.manifest import Manifest
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services

NODE_BYTES = (16, 150)
"""A node as it is read: ids, key, order; the most with keys of 20 letters."""
RELATIONSHIP_BYTES = (28, 160)
"""A relationship as it is read, sorted, and made part of an adjacency by either end."""
NUMBER_BYTES = 36
"""A number of the features at most: in float64 as a column, joined, centred; then as float32."""
COPIES_LOADED = (1, 2)
"""Of the weights' file: the arrays, and while these are made, its bytes."""
COPIES_FOUND = (0, 2)
"""Of vectors looked up: none where the nodes are the training's, else the result, and what it is filled from."""
COPIES_COMPUTED = (1, 5)
"""Of vectors computed: themselves, and what the layers hold at one time."""


def estimate_embed(request: EmbedConfig, version: Version, counts: tuple[int, int], services: Services) -> Estimate:
    """Say what is in the server's memory at most at one time; a model that is loaded already counts nothing.

    `counts` are the nodes of the labels and the relationships that are read.
    """
    manifest = version.manifest
    nodes, relationships = counts
    vectors = 4 * dimension_of(manifest) * nodes
    looked_up = manifest.target is None
    weights = 0 if services.live.peek(version) is not None else weights_bytes(manifest)
    widths = Counter[str]()
    for feature in manifest.features:
        widths[feature.label] += feature.dimension
    return Estimate.total(
        "bridge.embed",
        _range("model", weights, COPIES_LOADED),
        Estimate.total(
            "projection",
            _range("nodes", nodes, NODE_BYTES),
            _range("relationships", relationships, RELATIONSHIP_BYTES),
            Estimate("features", 0, NUMBER_BYTES * nodes * max(widths.values(), default=0)),
        ),
        _range("vectors", vectors, COPIES_FOUND if looked_up else COPIES_COMPUTED),
        # columns of all labels are joined on their way into the projection
        _range("handed out", vectors, (1, 2 if isinstance(request, EmbedMutateConfig) else 1)),
    )


def counts_of(manifest: Manifest, graph: Graph) -> tuple[int, int]:
    """Count what of a projection is read: nodes of the model's labels, relationships of the types it looks at."""
    labels = [graph.labels[name] for name in manifest.graph.node_counts if name in graph.labels]
    names = () if manifest.target is None else manifest.graph.relationship_counts
    types = [graph.relationship_types[name] for name in names if name in graph.relationship_types]
    return sum(each.node_count for each in labels), sum(each.relationship_count for each in types)


def dimension_of(manifest: Manifest) -> int:
    """Return the length of a version's vectors, as it was set or as its architecture has it by default."""
    dimension = manifest.configuration.get("embeddingDimension")
    if dimension is None:
        return MODELS[manifest.model_type].Hyperparameters().embedding_dimension
    return int(dimension)


def weights_bytes(manifest: Manifest) -> int:
    """Return the size of the file that a version is loaded from."""
    return manifest.files[f"{EMBEDDING if manifest.target is None else SERVED}.safetensors"].bytes


def _range(name: str, count: int, each: tuple[int, int]) -> Estimate:
    return Estimate(name, each[0] * count, each[1] * count)
