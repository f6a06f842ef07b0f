"""What the small database of tests/database.py does on a command to mutate or write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.core.columns import PRESENT, Column
from bridge.rpc import convert
from bridge.v1 import procedure_service_pb2 as wire
from bridge.v1 import value_pb2

if TYPE_CHECKING:
    from tests.database import Database

Rows = list[dict[str, Any]]

COMMANDS = ("mutate_node_property", "mutate_relationships", "write_node_property", "write_relationships")
"""The kinds of messages after which chunks follow."""


def apply(database: Database, command: Any, rows: Rows) -> wire.Done:
    """Carry out a command on all its rows."""
    if isinstance(command, wire.WriteRelationships):
        return _write_relationships(database, command, rows)
    assert command.rows == len(rows)
    if isinstance(command, wire.MutateRelationships):
        return _mutate_relationships(database, command, rows)
    if isinstance(command, wire.WriteNodeProperty):
        return _write_node_property(database, command, rows)
    return _mutate_node_property(database, command, rows)


def rows_of(chunk: value_pb2.Chunk) -> Rows:
    """Read the rows of a chunk; a missing value is None."""
    columns = {each.name: _values(convert.from_column(each, chunk.rows)) for each in chunk.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(column: Column) -> list[Any]:
    values: list[Any] = column.values.tolist()
    if column.present is None:
        return values
    return [value if there == PRESENT else None for value, there in zip(values, column.present, strict=True)]


def _mutate_node_property(database: Database, command: wire.MutateNodeProperty, rows: Rows) -> wire.Done:
    database.property_mutations.append(command)
    there = [row for row in rows if row["value"] is not None]
    for row in there:
        database.nodes[row["id"]].projected[command.property] = row["value"]
    database.modified += 1
    return wire.Done(written=len(there))


def _mutate_relationships(database: Database, command: wire.MutateRelationships, rows: Rows) -> wire.Done:
    assert all(link[1] != command.type for link in database.links)
    added = [
        (row["source"], command.type, row["target"], {name: float(row[name]) for name in command.properties})
        for row in rows
    ]
    if command.undirected:
        added += [(target, kind, source, dict(properties)) for source, kind, target, properties in added]
        database.undirected |= {command.type}
    database.mutations.append(command)
    database.links += added
    database.modified += 1
    return wire.Done(written=len(added))


def _write_node_property(database: Database, command: wire.WriteNodeProperty, rows: Rows) -> wire.Done:
    database.property_writes.append(command)
    written = [row for row in rows if row["value"] is not None and database.nodes[row["id"]].visible]
    for row in written:
        value = row["value"]
        single = command.vectors and not isinstance(value, list)  # a vector of width 1 travels as a scalar
        database.nodes[row["id"]].stored[command.property] = [value] if single else value
    return wire.Done(written=len(written))


def _write_relationships(database: Database, command: wire.WriteRelationships, rows: Rows) -> wire.Done:
    database.writes.append(command)
    constants = convert.from_map(command.constants)
    owner = constants[command.owner_property]
    sources = {row["source"] for row in rows_of(command.sources)} if command.sources.columns else None
    old = {
        key: properties
        for key, properties in database.written.items()
        if key[1] == command.type
        and properties[command.owner_property] == owner
        and (sources is None or key[0] in sources)
    }
    new = {
        (row["source"], command.type, row["target"]): {
            **constants, **{k: v for k, v in row.items() if k not in ("source", "target")}}
        for row in rows
    }  # fmt: skip
    unchanged = [key for key in new if key in old and new[key].items() <= old[key].items()]
    for key in old:
        if key not in unchanged:
            del database.written[key]
    database.written.update({key: properties for key, properties in new.items() if key not in unchanged})
    return wire.Done(written=len(new) - len(unchanged), deleted=len(old) - len(unchanged), unchanged=len(unchanged))
