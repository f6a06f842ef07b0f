"""What a call of `bridge.node2vec` must fulfil before anything is read, memory included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bridge.actions.champion import EVALUATED
from bridge.actions.initial import find_initial, refuse_other, with_start
from bridge.actions.loading import EMBEDDING
from bridge.actions.memory import check_memory, send_estimate
from bridge.actions.node2vec_config import (
    Node2VecConfig,
    Node2VecMutateConfig,
    Node2VecTrainConfig,
    Node2VecWriteConfig,
)
from bridge.actions.node2vec_initial import HELD, START
from bridge.actions.node2vec_manifest import MODEL_TYPE
from bridge.actions.reading import Selection, keys_of, labels_of, quoted, types_of
from bridge.actions.vectors import refuse_existing, refuse_read_only
from bridge.core.call import Call
from bridge.core.errors import FailedPreconditionError, Faults
from bridge.core.graph import Graph
from bridge.core.memory import Estimate
from bridge.models.node2vec import Node2VecHyperparameters, estimate_bytes
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services

EVALUATED_BYTES = 16 * 2**20
"""A block of the scores that ranks are found in, of which there are a few at once."""

RELATIONSHIP_BYTES = 56
"""A relationship in the sparse matrices of the baselines."""


def check_call(
    request: Node2VecConfig, graph: Graph, services: Services, initial: Version | None = None
) -> tuple[Selection, int]:
    """Return what to read, and the bytes that its turn in a trainer needs: 0 with `sudo`, which takes what there is.

    `initial` is the version that a training starts from.

    Raises:
        InvalidArgumentError, FailedPreconditionError: with everything that does not fit the projection.
        ResourceExhaustedError: it would take more memory than there is.
    """
    selection = _selection(request, graph)
    if initial is not None and isinstance(request, Node2VecTrainConfig):
        _check_initial(initial, request, selection)
    needed = estimate_node2vec(request, *_counts(selection, graph), initial, services.threads)
    return selection, check_memory(needed, request.sudo, services)


async def estimate(request: Node2VecConfig, call: Call, services: Services) -> None:
    """Answer with the memory that it would take."""
    if call.fictitious is not None:
        counts = call.fictitious.node_count, call.fictitious.relationship_count
    else:
        graph = await call.describe()
        counts = _counts(_selection(request, graph), graph)
    initial = await find_initial(request, call, services) if isinstance(request, Node2VecTrainConfig) else None
    needed = estimate_node2vec(request, *counts, initial, services.threads)
    await send_estimate(call, needed, *counts, services)


def hyperparameters(request: Node2VecConfig) -> Node2VecHyperparameters:
    """Return the keys that belong to the algorithm."""
    return Node2VecHyperparameters.model_validate(
        {name: getattr(request, name) for name in Node2VecHyperparameters.model_fields}, by_name=True
    )


def _selection(request: Node2VecConfig, graph: Graph) -> Selection:
    faults = Faults()
    labels: list[str] = []
    types: list[str] = []
    with faults:
        labels = labels_of(graph, request.node_labels)
    with faults:
        types = types_of(graph, request.relationship_types)
        _check_types(types, graph)
    with faults:
        _check_weight(request.relationship_weight_property, types, graph)
    if isinstance(request, Node2VecMutateConfig):
        refuse_existing(graph, labels, request.mutate_property, faults)
    if isinstance(request, Node2VecWriteConfig):
        refuse_read_only(graph, faults)
    faults.raise_if_any()
    weight = request.relationship_weight_property
    properties = () if weight is None else (weight,)
    keys = keys_of(graph, labels, request.node_keys)
    return Selection(dict.fromkeys(labels, ()), dict.fromkeys(types, properties), keys)


def _check_initial(version: Version, request: Node2VecTrainConfig, selection: Selection) -> None:
    """Refuse a version whose vectors do not fit the training, as far as its manifest tells."""
    manifest = version.manifest
    facts = {
        "architecture": (manifest.model_type, MODEL_TYPE),
        "embeddingDimension": (manifest.configuration.get("embeddingDimension"), request.embedding_dimension),
        "nodeKeys": (manifest.node_keys, dict(selection.node_keys)),
    }
    refuse_other(version, facts, [f"{name}{START}" for name in (EVALUATED, EMBEDDING)])


def _check_types(types: Sequence[str], graph: Graph) -> None:
    if not sum(graph.relationship_types[name].relationship_count for name in types):
        raise FailedPreconditionError(
            f"The projection `{graph.name}` has no relationships of the types {quoted(types)}, so there is nothing to "
            "walk over. Project some, or name other `relationshipTypes`.",
            reason="NO_RELATIONSHIPS",
        )


def _check_weight(weight: str | None, types: Sequence[str], graph: Graph) -> None:
    kinds = [graph.relationship_types[name] for name in types]
    if weight is None or all(weight in kind.properties for kind in kinds):
        return
    common = [name for name in kinds[0].properties if all(name in kind.properties for kind in kinds)]
    raise FailedPreconditionError(
        f"Relationship weight property `{weight}` not found in relationship types {quoted(types)}. Properties existing "
        f"on all relationship types: {quoted(common)}. Project it on all of them, or name another.",
        reason="NOT_IN_PROJECTION",
    )


def _counts(selection: Selection, graph: Graph) -> tuple[int, int]:
    """Count nodes and relationships of what is selected."""
    nodes = sum(graph.labels[label].node_count for label in selection.labels)
    return nodes, sum(graph.relationship_types[name].relationship_count for name in selection.types)


def estimate_node2vec(
    request: Node2VecConfig, nodes: int, relationships: int, initial: Version | None, threads: int
) -> Estimate:
    """Say what a training process takes at most at one time, of `threads` at most; relationships count by direction."""
    least, most = estimate_bytes(nodes, relationships, hyperparameters(request), min(request.concurrency, threads))
    fit = Estimate("graph, walks and vectors", least, most)
    if not isinstance(request, Node2VecTrainConfig):
        return Estimate.total("bridge.node2vec", fit)
    vectors = 4 * nodes * request.embedding_dimension
    remembered = Estimate("contexts and steps, for later trainings", vectors, 2 * vectors + 8 * nodes)
    block = min(EVALUATED_BYTES, 4 * nodes * nodes)
    measuring = Estimate(
        "held-out relationships", vectors + block, vectors + 3 * block + RELATIONSHIP_BYTES * relationships
    )
    return with_start(Estimate.total("bridge.node2vec", fit, remembered, measuring), initial, *HELD)
