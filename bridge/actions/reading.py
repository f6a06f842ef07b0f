"""From a projection's name to a snapshot: check what is asked for, read the keys, read the columns, keep them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.core.call import Call
from bridge.core.columns import Column, RawProjection
from bridge.core.errors import InvalidArgumentError
from bridge.core.graph import Graph
from bridge.projection.columns import canonical
from bridge.projection.snapshots import Snapshot, SnapshotKey, Snapshots, keys_digest, selection_digest

if TYPE_CHECKING:
    from bridge.actions.services import Services

ALL = "*"


@dataclass(frozen=True)
class Selection:
    """What to read of a projection."""

    labels: Mapping[str, tuple[str, ...]]
    """By label, the node properties."""
    types: Mapping[str, tuple[str, ...]]
    """By relationship type, the relationship properties."""
    node_keys: Mapping[str, str] = field(default_factory=dict)
    """By label, the stored property that identifies its nodes."""


def labels_of(graph: Graph, asked: Sequence[str]) -> list[str]:
    """Resolve `nodeLabels`.

    Raises:
        InvalidArgumentError: naming those that the projection does not have, and those it has.
    """
    return _resolve(asked, list(graph.labels), "nodeLabels", "labels")


def types_of(graph: Graph, asked: Sequence[str]) -> list[str]:
    """Resolve `relationshipTypes`, as `labels_of` does."""
    return _resolve(asked, list(graph.relationship_types), "relationshipTypes", "relationship types")


def _resolve(asked: Sequence[str], available: list[str], key: str, what: str) -> list[str]:
    if ALL in asked:
        return sorted(available)
    missing = [name for name in asked if name not in available]
    if missing:
        raise InvalidArgumentError(
            f"Could not find the specified `{key}` of {quoted(missing)}. Available {what} are {quoted(available)}.",
            reason="NOT_IN_PROJECTION",
        )
    return sorted(set(asked))


def quoted(names: Sequence[str]) -> str:
    """Write names as GDS lists them: ['A', 'B']."""
    return "[" + ", ".join(f"'{name}'" for name in sorted(names)) + "]"


def keys_of(graph: Graph, labels: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Choose the property that identifies the nodes of each label: the given one, or the only constrained one."""
    found = {label: properties[0] for label, properties in graph.constraints.items() if len(properties) == 1}
    return {label: key for label, key in (found | dict(given)).items() if label in labels}


async def read_snapshot(
    call: Call, graph: Graph, selection: Selection, services: Services, *, reuse: bool = True
) -> tuple[Snapshot, bool]:
    """Bring the selected columns to this machine; say whether they were here already.

    Keys are read anew in each call, in the caller's transaction; only columns of the in-memory graph, which can
    not change unnoticed, are taken from the cache.
    """
    keys: dict[str, Column] = {}
    for label, property_name in sorted(selection.node_keys.items()):
        table = await call.read_node_properties(label, [property_name])
        keys[label] = table.columns[property_name]
    lookup = SnapshotKey(
        database_id=call.caller.database_id,
        database=call.caller.database,
        user=call.caller.user,
        graph_name=graph.name,
        created_millis=graph.created_millis,
        modified_millis=graph.modified_millis,
        selection=selection_digest(selection.labels, selection.types),
        keys=await services.compute(keys_digest, keys, selection.node_keys),
    )
    if reuse and (found := services.snapshots.find(lookup)):
        return found, True
    nodes, relationships = await call.read_projection(selection.labels, selection.types)
    raw = RawProjection(
        nodes=nodes,
        relationships=relationships,
        keys=keys,
        key_properties=selection.node_keys,
        undirected=frozenset(name for name in selection.types if graph.relationship_types[name].undirected),
    )
    return await services.compute(_keep, services.snapshots, lookup, raw), False


def _keep(snapshots: Snapshots, lookup: SnapshotKey, raw: RawProjection) -> Snapshot:
    return snapshots.keep(lookup, canonical(raw))


class Stopwatch:
    """Milliseconds since it was made, and between laps."""

    def __init__(self) -> None:
        self._start = self._lap = time.perf_counter()

    def lap(self) -> int:
        """Return the milliseconds since the last lap."""
        now = time.perf_counter()
        millis, self._lap = round((now - self._lap) * 1000), now
        return millis

    def total(self) -> int:
        """Return the milliseconds since the start."""
        return round((time.perf_counter() - self._start) * 1000)
