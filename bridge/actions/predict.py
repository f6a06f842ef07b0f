"""Predict the value or the score of given pairs with a hosted model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.actions.hosted import Asked, ask, filtered_rows
from bridge.actions.jobs import running_job
from bridge.actions.reading import quoted
from bridge.actions.recommend_config import PredictConfig, PredictRow
from bridge.core.call import Call
from bridge.core.columns import Column
from bridge.core.errors import InvalidArgumentError
from bridge.core.procedure import Procedure

if TYPE_CHECKING:
    from bridge.actions.services import Services

CHUNK = 65_536
"""Pairs scored at once."""

MOST_PAIRS = 100_000_000
"""Pairs that one call may ask for by two filters."""

STEPS = ("read projection", "score")


async def predict(request: PredictConfig, call: Call, services: Services) -> None:
    """Answer with a row a pair."""
    if request.pair_relationship_type is None and request.source_node_filter is None:
        raise InvalidArgumentError(
            "No pairs to predict for: give `pairRelationshipType`, or `sourceNodeFilter` (with `targetNodeFilter`, or "
            "for all targets).",
            reason="INVALID_CONFIGURATION",
        )
    more = () if request.pair_relationship_type is None else (request.pair_relationship_type,)
    async with running_job("predict", request, STEPS, call, services) as job:
        asked = await ask(request, call, services, more_types=more)
        sources, targets = await _pairs(request, asked, call)
        for start in range(0, len(sources), CHUNK):
            job.report(1, start / len(sources), f"{start:,} of {len(sources):,} pairs")
            part = slice(start, start + CHUNK)
            scores = await services.compute(asked.scorer.pairs, sources[part], targets[part])
            await call.rows(_columns(asked, sources[part], targets[part], scores))


async def _pairs(
    request: PredictConfig, asked: Asked, call: Call
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    graph = asked.graph
    some = await filtered_rows(call, asked.sources, graph, request.source_node_filter, "sourceNodeFilter")
    others = await filtered_rows(call, asked.targets, graph, request.target_node_filter, "targetNodeFilter")
    if request.pair_relationship_type is None:
        if len(some) * len(others) > MOST_PAIRS:
            raise InvalidArgumentError(
                f"The filters make {len(some) * len(others):,} pairs; at most {MOST_PAIRS:,} are allowed. Filter more.",
                reason="TOO_MANY_PAIRS",
            )
        return np.repeat(some, len(others)), np.tile(others, len(some))
    key = (asked.target.source_label, request.pair_relationship_type, asked.target.target_label)
    table = asked.projection.relationships.get(key)
    if table is None:
        raise InvalidArgumentError(
            f"The projection has no `{request.pair_relationship_type}` from `{key[0]}` to `{key[2]}`. "
            f"Its relationship types are {quoted(list(graph.relationship_types))}.",
            reason="NOT_IN_PROJECTION",
        )
    sources, targets = table.edge_index.astype(np.int64)
    kept = np.isin(sources, some) & np.isin(targets, others)
    return sources[kept], targets[kept]


def _columns(
    asked: Asked, sources: NDArray[np.int64], targets: NDArray[np.int64], scores: NDArray[np.float32]
) -> dict[str, Column]:
    known = asked.scorer.known_sources[sources] & asked.scorer.known_targets[targets]
    return {
        "sourceNodeId": Column(asked.sources.ids[sources], node_ids=True),
        "targetNodeId": Column(asked.targets.ids[targets], node_ids=True),
        "score": Column(scores.astype(np.float64)),
        "modelVersion": Column(np.full(len(sources), asked.version.number, dtype=np.int64)),
        "fallback": Column(~known),
    }


PREDICT = Procedure("bridge.predict", PredictConfig, {"stream": PredictRow}, predict)
