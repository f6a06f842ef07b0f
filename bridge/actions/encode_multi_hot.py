"""Encode a list property, or the neighbours over relationship types, as multi-hot vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bridge.actions.encode import labels_to_encode, refuse_none, stored_values
from bridge.actions.encode_config import EncodeMultiHotConfig, EncodeMultiHotRow
from bridge.actions.jobs import effective, running_job
from bridge.actions.provenance import MULTI_HOT, Origin
from bridge.actions.reading import Selection, Stopwatch, keys_of, quoted, snapshot_of, types_of
from bridge.actions.rows import send_row
from bridge.actions.vectors import Vectors, add_vectors
from bridge.core.call import Call
from bridge.core.errors import FailedPreconditionError, Faults
from bridge.core.graph import Graph
from bridge.core.procedure import Procedure
from bridge.core.projection import Projection
from bridge.projection.snapshots import open_snapshot
from bridge.registry.vocabularies import vocabulary_hash

if TYPE_CHECKING:
    from bridge.actions.services import Services

STEPS = ("read", "add to the projection")

MOST_VALUES = 4_096
"""Longest vocabulary: a vector has so many elements for each node."""

Ids = NDArray[np.integer[Any]]
"""Internal ids, int [n]."""

Sets = dict[str, tuple[NDArray[np.int64], list[list[str]]]]
"""By label, internal ids int64 [N] and each node's values."""


async def encode_multi_hot(request: EncodeMultiHotConfig, call: Call, services: Services) -> None:
    """Collect each node's values, fix their order by a vocabulary, add the vectors to the projection."""
    watch = Stopwatch()
    graph = await call.describe()
    labels, types = _check(request, graph)
    async with running_job("encode.multiHot", request, STEPS, call, services) as job:
        if request.source_property is not None:
            sets = await _stored(call, labels, request.source_property, services)
        else:
            sets = await _neighbours(request, call, graph, labels, types, services)
        read_millis = watch.lap()
        vocabulary, vectors, ignored = await services.compute(_vectors, request, call, sets, services)
        compute_millis = watch.lap()
        job.report(1, 0.0)
        origin = Origin(f"{MULTI_HOT}{vocabulary_hash(vocabulary)}", frozenset(types))
        written, mutate_millis = await add_vectors(
            call, graph, request.mutate_property, vectors, origin, services.provenance
        )
        row = EncodeMultiHotRow(
            node_properties_written=written,
            mutate_millis=mutate_millis,
            node_count=sum(len(ids) for ids, _ in sets.values()),
            pre_processing_millis=read_millis,
            compute_millis=compute_millis,
            configuration=dict(effective(request, job)),
            vocabulary=vocabulary,
            values_ignored=ignored,
        )
    await send_row(call, row)


def _check(request: EncodeMultiHotConfig, graph: Graph) -> tuple[list[str], list[str]]:
    faults = Faults()
    labels = labels_to_encode(graph, request.node_labels, request.source_property, request.mutate_property, faults)
    types: list[str] = []
    if (request.relationship_types is None) == (request.source_property is None):
        faults.add("Give either `relationshipTypes` or `sourceProperty`: what the vectors are made of.")
    elif request.relationship_types is not None:
        refuse_none(request.relationship_types, list(graph.relationship_types), "relationshipTypes", faults)
        with faults:
            types = types_of(graph, request.relationship_types)
    faults.raise_if_any()
    return labels, types


async def _stored(call: Call, labels: Sequence[str], property_name: str, services: Services) -> Sets:
    sets: Sets = {}
    anything = False
    for label in labels:
        table = await call.read_node_properties(label, [property_name])
        ids, values = await services.compute(stored_values, table, property_name)
        anything |= any(value is not None for value in values)
        sets[label] = (ids, [_as_list(value) for value in values])
    if not anything:
        raise FailedPreconditionError(
            f"None of the nodes of the labels {quoted(labels)} has the stored property `{property_name}`. Name another "
            "in `sourceProperty`, or other `nodeLabels`.",
            reason="MISSING_VALUES",
        )
    return sets


def _as_list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


async def _neighbours(
    request: EncodeMultiHotConfig,
    call: Call,
    graph: Graph,
    labels: Sequence[str],
    types: Sequence[str],
    services: Services,
) -> Sets:
    needed = await _labels_within_reach(call, graph, labels, types, services)
    selection = Selection(
        labels=dict.fromkeys(needed, ()),
        types=dict.fromkeys(types, ()),
        node_keys=keys_of(graph, needed, request.node_keys),
    )
    async with snapshot_of(call, graph, selection, services) as (snapshot, _):
        projection = open_snapshot(snapshot.path)
        return {label: await services.compute(_neighbours_of, projection, label) for label in labels}


async def _labels_within_reach(
    call: Call, graph: Graph, labels: Sequence[str], types: Sequence[str], services: Services
) -> list[str]:
    """Return the labels to encode with those of their neighbours: the keys of all others are nobody's business."""
    everything = list(graph.labels)
    if set(labels) == set(everything):
        return everything
    nodes, relationships = await call.read_projection(dict.fromkeys(everything, ()), dict.fromkeys(types, ()))
    ids = {label: table.columns["id"].values for label, table in nodes.items()}
    links = [(table.columns["source"].values, table.columns["target"].values) for table in relationships.values()]
    return await services.compute(_within_reach, ids, links, labels)


def _within_reach(ids: Mapping[str, Ids], links: Sequence[tuple[Ids, Ids]], labels: Sequence[str]) -> list[str]:
    """Add to some labels those that it takes to name all their neighbours.

    A neighbour of several labels is named by one of them: by one that is there anyway, else by the largest.
    """
    encoded = np.unique(np.concatenate([ids[label] for label in labels]))
    reached = [far[np.isin(near, encoded)] for link in links for near, far in (link, link[::-1])]
    left = np.setdiff1d(np.concatenate([np.empty(0, np.int64), *reached]), encoded)
    needed = list(labels)
    for label in sorted(ids.keys() - set(labels), key=lambda each: (-len(ids[each]), each)):
        beyond = np.setdiff1d(left, ids[label])
        if len(beyond) < len(left):
            needed.append(label)
            left = beyond
    return sorted(needed)


def _neighbours_of(projection: Projection, label: str) -> tuple[NDArray[np.int64], list[list[str]]]:
    """Collect the keys of each node's neighbours, over relationships in either direction."""
    table = projection.nodes[label]
    values: list[list[str]] = [[] for _ in range(len(table))]
    for (source, name, target), relationships in projection.relationships.items():
        for near, far, row, other in ((source, target, 0, 1), (target, source, 1, 0)):
            if near != label or not len(relationships):
                continue
            neighbour = projection.nodes[far]
            if not neighbour.key_property:
                raise FailedPreconditionError(
                    f"The neighbours over `{name}` are `{far}` nodes, which have no key to name them by. Name one: "
                    f"`nodeKeys: {{{far}: 'name'}}`, or make a uniqueness constraint.",
                    reason="NO_NODE_KEYS",
                )
            keys = [str(key) for key in neighbour.keys.tolist()]
            for one, end in zip(
                relationships.edge_index[row].tolist(), relationships.edge_index[other].tolist(), strict=True
            ):
                values[one].append(keys[end])
    return np.asarray(table.ids, dtype=np.int64), values


def _vectors(
    request: EncodeMultiHotConfig, call: Call, sets: Sets, services: Services
) -> tuple[list[str], Vectors, int]:
    """Return the vocabulary, the vectors by label, and how many values the vocabulary does not know."""
    vocabulary = _vocabulary(request, call, sets, services)
    vectors: dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]] = {}
    ignored = 0
    for label, (ids, values) in sets.items():
        array, unknown = _multi_hot(values, vocabulary)
        vectors[label] = (ids, array)
        ignored += unknown
    return vocabulary, vectors, ignored


def _vocabulary(request: EncodeMultiHotConfig, call: Call, sets: Sets, services: Services) -> list[str]:
    """Return the values in the order of their positions; make and keep a named vocabulary at its first use."""
    database = call.caller.database_key
    if request.vocabulary and (stored := services.vocabularies.find(database, request.vocabulary)) is not None:
        return stored
    found = sorted({value for _, lists in sets.values() for values in lists for value in values})
    if not found:
        what = quoted(request.relationship_types) if request.relationship_types else f"`{request.source_property}`"
        raise FailedPreconditionError(
            f"The nodes of the labels {quoted(list(sets))} have no values by {what}, so there is nothing to encode. "
            "Name other relationship types, another property, or other `nodeLabels`.",
            reason="VOCABULARY_SIZE",
        )
    if len(found) > MOST_VALUES:
        raise FailedPreconditionError(
            f"The nodes have {len(found):,} different values, but a multi-hot vector has at most {MOST_VALUES:,} "
            f"elements. Labels were {quoted(list(sets))}; take a property or relationship types with fewer values.",
            reason="VOCABULARY_SIZE",
        )
    if not request.vocabulary:
        return found
    return services.vocabularies.keep(database, request.vocabulary, found, call.caller.user)


def _multi_hot(lists: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> tuple[NDArray[np.float32], int]:
    """Return float32 [N, len(vocabulary)] of 0 and 1, and how many values the vocabulary does not know."""
    places = {value: place for place, value in enumerate(vocabulary)}
    array = np.zeros((len(lists), len(vocabulary)), dtype=np.float32)
    ignored = 0
    for row, values in enumerate(lists):
        distinct = set(values)  # an undirected relationship names its neighbour twice
        known = [places[value] for value in distinct if value in places]
        array[row, known] = 1.0
        ignored += len(distinct) - len(known)
    return array, ignored


ENCODE_MULTI_HOT = Procedure(
    "bridge.encode.multiHot", EncodeMultiHotConfig, {"mutate": EncodeMultiHotRow}, encode_multi_hot
)
