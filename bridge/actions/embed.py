"""Hand out the embeddings of a hosted model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bridge.actions.champion import SERVED
from bridge.actions.embed_config import (
    EmbedConfig,
    EmbedMutateConfig,
    EmbedMutateRow,
    EmbedRow,
    EmbedWriteConfig,
    EmbedWriteRow,
)
from bridge.actions.embed_estimate import counts_of, estimate_embed
from bridge.actions.embedding import Embedded, embedded_labels, embedded_nodes
from bridge.actions.hosted import answering_version, find_version
from bridge.actions.jobs import effective, running_job
from bridge.actions.loading import EMBEDDING
from bridge.actions.memory import check_own_memory, send_own_estimate
from bridge.actions.provenance import Origin
from bridge.actions.reading import ALL, labels_of, quoted
from bridge.actions.rows import send_row
from bridge.actions.vectors import Vectors, add_vectors, refuse_existing, refuse_read_only, rows_of, write_vectors
from bridge.core.call import Call
from bridge.core.columns import Column
from bridge.core.errors import Faults, InvalidArgumentError
from bridge.core.graph import Graph
from bridge.core.procedure import Procedure
from bridge.registry.manifest import Manifest
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services
    from bridge.jobs.job import Job

STEPS = ("read projection", "hand out")


async def embed(request: EmbedConfig, call: Call, services: Services) -> None:
    """Look the nodes up, or compute their embeddings, and hand them out."""
    graph = await call.describe()
    found = await find_version(request, call, services)
    _check(request, graph, found.manifest)
    check_own_memory(estimate_embed(request, found, counts_of(found.manifest, graph), services), request.sudo)
    version = await answering_version(request, call, services)
    if version.key != found.key:  # no model could be made of the one found
        _check(request, graph, version.manifest)
    async with running_job("embed", request, STEPS, call, services) as job:
        chosen = _chosen(request, await embedded_nodes(request, version, graph, call, services))
        vectors = await services.compute(_vectors, chosen)
        job.report(1, 0.0)
        if isinstance(request, EmbedMutateConfig):
            await _mutate(request, call, graph, version, chosen, vectors, job, services)
        elif isinstance(request, EmbedWriteConfig):
            written, millis = await write_vectors(call, request.write_property, vectors, request.batch_size)
            row = EmbedWriteRow(
                node_count=sum(len(each.nodes) for each in chosen),
                node_properties_written=written,
                write_millis=millis,
                configuration=dict(effective(request, job, modelVersion=version.number)),
            )
            await send_row(call, row)
        else:
            for columns in rows_of(vectors):
                number = Column(np.full(len(columns["nodeId"]), version.number, dtype=np.int64))
                await call.rows(columns | {"modelVersion": number})


async def estimate(request: EmbedConfig, call: Call, services: Services) -> None:
    """Answer with the memory that the server would take."""
    version = await find_version(request, call, services)
    if call.fictitious is not None:
        counts = call.fictitious.node_count, call.fictitious.relationship_count
    else:
        graph = await call.describe()
        _check(request, graph, version.manifest)
        counts = counts_of(version.manifest, graph)
    await send_own_estimate(call, estimate_embed(request, version, counts, services), *counts)


async def _mutate(
    request: EmbedMutateConfig,
    call: Call,
    graph: Graph,
    version: Version,
    chosen: list[Embedded],
    vectors: Vectors,
    job: Job,
    services: Services,
) -> None:
    manifest = version.manifest
    weights = manifest.files[f"{EMBEDDING if manifest.target is None else SERVED}.safetensors"].sha256
    learned_from = {*manifest.graph.relationship_counts, *manifest.model_info.get("computedFrom", ())}
    origin = Origin(f"{manifest.model_type}:{weights}", frozenset(learned_from))
    written, millis = await add_vectors(call, graph, request.mutate_property, vectors, origin, services.provenance)
    row = EmbedMutateRow(
        node_properties_written=written,
        mutate_millis=millis,
        node_count=sum(len(each.nodes) for each in chosen),
        configuration=dict(effective(request, job, modelVersion=version.number)),
    )
    await send_row(call, row)


def _vectors(chosen: list[Embedded]) -> Vectors:
    return {each.nodes.label: (each.nodes.ids[each.known], each.vectors[each.known]) for each in chosen}


def _check(request: EmbedConfig, graph: Graph, manifest: Manifest) -> None:
    faults = Faults()
    labels: list[str] = []
    with faults:
        labels = _labels(request, graph, manifest)
    if isinstance(request, EmbedMutateConfig):
        refuse_existing(graph, labels, request.mutate_property, faults)
    if isinstance(request, EmbedWriteConfig):
        refuse_read_only(graph, faults)
    faults.raise_if_any()


def _labels(request: EmbedConfig, graph: Graph, manifest: Manifest) -> list[str]:
    """Return the labels whose nodes are asked for.

    Raises:
        InvalidArgumentError: one of them is not in the projection, or the model has no embeddings of it.
    """
    available = embedded_labels(manifest)
    if ALL in request.node_labels:
        return [label for label in available if label in graph.labels]
    labels = labels_of(graph, request.node_labels)
    if lacking := [label for label in labels if label not in available]:
        raise InvalidArgumentError(
            f"The model `{request.model_name}` has no embeddings of {quoted(lacking)}. It has them of "
            f"{quoted(available)}: name these in `nodeLabels`, or leave it out.",
            reason="NOT_EMBEDDED",
        )
    return labels


def _chosen(request: EmbedConfig, found: list[Embedded]) -> list[Embedded]:
    """Keep the labels asked for."""
    return [each for each in found if ALL in request.node_labels or each.nodes.label in request.node_labels]


EMBED = (
    Procedure("bridge.embed", EmbedConfig, {"stream": EmbedRow}, embed, estimate=estimate),
    Procedure("bridge.embed", EmbedMutateConfig, {"mutate": EmbedMutateRow}, embed, estimate=estimate),
    Procedure("bridge.embed", EmbedWriteConfig, {"write": EmbedWriteRow}, embed, estimate=estimate),
)
