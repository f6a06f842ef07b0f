"""Bring a projection to this machine and say what it is: its fingerprint, its size, and how long that took."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.actions.base_config import KeyedConfig
from bridge.actions.jobs import effective, running_job
from bridge.actions.reading import Selection, Stopwatch, keys_of, labels_of, quoted, snapshot_of, types_of
from bridge.actions.rows import send_row
from bridge.core.call import Call
from bridge.core.config import Names
from bridge.core.errors import Faults
from bridge.core.graph import Graph
from bridge.core.procedure import Procedure, Row
from bridge.jobs.worker import Reporter
from bridge.projection.snapshots import open_snapshot

if TYPE_CHECKING:
    from bridge.actions.services import Services

STEPS = ("read projection", "open in a trainer")


class SnapshotConfig(KeyedConfig):
    """Fingerprint of a projection's content, read to the bridge server and opened in a trainer process."""

    node_labels: Names = ("*",)
    """Labels to read; all of the projection by default."""
    relationship_types: Names = ("*",)
    """Relationship types to read; all of the projection by default."""
    node_properties: Names = ()
    """Node properties to read, on the labels that have them."""
    relationship_properties: Names = ()
    """Relationship properties to read, on the types that have them."""
    reuse: bool = True
    """Take a snapshot that is still there; otherwise read anew and keep the new one."""


class SnapshotRow(Row):
    """What the projection is."""

    fingerprint: str
    """sha256 of nodes, keys, relationships and properties in canonical order: equal data, equal fingerprint."""
    node_count: int
    """Nodes read."""
    relationship_count: int
    """Relationships read, an undirected one twice."""
    bytes: int
    """Size of the snapshot."""
    reused: bool
    """It was there already."""
    read_millis: int
    """Milliseconds from the call to the snapshot on disk."""
    open_millis: int
    """Milliseconds until a trainer process had its arrays open."""
    configuration: dict[str, Any]
    """The configuration that was in force."""


async def snapshot(request: SnapshotConfig, call: Call, services: Services) -> None:
    """Read, fingerprint and open a projection."""
    watch = Stopwatch()
    graph = await call.describe()
    selection = _selection(request, graph)
    async with running_job("snapshot", request, STEPS, call, services) as job:
        async with snapshot_of(call, graph, selection, services, reuse=request.reuse) as (kept, reused):
            read_millis = watch.lap()
            # Aside: opening files takes no memory, and nobody should wait behind a training for a fingerprint.
            found = await services.trainers.run_aside(job, open_in_trainer, {"snapshot": str(kept.path)})
        row = SnapshotRow(
            fingerprint=kept.fingerprint,
            node_count=found["nodeCount"],
            relationship_count=found["relationshipCount"],
            bytes=kept.bytes,
            reused=reused,
            read_millis=read_millis,
            open_millis=watch.lap(),
            configuration=dict(effective(request, job)),
        )
    await send_row(call, row)


def open_in_trainer(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Open a snapshot in this process and count what is in it."""
    projection = open_snapshot(Path(spec["snapshot"]))
    return {"nodeCount": projection.node_count, "relationshipCount": projection.relationship_count}


def _selection(request: SnapshotConfig, graph: Graph) -> Selection:
    faults = Faults()
    labels, types = list(graph.labels), list(graph.relationship_types)
    with faults:
        labels = labels_of(graph, request.node_labels)
    with faults:
        types = types_of(graph, request.relationship_types)
    of_nodes = {label: _kept(request.node_properties, graph.labels[label].properties) for label in labels}
    kinds = graph.relationship_types
    of_types = {name: _kept(request.relationship_properties, kinds[name].properties) for name in types}
    for asked, found, what in (
        (request.node_properties, of_nodes, "nodeProperties"),
        (request.relationship_properties, of_types, "relationshipProperties"),
    ):
        if absent := set(asked) - {name for names in found.values() for name in names}:
            faults.add(f"None of what is read has the `{what}` {quoted(list(absent))}.", reason="NOT_IN_PROJECTION")
    faults.raise_if_any()
    return Selection(of_nodes, of_types, keys_of(graph, labels, request.node_keys))


def _kept(asked: tuple[str, ...], available: Any) -> tuple[str, ...]:
    return tuple(name for name in asked if name in available)


SNAPSHOT = Procedure("bridge.snapshot", SnapshotConfig, {"stats": SnapshotRow}, snapshot)
