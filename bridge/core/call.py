"""One `CALL bridge.*` as an action sees it: questions to the database, commands to it, rows for the user."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.core.columns import Column, Table
from bridge.core.graph import Graph


@dataclass(frozen=True)
class Caller:
    """Who calls, and where; the plugin vouches for it."""

    user: str
    """Name of the executing user; empty when authentication is off."""
    database: str
    database_id: str
    """The DBMS's id of the database; it changes when the database is dropped and made anew."""
    plugin_version: str = ""
    neo4j_version: str = ""
    gds_version: str = ""
    transaction_memory_bytes: int = 0
    """The most memory one transaction may use; 0 means no limit."""

    @property
    def database_key(self) -> str:
        """What models and snapshots of this database are filed under: its id, or its name when it has none."""
        return self.database_id or self.database


@dataclass(frozen=True)
class Done:
    """What a mutate or write command did."""

    written: int
    deleted: int = 0
    unchanged: int = 0
    millis: int = 0


@dataclass(frozen=True)
class FictitiousGraph:
    """A graph that is not there: what an estimate is made for when no projection is named."""

    node_count: int
    relationship_count: int


class Call(Protocol):
    """The other side is the plugin, in the caller's own transaction and with the caller's rights."""

    @property
    def caller(self) -> Caller:
        """Who calls."""
        ...

    @property
    def mode(self) -> str:
        """What becomes of the result: stream, stats, mutate, write, train; empty for the catalog.

        For an estimate, the mode that is estimated.
        """
        ...

    @property
    def graph_name(self) -> str:
        """The projection that all of this is about; empty for the catalog and beside a `fictitious` graph."""
        ...

    @property
    def fictitious(self) -> FictitiousGraph | None:
        """The counts that an estimate is asked for in place of a projection; None in every other call."""
        ...

    async def describe(self) -> Graph:
        """Ask what is in the projection.

        Raises:
            NotFoundError: the caller has no projection of that name.
        """
        ...

    async def read_projection(
        self, nodes: Mapping[str, Sequence[str]], relationships: Mapping[str, Sequence[str]]
    ) -> tuple[dict[str, Table], dict[str, Table]]:
        """Read tables by label (`id`, `nodeId`, properties) and by type (`source`, `target`, properties)."""
        ...

    async def read_node_properties(self, label: str, properties: Sequence[str]) -> Table:
        """Read stored properties of a label's nodes, in the order of the label's table."""
        ...

    async def check_links(self, types: Sequence[str], pairs: Table, *, both_directions: bool) -> Column:
        """Ask which (source, target) pairs of internal ids are linked in the store; bool [rows].

        `types` are stored types, which a projection may have given other names: `RelationshipType.stored_type`.
        """
        ...

    async def job(self, job_id: str, name: str, steps: Sequence[str]) -> None:
        """Name the work that follows, for gds.listProgress and SHOW TRANSACTIONS; once a call."""
        ...

    async def progress(self, step: int, fraction: float, detail: str = "") -> None:
        """Say how far the job is. It is the heartbeat too."""
        ...

    async def rows(self, columns: Mapping[str, Column]) -> None:
        """Send rows to YIELD; returns when the other side has room for more."""
        ...

    async def mutate_node_property(
        self, label: str, property_name: str, values: Table, *, further_labels: Sequence[str] = ()
    ) -> Done:
        """Add a node property to the projection; `values` has the columns `id` (internal) and `value`.

        `further_labels` get it at the same moment as `label`: all of them, or none. A node that would have two
        different values, because it has two labels, is refused.
        """
        ...

    async def mutate_relationships(self, type_name: str, rows: Table, *, undirected: bool) -> Done:
        """Add a relationship type to the projection.

        `rows` has `source`, `target` (internal ids) and any number of numeric properties, none missing. With
        `undirected` each row is one relationship, there in both directions. `Done.written` counts as GDS does: an
        undirected relationship twice.
        """
        ...

    async def write_node_property(self, property_name: str, values: Table, *, batch_size: int = 0) -> Done:
        """Write a node property to the database; `values` has the columns `id` (internal) and `value`.

        Vectors [rows, dimension] are stored in their dtype, float32 as GDS stores embeddings. Nodes deleted since the
        projection are left out of `Done.written`. `batch_size` is nodes in a transaction of their own; 0 writes in the
        caller's.
        """
        ...

    async def write_relationships(self, command: WriteRelationships, parts: AsyncIterable[Table]) -> Done:
        """Make an owner's relationships be exactly the rows of all `parts` (`source`, `target`, properties).

        Rows of one source stand together in one part. One part is written while the next is made; making it may ask
        `check_links`, which may see what was written of the parts before.
        """
        ...


@dataclass(frozen=True)
class WriteRelationships:
    """Which relationships to write, and which old ones they replace."""

    type: str
    constants: Mapping[str, Any]
    """Properties with one value for all."""
    owner_property: str
    """The constant that says whose they are; relationships with another value are left alone."""
    created_property: str
    """Gets the time when a relationship is made; not compared."""
    sources: Column | None
    """Internal ids of the nodes whose old relationships are replaced; None replaces them everywhere."""
    batch_size: int = 0
    """Relationships in a transaction of their own; 0 writes in the caller's."""
