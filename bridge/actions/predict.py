"""Predict the value or the score of given pairs with a hosted model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.actions.hosted import Asked, answering_version, ask
from bridge.actions.jobs import running_job
from bridge.actions.node_filter import Rows, check_filters, filtered_rows
from bridge.actions.reading import quoted, types_of
from bridge.actions.recommend_config import PredictConfig, PredictRow
from bridge.actions.unhurried import parts
from bridge.core.call import Call
from bridge.core.columns import Column
from bridge.core.errors import Faults, InvalidArgumentError
from bridge.core.graph import Graph
from bridge.core.procedure import Procedure

if TYPE_CHECKING:
    from bridge.actions.services import Services

CHUNK = 65_536
"""Pairs sent at once."""

PIECE_PAIRS = 4_096
"""Pairs scored at once."""

MOST_PAIRS = 100_000_000
"""Pairs that one call may ask for by two filters."""

STEPS = ("read projection", "score")
READ, SCORE = range(len(STEPS))


async def predict(request: PredictConfig, call: Call, services: Services) -> None:
    """Answer with a row a pair."""
    graph = await call.describe()
    version = await answering_version(request, call, services)
    kind = request.pair_relationship_type
    more = _check(request, graph)
    async with running_job("predict", request, STEPS, call, services) as job:
        asked = await ask(request, version, graph, call, services, more_types=more)
        some, others = await filtered_rows(request, asked, call, services)
        if kind is None:
            count, pairs = _every_pair(some, others)
        else:
            count, pairs = await services.compute(_linked_pairs, asked, kind, some, others)
        done = 0
        for sources, targets in pairs:
            job.report(SCORE, done / count, f"{done:,} of {count:,} pairs")
            pieces = ((sources[part], targets[part]) for part in parts(len(sources), PIECE_PAIRS))
            scores = await services.scoring.compute(asked.scorer.pairs(*piece) for piece in pieces)
            await call.rows(_columns(asked, sources, targets, np.concatenate(scores)))
            done += len(sources)


def _check(request: PredictConfig, graph: Graph) -> list[str]:
    """Return the relationship types to read for the pairs.

    Raises:
        InvalidArgumentError: nothing says which pairs, or a type or a label is not in the projection.
    """
    types: list[str] = []
    faults = Faults()
    if request.pair_relationship_type is not None:
        with faults:
            types = types_of(graph, [request.pair_relationship_type], "pairRelationshipType")
    elif request.source_node_filter is None:
        faults.add(
            "No pairs to predict for: give `pairRelationshipType`, or `sourceNodeFilter` (with `targetNodeFilter`, or "
            "for all targets)."
        )
    check_filters(request, graph, faults)
    faults.raise_if_any()
    return types


def _every_pair(some: Rows, others: Rows) -> tuple[int, Iterator[tuple[Rows, Rows]]]:
    """Return how many pairs two lists of rows make, and the pairs in chunks, each made when it is taken."""
    count = len(some) * len(others)
    if count > MOST_PAIRS:
        raise InvalidArgumentError(
            f"The filters make {count:,} pairs; at most {MOST_PAIRS:,} are allowed. Filter more.",
            reason="TOO_MANY_PAIRS",
        )
    places = (np.arange(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK))
    return count, ((some[place // len(others)], others[place % len(others)]) for place in places)


def _linked_pairs(asked: Asked, kind: str, some: Rows, others: Rows) -> tuple[int, Iterator[tuple[Rows, Rows]]]:
    """Return how many pairs of the two lists a relationship type links, and the pairs in chunks."""
    key = (asked.target.source_label, kind, asked.target.target_label)
    table = asked.projection.relationships.get(key)
    if table is None:
        raise InvalidArgumentError(
            f"The projection has no `{kind}` from `{key[0]}` to `{key[2]}`. "
            f"Its relationship types are {quoted(list(asked.graph.relationship_types))}.",
            reason="NOT_IN_PROJECTION",
        )
    sources, targets = table.edge_index.astype(np.int64)
    kept = np.isin(sources, some) & np.isin(targets, others)
    sources, targets = sources[kept], targets[kept]
    return len(sources), ((sources[part], targets[part]) for part in parts(len(sources), CHUNK))


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
