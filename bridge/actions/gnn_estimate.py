"""The memory that `bridge.gnn.train` would take, for a projection or for counts alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from bridge.actions.champion import SERVED
from bridge.actions.gnn_checks import Checked, check_training
from bridge.actions.gnn_config import GnnTrainConfig
from bridge.actions.initial import find_initial, with_start
from bridge.actions.memory import send_estimate
from bridge.actions.reading import ALL
from bridge.core.call import Call, FictitiousGraph
from bridge.core.graph import Graph, Label, Property, RelationshipType
from bridge.core.learning import Interactions
from bridge.core.memory import Estimate
from bridge.evaluation.cost import ALL as ALL_ALLOWED
from bridge.evaluation.cost import FAST
from bridge.evaluation.ranking_baselines import Ease, ItemKnn
from bridge.models import MODELS
from bridge.models.footprint import Sizes, training_memory
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services

LINK_BYTES = (25, 100)
"""A relationship in the sparse matrices of a baseline: by source, by target, and in what they are made of."""
RATING_BLOCK = 40 * 2**20
"""Similarities of some targets to all others, in five forms."""
RANKING_CELLS = 1 << 22
"""The same of the ranking baselines: so many at once, 24 bytes each."""
NEIGHBOUR_BYTES = 24 * ItemKnn.NEIGHBOURS
"""The nearest targets of a target."""
INVERSE_BYTES = (20, 24)
"""Of EASE, by the square of its smaller side: the Gram matrix, sparse at first, and what becomes its inverse."""

MOST_COUNTED = 1 << 50
"""Relationships beyond which a cost is above every limit anyway."""


async def estimate(request: GnnTrainConfig, call: Call, services: Services) -> None:
    """Answer with the memory that a training would take."""
    graph = await call.describe() if call.fictitious is None else fictitious_graph(request, call.fictitious)
    initial = await find_initial(request, call, services)
    needed = estimate_training(request, check_training(request, graph), graph, initial)
    await send_estimate(call, needed, graph.node_count, graph.relationship_count, services)


def estimate_training(
    request: GnnTrainConfig, checked: Checked, graph: Graph, initial: Version | None = None
) -> Estimate:
    """Say what the training process would take; see `bridge.models.footprint`. `initial`: what it starts from."""
    sizes = sizes_of(request, checked, graph)
    settings = MODELS[checked.architecture].Hyperparameters.parse(request.hyperparameters())
    baselines = _baselines(request, sizes)
    needed = training_memory("bridge.gnn.train", checked.architecture, sizes, settings, baselines)
    return with_start(needed, initial, f"{SERVED}.safetensors")  # the largest of its weights: one at a time is held


def fictitious_graph(request: GnnTrainConfig, counts: FictitiousGraph) -> Graph:
    """Make up a graph that fits the request: all nodes at the ends, half at each; all relationships the target's.

    Other labels and types that the request names are there without nodes and relationships, and every feature that it
    names is a single number.
    """
    ends = (request.source_node_label, request.target_node_label)
    halves = dict(zip(ends, (counts.node_count // 2, counts.node_count - counts.node_count // 2), strict=True))
    if ends[0] == ends[1]:
        halves = {ends[0]: counts.node_count}
    features = request.feature_properties
    by_label = features if isinstance(features, dict) else {}
    everywhere = () if isinstance(features, dict) else features
    labels = {*ends, *by_label, *_named(request.node_labels)}
    target = request.target_relationship_type
    properties = tuple(
        name for name in (request.target_property, request.time_property, request.split_property) if name is not None
    )
    types = {*_named(request.relationship_types), target}
    return Graph(
        name="",
        node_count=counts.node_count,
        relationship_count=counts.relationship_count,
        created_millis=0,
        modified_millis=0,
        labels={
            label: Label(label, halves.get(label, 0), _numbers([*by_label.get(label, ()), *everywhere]))
            for label in sorted(labels)
        },
        relationship_types={
            name: RelationshipType(name, counts.relationship_count if name == target else 0, properties)
            for name in sorted(types)
        },
    )


def sizes_of(request: GnnTrainConfig, checked: Checked, graph: Graph) -> Sizes:
    """Count what is trained on.

    The projection says how many relationships a type has, not between which labels: all of the target's count as
    target relationships, and every other one as one that sends messages to one end.
    """
    target = checked.target
    ends = (target.source_label, target.target_label)
    links = {name: _once(graph.relationship_types[name]) for name in checked.selection.types}
    relationships = links.pop(target.relationship_type)
    if ends[0] == ends[1]:  # both directions of an undirected one are then target relationships
        relationships = graph.relationship_types[target.relationship_type].relationship_count
    ranking = request.objective == "ranking"
    held_out = request.test_fraction + (0.0 if ranking else request.validation_fraction)
    return Sizes(
        sources=graph.labels[ends[0]].node_count,
        targets=graph.labels[ends[1]].node_count,
        relationships=relationships,
        learned=relationships if request.refit else round(relationships * (1 - held_out)),
        kept_models=1 + (ranking and request.refit),
        side_nodes=sum(graph.labels[label].node_count for label in checked.selection.labels if label not in ends)
        if links
        else 0,
        side_relationships=sum(links.values()),
        source_width=_width(graph, checked, ends[0]),
        target_width=_width(graph, checked, ends[1]),
        side_types=len(links),
        relationship_properties=len(checked.selection.types[target.relationship_type]),
        ranking=ranking,
    )


def _baselines(request: GnnTrainConfig, sizes: Sizes) -> Estimate:
    """Estimate the largest of the baselines; which ones are skipped can depend on what the relationships are."""
    if request.baselines == "none":
        return Estimate.exactly("baselines", 0)
    limit = FAST if request.baselines == "fast" else ALL_ALLOWED
    links = [each * sizes.relationships for each in LINK_BYTES]
    if request.objective == "rating":
        block = min(RATING_BLOCK, 40 * sizes.targets**2)
        return Estimate("baselines", links[0] + block // 2, links[1] + block)
    nearest = 24 * min(RANKING_CELLS, sizes.targets**2) + NEIGHBOUR_BYTES * sizes.targets
    parts = [Estimate("itemKnn", links[0], links[1] + nearest)]
    if Ease.cost(_counted(sizes)).within(limit):
        least, most = (each * min(sizes.sources, sizes.targets) ** 2 for each in INVERSE_BYTES)
        parts.append(Estimate("ease", links[0] + least, links[1] + most))
    return Estimate(
        "baselines", max(each.bytes_min for each in parts), max(each.bytes_max for each in parts), tuple(parts)
    )


def _counted(sizes: Sizes) -> Interactions:
    """So many relationships, without the memory for them: a cost that depends on counts alone reads nothing else."""
    count = min(sizes.relationships, MOST_COUNTED)
    ends = np.broadcast_to(np.zeros(1, dtype=np.int32), count)
    values = np.broadcast_to(np.zeros(1), count)
    return Interactions(ends, ends, values, sizes.sources, sizes.targets)


def _once(kind: RelationshipType) -> int:
    return kind.relationship_count // 2 if kind.undirected else kind.relationship_count


def _width(graph: Graph, checked: Checked, label: str) -> int:
    properties = graph.labels[label].properties
    return sum(max(1, properties[name].dimension) for name in checked.selection.labels[label])


def _named(names: Iterable[str]) -> set[str]:
    return set(names) - {ALL}


def _numbers(names: Iterable[str]) -> dict[str, Property]:
    return {name: Property(name, "DOUBLE") for name in names}
