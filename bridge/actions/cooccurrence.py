"""Make a graph of targets out of what the same sources like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bridge.actions.cooccurrence_config import (
    CooccurrenceConfig,
    CooccurrenceMutateConfig,
    CooccurrenceMutateRow,
    CooccurrenceRow,
    CooccurrenceStatsRow,
)
from bridge.actions.jobs import effective, running_job
from bridge.actions.provenance import Origin
from bridge.actions.reading import (
    STRUCTURE,
    Selection,
    Stopwatch,
    keys_of,
    labels_of,
    quoted,
    snapshot_of,
    types_of,
)
from bridge.actions.rows import send_row
from bridge.actions.scratch import scratch_folder
from bridge.actions.undisturbed import undisturbed
from bridge.core.call import Call, Done
from bridge.core.columns import Column, Table
from bridge.core.errors import FailedPreconditionError, Faults
from bridge.core.graph import Graph
from bridge.core.learning import interactions
from bridge.core.procedure import Procedure
from bridge.core.projection import Projection, Target
from bridge.jobs.worker import Reporter
from bridge.projection.cooccurrence import Cooccurrence, cooccurrence
from bridge.projection.features import check_target
from bridge.projection.snapshots import open_snapshot

if TYPE_CHECKING:
    from bridge.actions.services import Services

STEPS = ("read projection", "count pairs", "hand out")
READ, COUNT, HAND_OUT = range(len(STEPS))

BLOCK_ROWS = 65_536
"""Pairs sent to the user at once."""

COLUMNS = ("source", "target", "weight", "count")

Pairs = dict[str, NDArray[Any]]
"""`source` and `target` int64 [P], internal ids; `weight` float64 [P]; `count` int64 [P]."""


async def count_pairs(request: CooccurrenceConfig, call: Call, services: Services) -> None:
    """Read the likes, count and weigh pairs in a trainer, hand out those that are kept."""
    watch = Stopwatch()
    graph = await call.describe()
    selection = _check(request, graph)
    async with (
        running_job("cooccurrence", request, STEPS, call, services) as job,
        scratch_folder(services) as folder,
    ):
        async with snapshot_of(call, graph, selection, services) as (snapshot, _):
            read_millis = watch.lap()
            spec = {"snapshot": str(snapshot.path), "folder": str(folder), "request": _counting(request)}
            found = await services.trainers.run(job, count_in_trainer, spec)
        pairs = await services.compute(_load, folder)
        facts = found["facts"] | {
            "pre_processing_millis": read_millis,
            "compute_millis": watch.lap(),
            "configuration": dict(effective(request, job, likedThreshold=found["likedThreshold"])),
        }
        job.report(HAND_OUT, 0.0)
        if isinstance(request, CooccurrenceMutateConfig):
            await _mutate(request, pairs, facts, graph, call, services)
        elif call.mode == "stats":
            await send_row(call, CooccurrenceStatsRow(**facts))
        else:
            for columns in _rows_of(pairs):
                await call.rows(columns)


async def _mutate(
    request: CooccurrenceMutateConfig, pairs: Pairs, facts: dict[str, Any], graph: Graph, call: Call, services: Services
) -> None:
    name = request.mutate_relationship_type
    columns = {"source": pairs["source"], "target": pairs["target"], request.mutate_property: pairs["weight"]}
    table = Table(name, {column: Column(values) for column, values in columns.items()})
    origin = Origin(f"cooccurrence:{request.measure}", frozenset({request.target_relationship_type}))

    async def mutate() -> Done:
        """Never the one without the other: a type of unknown origin hides that it tells what is to be predicted."""
        done = await call.mutate_relationships(name, table, undirected=True)
        services.provenance.record_type(call, graph, name, origin)
        await services.provenance.save()
        return done

    done = await undisturbed(mutate())
    row = CooccurrenceMutateRow(mutate_millis=done.millis, relationships_written=done.written, **facts)
    await send_row(call, row)


def _rows_of(pairs: Pairs) -> Iterator[dict[str, Column]]:
    """Yield the columns of YIELD, block by block."""
    for start in range(0, len(pairs["source"]), BLOCK_ROWS):
        source, target, weight, count = (pairs[name][start : start + BLOCK_ROWS] for name in COLUMNS)
        yield {
            "sourceNodeId": Column(source, node_ids=True),
            "targetNodeId": Column(target, node_ids=True),
            "weight": Column(weight),
            "count": Column(count),
        }


def _check(request: CooccurrenceConfig, graph: Graph) -> Selection:
    """Return what to read.

    Raises:
        InvalidArgumentError: with everything that does not fit the projection.
    """
    faults = Faults()
    labels = [request.source_node_label, request.target_node_label]
    for key, label in zip(("sourceNodeLabel", "targetNodeLabel"), labels, strict=True):
        with faults:
            labels_of(graph, [label], key)
    kind = request.target_relationship_type
    with faults:
        types_of(graph, [kind], "targetRelationshipType")
    properties = () if request.target_property is None else (request.target_property,)
    _check_values(request, graph, faults)
    if strangers := [label for label in request.node_keys if label not in labels]:
        faults.add(f"`nodeKeys` names {quoted(strangers)}, but the labels are {quoted(labels)}.")
    if isinstance(request, CooccurrenceMutateConfig):
        _check_names(request, graph, faults)
    faults.raise_if_any()
    return Selection(dict.fromkeys(labels, ()), {kind: properties}, keys_of(graph, labels, request.node_keys))


def _check_values(request: CooccurrenceConfig, graph: Graph, faults: Faults) -> None:
    wanted = request.target_property
    kind = graph.relationship_types.get(request.target_relationship_type)
    if wanted is None and request.liked_threshold is not None:
        faults.add("`likedThreshold` needs a `targetProperty`, the relationship property that it is a threshold of.")
    if kind and wanted is not None and wanted not in kind.properties:
        faults.add(
            f"Relationship property `{wanted}` not found in relationship type '{kind.name}'. "
            f"Properties existing on it: {quoted(kind.properties)}. Project it, or name another `targetProperty`.",
            reason="NOT_IN_PROJECTION",
        )


def _counting(request: CooccurrenceConfig) -> dict[str, Any]:
    """Return the configuration without what becomes of the result."""
    return {key: value for key, value in request.effective().items() if key in CooccurrenceConfig.accepted()}


def _check_names(request: CooccurrenceMutateConfig, graph: Graph, faults: Faults) -> None:
    if request.mutate_property in (structure := STRUCTURE["relationships"]):
        faults.add(
            f"`mutateProperty` can not be `{request.mutate_property}`: bridge needs the names {quoted(structure)} for "
            "itself. Choose another.",
            reason="RESERVED_NAME",
        )
    name = request.mutate_relationship_type
    if name in graph.relationship_types:
        faults.add(
            f"Relationship type `{name}` already exists in the in-memory graph. Choose another "
            f"`mutateRelationshipType`, or drop it: `CALL gds.graph.relationships.drop('{graph.name}', '{name}')`.",
            reason="TYPE_EXISTS",
        )


def count_in_trainer(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Count the pairs of a snapshot, and leave them as `source.npy`, `target.npy`, `weight.npy`, `count.npy`.

    Returns:
        `facts`, the columns of CooccurrenceStatsRow that it knows, and `likedThreshold`, the one in force.
    """
    request = CooccurrenceConfig.parse(spec["request"])
    projection = open_snapshot(Path(spec["snapshot"]))
    target = Target(
        request.source_node_label, request.target_relationship_type, request.target_node_label, request.target_property
    )
    _check_relationships(projection, target)
    known = interactions(projection, target)
    threshold = request.liked_threshold
    if threshold is None and target.value_property is not None:
        threshold = float(known.values.mean())
    found = cooccurrence(
        known,
        measure=request.measure,
        liked_threshold=threshold,
        min_weight=request.min_weight,
        min_count=request.min_count,
        top_k=request.top_k,
        progress=reporter.at(COUNT),
    )
    ids = projection.nodes[target.target_label].ids
    arrays = (ids[found.sources], ids[found.targets], found.weights, found.counts)
    for name, values in zip(COLUMNS, arrays, strict=True):
        np.save(Path(spec["folder"]) / f"{name}.npy", values)
    return {"facts": _facts(found), "likedThreshold": threshold}


def _check_relationships(projection: Projection, target: Target) -> None:
    table = projection.relationships.get(target.edge_type)
    if table is None or not len(table):
        there = ", ".join(f"({s})-[{t}]->({e})" for s, t, e in projection.relationships) or "no relationships at all"
        source, kind, goal = target.edge_type
        raise FailedPreconditionError(
            f"The projection has no relationship ({source})-[{kind}]->({goal}); of what was read it has {there}. "
            "Project relationships of that type and direction, or name others in `sourceNodeLabel`, "
            "`targetRelationshipType` and `targetNodeLabel`.",
            reason="NO_TARGET_RELATIONSHIPS",
        )
    check_target(projection, target)


def _facts(found: Cooccurrence) -> dict[str, int]:
    return {
        "source_count": found.source_count,
        "liked_count": found.item_count,
        "node_count": found.linked_items,
        "pair_count": found.pair_count,
        "pairs_below_threshold": found.below_threshold,
        "pairs_beyond_top_k": found.beyond_top_k,
        "pairs_kept": len(found.sources),
    }


def _load(folder: Path) -> Pairs:
    return {name: np.load(folder / f"{name}.npy") for name in COLUMNS}


COOCCURRENCE = (
    Procedure(
        "bridge.cooccurrence",
        CooccurrenceConfig,
        {"stats": CooccurrenceStatsRow, "stream": CooccurrenceRow},
        count_pairs,
    ),
    Procedure("bridge.cooccurrence", CooccurrenceMutateConfig, {"mutate": CooccurrenceMutateRow}, count_pairs),
)
