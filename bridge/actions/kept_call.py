"""A training's call without a database: it describes, and reads, the projection that a version was trained on."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from bridge.actions.kept import open_kept
from bridge.actions.reading import Selection
from bridge.core.call import Caller, Done, FictitiousGraph, WriteRelationships
from bridge.core.columns import Column, Table
from bridge.core.graph import Graph, Label, Property, RelationshipType
from bridge.core.projection import NodeTable, Projection, RelationshipTable
from bridge.projection.fingerprint import fingerprint
from bridge.projection.snapshots import Snapshot, SnapshotKey, Snapshots, selection_digest
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services


class KeptCall:
    """Implements core.call.Call for trainings: nobody is told, nothing can be written."""

    def __init__(self, version: Version, kept: Projection, owner: str, types: Sequence[str] = ()) -> None:
        """`types` are relationship types that the projection had, though it may have had no relationship of them.
        `owner` is the model's, who need not be the version's: one that nobody owned is whoever's trains it next.
        """
        self.version = version
        self._kept = kept
        self._owner = owner
        self._types = types

    @property
    def caller(self) -> Caller:
        """The model's owner, in the model's database."""
        manifest = self.version.manifest
        return Caller(self._owner, manifest.database, manifest.database_id)

    @property
    def mode(self) -> str:
        """A training."""
        return "train"

    @property
    def graph_name(self) -> str:
        """The name that the projection had."""
        return self.version.manifest.graph.name

    @property
    def fictitious(self) -> FictitiousGraph | None:
        """None: it is a real one."""
        return None

    async def describe(self) -> Graph:
        """Say what is in the projection."""
        return describe_kept(self.version, self._kept, self._types)

    async def job(self, job_id: str, name: str, steps: Sequence[str]) -> None:
        """Tell nobody."""

    async def progress(self, step: int, fraction: float, detail: str = "") -> None:
        """Tell nobody."""

    @asynccontextmanager
    async def snapshot(
        self, graph: Graph, selection: Selection, services: Services
    ) -> AsyncIterator[tuple[Snapshot, bool]]:
        """Hold the selected columns, as `snapshot_of` does for those of a database.

        Raises:
            ResourceExhaustedError: there is no room for them.
        """
        snapshot = await services.compute(_keep, services.snapshots, self._kept, selection, self.caller, graph)
        with services.snapshots.pin(snapshot):
            yield snapshot, False

    async def read_projection(
        self, nodes: Mapping[str, Sequence[str]], relationships: Mapping[str, Sequence[str]]
    ) -> tuple[dict[str, Table], dict[str, Table]]:
        """Not asked by a training: it takes the `snapshot`."""
        _no_database()

    async def read_node_properties(self, label: str, properties: Sequence[str]) -> Table:
        """As `read_projection`."""
        _no_database()

    async def check_links(self, types: Sequence[str], pairs: Table, *, both_directions: bool) -> Column:
        """As `read_projection`."""
        _no_database()

    async def rows(self, columns: Mapping[str, Column]) -> None:
        """There is nobody to send rows to."""
        _no_database()

    async def mutate_node_property(
        self, label: str, property_name: str, values: Table, *, further_labels: Sequence[str] = ()
    ) -> Done:
        """There is nothing to write to."""
        _no_database()

    async def mutate_relationships(self, type_name: str, rows: Table, *, undirected: bool) -> Done:
        """There is nothing to write to."""
        _no_database()

    async def write_node_property(self, property_name: str, values: Table, *, batch_size: int = 0) -> Done:
        """There is nothing to write to."""
        _no_database()

    async def write_relationships(self, command: WriteRelationships, parts: AsyncIterable[Table]) -> Done:
        """There is nothing to write to."""
        _no_database()


def _no_database() -> NoReturn:
    raise AssertionError("a training on a kept projection asks no database")


def open_call(version: Version, owner: str, types: Sequence[str]) -> KeptCall:
    """Open the projection of a version's training, as a call.

    Raises:
        DamagedError, FailedPreconditionError: as `open_kept`.
    """
    return KeptCall(version, open_kept(version), owner, types)


def describe_kept(version: Version, kept: Projection, types: Sequence[str]) -> Graph:
    """Describe a kept projection as a database describes its own."""
    manifest = version.manifest
    created = manifest.model_info.get("projection", {}).get("createdMillis", manifest.created_millis)
    names = [*kept.relationship_counts, *(name for name in types if name not in kept.relationship_counts)]
    return Graph(
        name=manifest.graph.name,
        node_count=kept.node_count,
        relationship_count=kept.relationship_count,
        created_millis=created,
        # No projection in a database has a negative time: a snapshot of one is never taken for the other's.
        modified_millis=-1 - int(kept.fingerprint[:15], 16),
        labels={label: _label(table) for label, table in kept.nodes.items()},
        relationship_types={name: _type(name, kept) for name in names},
        constraints={label: (table.key_property,) for label, table in kept.nodes.items() if table.key_property},
        can_write=False,
    )


def _label(table: NodeTable) -> Label:
    return Label(table.label, len(table), {name: _property(name, each) for name, each in table.properties.items()})


def _property(name: str, values: NDArray[Any]) -> Property:
    kind = "LONG" if np.issubdtype(values.dtype, np.integer) else "DOUBLE"
    return Property(name, kind) if values.ndim == 1 else Property(name, f"{kind}_ARRAY", values.shape[1])


def _type(name: str, kept: Projection) -> RelationshipType:
    tables = [table for (_, kind, _), table in kept.relationships.items() if kind == name]
    properties = sorted({each for table in tables for each in table.properties})
    undirected = any(table.undirected for table in tables)
    return RelationshipType(name, sum(map(len, tables)), tuple(properties), undirected, stored_type=name)


def _keep(snapshots: Snapshots, kept: Projection, selection: Selection, caller: Caller, graph: Graph) -> Snapshot:
    lookup = SnapshotKey(
        database_id=caller.database_id,
        database=caller.database,
        user=caller.user,
        graph_name=graph.name,
        created_millis=graph.created_millis,
        modified_millis=graph.modified_millis,
        selection=selection_digest(selection.labels, selection.types),
        keys="",
    )
    return snapshots.find(lookup) or snapshots.keep(lookup, _selected(kept, selection))


def _selected(kept: Projection, selection: Selection) -> Projection:
    """Keep what a selection names."""
    nodes = {
        label: NodeTable(
            label,
            kept.nodes[label].key_property,
            kept.nodes[label].keys,
            kept.nodes[label].ids,
            {name: kept.nodes[label].properties[name] for name in names},
            {name: each for name, each in kept.nodes[label].missing.items() if name in names},
        )
        for label, names in selection.labels.items()
    }
    relationships = {
        key: RelationshipTable(
            table.edge_index, {name: table.properties[name] for name in selection.types[key[1]]}, table.undirected
        )
        for key, table in kept.relationships.items()
        if key[1] in selection.types and key[0] in nodes and key[2] in nodes
    }
    return Projection(nodes, relationships, fingerprint(nodes, relationships))
