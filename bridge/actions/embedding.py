"""The vectors that a hosted model has for the nodes of the caller's projection, whatever the model's family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.actions.base_config import ModelConfig
from bridge.actions.hosted import ask, check_keys, hosted, lacks
from bridge.actions.reading import Selection, snapshot_of
from bridge.core.call import Call
from bridge.core.errors import Faults
from bridge.core.graph import Graph
from bridge.core.projection import NodeTable
from bridge.models.node_embedding import NodeEmbedding
from bridge.projection.snapshots import open_snapshot
from bridge.registry.manifest import Manifest
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services


@dataclass(frozen=True)
class Embedded:
    """The nodes of one label with their vectors."""

    nodes: NodeTable
    vectors: NDArray[np.float32]
    """float32 [N, d]; means nothing where `known` is False."""
    known: NDArray[np.bool_]
    """bool [N]; False for a node that the model knows nothing of."""


def embedded_labels(manifest: Manifest) -> list[str]:
    """Return the labels that a version has vectors for, sorted."""
    if manifest.target is None:
        return sorted(manifest.graph.node_counts)
    return sorted({manifest.target.source_label, manifest.target.target_label})


async def embedded_nodes(
    request: ModelConfig, version: Version, graph: Graph, call: Call, services: Services
) -> list[Embedded]:
    """Return the vectors of all labels that the model has vectors for, in the order of the labels' names.

    Raises:
        FailedPreconditionError: the projection does not fit the model, and why.
    """
    if version.manifest.target is None:
        return await _looked_up(request, version, graph, call, services)
    asked = await ask(request, version, graph, call, services)
    scorer = asked.scorer
    ends = {asked.target.source_label: Embedded(asked.sources, scorer.sources, scorer.known_sources)}
    if asked.target.target_label not in ends:
        ends[asked.target.target_label] = Embedded(asked.targets, scorer.targets, scorer.known_targets)
    return [ends[label] for label in sorted(ends)]


async def _looked_up(
    request: ModelConfig, version: Version, graph: Graph, call: Call, services: Services
) -> list[Embedded]:
    manifest = version.manifest
    labels = _labels(request, manifest, graph)
    selection = Selection(dict.fromkeys(labels, ()), {}, manifest.node_keys)
    async with snapshot_of(call, graph, selection, services) as (snapshot, _):
        tables = (await services.compute(open_snapshot, snapshot.path)).nodes
        async with services.turns.of(version.key):
            model = await services.finish(services.live.get, version, lambda: hosted(version))
        assert isinstance(model, NodeEmbedding), "a version without a target is vectors"
        return [Embedded(tables[label], *await services.compute(model.of, tables[label])) for label in sorted(labels)]


def _labels(request: ModelConfig, manifest: Manifest, graph: Graph) -> Sequence[str]:
    faults = Faults()
    labels = list(manifest.graph.node_counts)
    if lacking := [label for label in labels if label not in graph.labels]:
        faults.add(lacks(request, "labels", lacking, list(graph.labels)))
    with faults:
        check_keys(request, manifest, graph)
    faults.raise_if_any()
    return labels
