"""Find the nearest nodes by a hosted model's embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from bridge.actions.embedding import Embedded, embedded_nodes
from bridge.actions.hosted import answering_version
from bridge.actions.jobs import running_job
from bridge.actions.reading import quoted
from bridge.actions.similar_config import SimilarConfig, SimilarRow
from bridge.actions.unhurried import parts, tiles
from bridge.core.call import Call
from bridge.core.columns import Column
from bridge.core.errors import FailedPreconditionError, InvalidArgumentError
from bridge.core.graph import Graph
from bridge.core.procedure import Procedure
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services

BLOCK_BYTES = 32 * 2**20
"""Memory of the similarities that exist at once."""

STEPS = ("read projection", "compare")
COMPARE = 1

Ids = NDArray[np.int64]
Best = tuple[NDArray[np.int32], NDArray[np.float32]]
"""int32 [b, k] candidates, best first, -1 where there are fewer; float32 [b, k] their similarities."""


async def similar(request: SimilarConfig, call: Call, services: Services) -> None:
    """Compare each node asked for with the candidates, block by block."""
    graph = await call.describe()
    version = await answering_version(request, call, services)
    async with running_job("similar", request, STEPS, call, services) as job:
        found = await embedded_nodes(request, version, graph, call, services)
        wanted = await _filtered(call, graph, found, request.source_node_filter, "sourceNodeFilter")
        among = await _filtered(call, graph, found, request.target_node_filter, "targetNodeFilter")
        asked = [await services.compute(Points.of, [each], wanted) for each in found]
        _check_known(request.source_node_filter, "sourceNodeFilter", asked, found, version)
        if among is not None:
            targets = await services.compute(Points.of, found, among)
            _check_known(request.target_node_filter, "targetNodeFilter", [targets], found, version)
        done, total = 0, sum(map(len, asked))
        for own, sources in zip(found, asked, strict=True):
            # By default only its own label: the two ends of a model need not share a space.
            candidates = await services.compute(Points.of, [own] if among is None else found, among)
            for block in sources.blocks(len(candidates)):
                best = await _nearest(block, candidates, request.top_k, services)
                columns = await services.compute(_columns, block, candidates, *best)
                number = np.full(len(columns["rank"]), version.number, dtype=np.int64)
                await call.rows(columns | {"modelVersion": Column(number)})
                done += len(block)
                job.report(COMPARE, done / total)


@dataclass(frozen=True)
class Points:
    """Embedded nodes on the unit sphere."""

    ids: Ids
    """int64 [n]; the projection's internal ids."""
    vectors: NDArray[np.float32]
    """float32 [n, d]; of length 1."""

    @classmethod
    def of(cls, tables: Sequence[Embedded], only: Ids | None) -> Self:
        """Take the nodes that have a vector, all or those with these internal ids."""
        masks = [each.known if only is None else each.known & np.isin(each.nodes.ids, only) for each in tables]
        ids = np.concatenate([each.nodes.ids[mask] for each, mask in zip(tables, masks, strict=True)])
        vectors = np.concatenate([each.vectors[mask] for each, mask in zip(tables, masks, strict=True)])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return cls(ids, vectors / np.maximum(lengths, np.finfo(np.float32).tiny))

    def __len__(self) -> int:
        return len(self.ids)

    def blocks(self, candidates: int) -> Iterator[Points]:
        """Yield so many at a time that their similarities to the candidates fit."""
        size = max(1, min(1024, BLOCK_BYTES // (4 * max(1, candidates))))
        for part in parts(len(self), size):
            yield Points(self.ids[part], self.vectors[part])


async def _nearest(block: Points, candidates: Points, count: int, services: Services) -> Best:
    similarities = np.empty((len(block), len(candidates)), dtype=np.float32)
    await services.scoring.compute(_compare(block, candidates, similarities))
    return await services.scoring.top_k(similarities, min(count, max(1, len(candidates))))


def _compare(block: Points, candidates: Points, similarities: NDArray[np.float32]) -> Iterator[None]:
    """Fill in the similarities, each node's to itself at -inf, piece by piece."""
    for rows, some in tiles(len(block), len(candidates), block.vectors.shape[1]):
        similarities[rows, some] = block.vectors[rows] @ candidates.vectors[some].T
        similarities[rows, some][block.ids[rows, None] == candidates.ids[None, some]] = -np.inf
        yield


def _columns(
    block: Points, candidates: Points, targets: NDArray[np.int32], values: NDArray[np.float32]
) -> dict[str, Column]:
    rows, places = np.nonzero(targets >= 0)
    return {
        "sourceNodeId": Column(block.ids[rows], node_ids=True),
        "targetNodeId": Column(candidates.ids[targets[rows, places]], node_ids=True),
        "similarity": Column(values[rows, places].astype(np.float64).clip(-1, 1)),
        "rank": Column(places.astype(np.int64) + 1),
    }


async def _filtered(call: Call, graph: Graph, found: Sequence[Embedded], wanted: object, key: str) -> Ids | None:
    """Resolve a node filter to internal ids, None for no filter: a label, or Neo4j's ids.

    Raises:
        InvalidArgumentError: the label is not in the projection, or an id is none of the model's nodes.
    """
    if wanted is None:
        return None
    if isinstance(wanted, str) and wanted not in graph.labels:
        raise InvalidArgumentError(
            f"`{key}` was `{wanted}`, but must be node ids or one of the labels {quoted(list(graph.labels))}.",
            reason="NOT_IN_PROJECTION",
        )
    labels = [wanted] if isinstance(wanted, str) else [each.nodes.label for each in found]
    tables, _ = await call.read_projection(dict.fromkeys(labels, ()), {})
    ids = np.concatenate([tables[label].columns["id"].values.astype(np.int64) for label in labels])
    if isinstance(wanted, str):
        return ids
    node_ids = np.concatenate([tables[label].columns["nodeId"].values for label in labels])
    given = np.atleast_1d(np.array(wanted, dtype=np.int64))
    if len(unknown := np.setdiff1d(given, node_ids)):
        raise InvalidArgumentError(
            f"`{key}` names nodes that are not {quoted(labels)} nodes of the projection: {len(unknown)} of them, the "
            f"first with id {unknown[0]}. Ids are those of `id(node)`.",
            reason="NOT_IN_PROJECTION",
        )
    return ids[np.isin(node_ids, given)]


def _check_known(
    wanted: object, key: str, points: Sequence[Points], found: Sequence[Embedded], version: Version
) -> None:
    if wanted is not None and not any(map(len, points)):
        raise FailedPreconditionError(
            f"Version {version.number} of `{version.model_name}` has no embedding of the nodes in `{key}`. It has "
            f"those of {quoted([each.nodes.label for each in found])} nodes that had a relationship in the training: "
            "ask for such, or train a new version.",
            reason="NOT_EMBEDDED",
        )


SIMILAR = Procedure("bridge.similar", SimilarConfig, {"stream": SimilarRow}, similar)
