"""From a projection's name to a snapshot: check what is asked for, read the keys, read the columns, keep them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.core.call import Call
from bridge.core.columns import Column, RawProjection
from bridge.core.errors import FailedPreconditionError, InvalidArgumentError
from bridge.core.graph import Graph
from bridge.projection.columns import canonical
from bridge.projection.snapshots import Snapshot, SnapshotKey, Snapshots, keys_digest, selection_digest

if TYPE_CHECKING:
    from bridge.actions.services import Services

ALL = "*"

ATTEMPTS = 3
"""Times a projection is read when others' snapshots push its own out before it is used."""

MOST_NAMES = 30
"""Names that an error lists."""

STRUCTURE = {"nodes": ("id", "nodeId"), "relationships": ("source", "target")}
"""Columns of the wire's tables that no property can have the name of."""


@dataclass(frozen=True)
class Selection:
    """What to read of a projection."""

    labels: Mapping[str, tuple[str, ...]]
    """By label, the node properties."""
    types: Mapping[str, tuple[str, ...]]
    """By relationship type, the relationship properties."""
    node_keys: Mapping[str, str] = field(default_factory=dict)
    """By label, the stored property that identifies its nodes."""


def labels_of(graph: Graph, asked: Sequence[str], key: str = "nodeLabels") -> list[str]:
    """Resolve the labels that the configuration's `key` names; `*` is all of them.

    Raises:
        InvalidArgumentError: naming those that the projection does not have, and those it has.
    """
    return _resolve(asked, list(graph.labels), key, "labels")


def types_of(graph: Graph, asked: Sequence[str], key: str = "relationshipTypes") -> list[str]:
    """Resolve relationship types, as `labels_of` does."""
    return _resolve(asked, list(graph.relationship_types), key, "relationship types")


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
    """Write names as GDS lists them: ['A', 'B']; of very many the first ones, and how many more."""
    listed = [f"'{name}'" for name in sorted(names)[:MOST_NAMES]]
    more = [f"and {len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return "[" + ", ".join(listed + more) + "]"


def keys_of(graph: Graph, labels: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Choose the property that identifies the nodes of each label: the given one, or the only constrained one."""
    found = {label: properties[0] for label, properties in graph.constraints.items() if len(properties) == 1}
    return {label: key for label, key in (found | dict(given)).items() if label in labels}


@asynccontextmanager
async def snapshot_of(
    call: Call, graph: Graph, selection: Selection, services: Services, *, reuse: bool = True
) -> AsyncIterator[tuple[Snapshot, bool]]:
    """Bring the selected columns to this machine and hold them here; say whether they were here already.

    Keys are read anew in each call, in the caller's transaction; only columns of the in-memory graph, which can
    not change unnoticed, are taken from the cache.

    Raises:
        InvalidArgumentError: a property with a name that the wire's tables need.
        ResourceExhaustedError: there is no room for them.
    """
    _refuse_structure(selection)
    keys: dict[str, Column] = {}
    for label, property_name in sorted(selection.node_keys.items()):
        table = await call.read_node_properties(label, [property_name])
        keys[label] = table.columns[property_name]
    digest = selection_digest(selection.labels, selection.types)
    lookup = SnapshotKey(
        database_id=call.caller.database_id,
        database=call.caller.database,
        user=call.caller.user,
        graph_name=graph.name,
        created_millis=graph.created_millis,
        modified_millis=graph.modified_millis,
        selection=digest if reuse else f"{digest} {time.time_ns()}",
        keys=await services.compute(keys_digest, keys, selection.node_keys),
    )
    with ExitStack() as held:
        for left in reversed(range(ATTEMPTS)):
            found = services.snapshots.find(lookup)
            kept = found or await _read(call, graph, selection, keys, lookup, services)
            try:
                held.enter_context(services.snapshots.pin(kept))
                break
            except FailedPreconditionError:  # others' snapshots have pushed it out in this moment
                if not left:
                    raise
        yield kept, found is not None


async def _read(
    call: Call,
    graph: Graph,
    selection: Selection,
    keys: Mapping[str, Column],
    lookup: SnapshotKey,
    services: Services,
) -> Snapshot:
    nodes, relationships = await call.read_projection(selection.labels, selection.types)
    raw = RawProjection(
        nodes=nodes,
        relationships=relationships,
        keys=keys,
        key_properties=selection.node_keys,
        undirected=frozenset(name for name in selection.types if graph.relationship_types[name].undirected),
    )
    return await services.compute(_keep, services.snapshots, lookup, raw)


def _refuse_structure(selection: Selection) -> None:
    for kind, tables in (("nodes", selection.labels), ("relationships", selection.types)):
        for name, properties in tables.items():
            if taken := sorted(set(properties) & set(STRUCTURE[kind])):
                raise InvalidArgumentError(
                    f"The property `{taken[0]}` of `{name}` can not be read: bridge needs the names "
                    f"{quoted(STRUCTURE[kind])} for itself. Project it under another name: "
                    f"`{taken[0]}Value: {{property: '{taken[0]}'}}`.",
                    reason="RESERVED_NAME",
                )


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
