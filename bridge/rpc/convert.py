"""Between the wire's messages and bridge's own types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.core.call import Caller, Done
from bridge.core.columns import Column, Table
from bridge.core.errors import InvalidArgumentError
from bridge.core.graph import Graph, Label, Property, RelationshipType
from bridge.v1 import procedure_service_pb2 as wire
from bridge.v1 import value_pb2

CHUNK_BYTES = 2**20
"""What one chunk holds, about."""

DTYPES = frozenset({"<i4", "<i8", "<f4", "<f8", "|u1", "|b1"})

OBJECT_BYTES = 1024
"""Guess of what a value of no numeric type takes in a chunk; a map may take more, and a message 64 MiB."""

TEXTS_KEPT = 8
"""Chunks of strings that stay decoded, of up to about 10 MiB each."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_value(value: Any) -> value_pb2.Value:
    """Turn a Python value into a Cypher one."""
    if value is None:
        return value_pb2.Value()
    if isinstance(value, (bool, np.bool_)):
        return value_pb2.Value(boolean=bool(value))
    if isinstance(value, (int, np.integer)):
        return value_pb2.Value(integer=int(value))
    if isinstance(value, (float, np.floating)):
        return value_pb2.Value(float=float(value))
    if isinstance(value, str):
        return value_pb2.Value(string=value)
    if isinstance(value, datetime):
        return value_pb2.Value(millis=(value - _EPOCH) // timedelta(milliseconds=1))
    if isinstance(value, Mapping):
        return value_pb2.Value(map=to_map(value))
    if isinstance(value, (Sequence, np.ndarray)):
        return value_pb2.Value(list=value_pb2.ListValue(values=[to_value(each) for each in value]))
    raise TypeError(f"{type(value).__name__} is no Cypher value")


def to_map(fields: Mapping[str, Any]) -> value_pb2.MapValue:
    """Turn a map into a Cypher one."""
    return value_pb2.MapValue(fields={str(key): to_value(value) for key, value in fields.items()})


def from_value(value: value_pb2.Value) -> Any:
    """Turn a Cypher value into a Python one.

    Raises:
        InvalidArgumentError: a DATETIME that Python has no word for.
    """
    match value.WhichOneof("kind"):
        case None:
            return None
        case "list":
            return [from_value(each) for each in value.list.values]
        case "map":
            return from_map(value.map)
        case "millis":
            return _datetime(value.millis)
        case kind:
            return getattr(value, kind)


def _datetime(millis: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=millis)
    except OverflowError:
        raise InvalidArgumentError(
            f"A DATETIME lies {millis} ms from 1970, but must lie in the years 1 to 9999.", reason="BAD_DATETIME"
        ) from None


def from_map(fields: value_pb2.MapValue) -> dict[str, Any]:
    """Turn a Cypher map into a Python one."""
    return {key: from_value(value) for key, value in fields.fields.items()}


def from_caller(caller: wire.Caller) -> Caller:
    """Read who calls."""
    return Caller(
        user=caller.user,
        database=caller.database,
        database_id=caller.database_id,
        plugin_version=caller.plugin_version,
        neo4j_version=caller.neo4j_version,
        gds_version=caller.gds_version,
        transaction_memory_bytes=caller.transaction_memory_bytes,
    )


def from_description(name: str, found: wire.Description) -> Graph:
    """Read what is in a projection."""
    constraints: dict[str, tuple[str, ...]] = {}
    for each in found.constraints:
        constraints[each.label] = (*constraints.get(each.label, ()), each.property)
    return Graph(
        name=name,
        node_count=found.node_count,
        relationship_count=found.relationship_count,
        created_millis=found.created_millis,
        modified_millis=found.modified_millis,
        labels={
            each.label: Label(
                each.label,
                each.node_count,
                {one.name: Property(one.name, one.value_type, one.dimension) for one in each.properties},
            )
            for each in found.labels
        },
        relationship_types={
            each.type: RelationshipType(
                each.type,
                each.relationship_count,
                tuple(one.name for one in each.properties),
                each.undirected,
                each.stored_type,
            )
            for each in found.relationship_types
        },
        constraints=constraints,
        can_write=found.can_write,
    )


def from_done(done: wire.Done) -> Done:
    """Read what a command did."""
    return Done(done.written, done.deleted, done.unchanged, done.millis)


def from_chunk(chunk: value_pb2.Chunk) -> dict[str, Column]:
    """Read the columns of one chunk.

    Raises:
        InvalidArgumentError: the plugin sent what is no column of so many rows.
    """
    return {each.name: from_column(each, chunk.rows) for each in chunk.columns}


def from_column(column: value_pb2.Column, rows: int) -> Column:
    """Read one chunk's values of a property, without copying numbers.

    Raises:
        InvalidArgumentError: the plugin sent what is no column of so many rows.
    """
    present = np.frombuffer(column.present, dtype=np.uint8) if column.present else None
    try:
        values = _values(column, max(1, column.width))
    except ValueError as error:  # numpy's and the decoder's word for bytes that do not add up
        raise InvalidArgumentError(
            f"The column `{column.name}` can not be read: {error}.", reason="BAD_COLUMN"
        ) from error
    if len(values) != rows or (present is not None and len(present) != rows):
        raise InvalidArgumentError(
            f"The column `{column.name}` has {len(values)} rows in a chunk of {rows}.", reason="BAD_COLUMN"
        )
    return Column(values, present, node_ids=column.node_ids)


def _values(column: value_pb2.Column, width: int) -> NDArray[Any]:
    if column.dtype == "value":
        return _objects([from_value(each) for each in column.values])
    if column.dtype == "utf8":
        return _texts(column.data, column.offsets)
    if column.dtype not in DTYPES:
        raise InvalidArgumentError(
            f"The column `{column.name}` has the dtype `{column.dtype}`, not one of {sorted(DTYPES)}.",
            reason="BAD_COLUMN",
        )
    flat = np.frombuffer(column.data, dtype=column.dtype)
    return flat if width == 1 else flat.reshape(-1, width)


@lru_cache(maxsize=TEXTS_KEPT)
def _texts(data: bytes, offsets: bytes) -> NDArray[Any]:
    # Every CALL on a projection sends the keys of its nodes: while they are the same, they are decoded once.
    ends = np.frombuffer(offsets, dtype="<i4").tolist()
    texts = _objects([data[a:b].decode() for a, b in pairwise(ends)])
    texts.flags.writeable = False
    return texts


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    # Not by assignment: numpy would take lists of one length for another dimension.
    return np.fromiter(values, dtype=object, count=len(values))


def joined(name: str, parts: Sequence[Mapping[str, Column]]) -> Table:
    """Put the chunks of one table together.

    A column gets the widest of its chunks' dtypes; objects, where its vectors differ in length.

    Raises:
        InvalidArgumentError: the chunks have not the same columns.
    """
    if len(parts) == 1:
        return Table(name, parts[0])
    filled = [part for part in parts if part and len(next(iter(part.values())))] or list(parts[:1])
    if any(part.keys() != filled[0].keys() for part in filled):
        raise InvalidArgumentError(f"The chunks of `{name}` have not the same columns.", reason="BAD_COLUMN")
    return Table(name, {key: _joined([part[key] for part in filled]) for key in filled[0]})


def _joined(columns: Sequence[Column]) -> Column:
    arrays = [column.values for column in columns]
    if any(array.dtype == object for array in arrays) or len({array.shape[1:] for array in arrays}) > 1:
        values = _objects([value for array in arrays for value in array.tolist()])
    else:
        values = np.concatenate(arrays)
    if all(column.present is None for column in columns):
        return Column(values, node_ids=columns[0].node_ids)
    present = [np.ones(len(each), np.uint8) if each.present is None else each.present for each in columns]
    return Column(values, np.concatenate(present), node_ids=columns[0].node_ids)


def to_column(name: str, column: Column) -> value_pb2.Column:
    """Turn an array into a column; integers travel as "<i4" where all of them fit.

    Raises:
        TypeError: the wire has no such dtype.
    """
    values = column.values
    present = b"" if column.present is None else column.present.astype(np.uint8).tobytes()
    if values.dtype == object:
        return value_pb2.Column(name=name, dtype="value", values=[to_value(each) for each in values], present=present)
    narrow = np.dtype("<i4") if _fits_i4(values) else values.dtype.newbyteorder("<")
    little = np.ascontiguousarray(values.astype(narrow, copy=False))
    if little.dtype.str not in DTYPES:
        raise TypeError(f"Column {name} is {little.dtype.str}; the wire has {sorted(DTYPES)}")
    return value_pb2.Column(
        name=name,
        dtype=little.dtype.str,
        width=1 if little.ndim == 1 else little.shape[1],
        data=little.tobytes(),
        present=present,
        node_ids=column.node_ids,
    )


def _fits_i4(values: NDArray[Any]) -> bool:
    limits = np.iinfo(np.int32)
    return values.dtype == np.int64 and (
        not values.size or bool(limits.min <= values.min() and values.max() <= limits.max)
    )


def to_chunks(columns: Mapping[str, Column]) -> Iterator[value_pb2.Chunk]:
    """Cut columns into chunks of about a MiB; the last has `last`, and there is always one."""
    rows = len(next(iter(columns.values()))) if columns else 0
    row_bytes = sum(_row_bytes(each.values) for each in columns.values())
    size = max(1, CHUNK_BYTES // max(1, row_bytes))
    for start in range(0, max(1, rows), size):
        part = slice(start, start + size)
        yield value_pb2.Chunk(
            rows=min(size, rows - start),
            columns=[to_column(name, _cut(column, part)) for name, column in columns.items()],
            last=start + size >= rows,
        )


def _row_bytes(values: NDArray[Any]) -> int:
    return OBJECT_BYTES if values.dtype == object else max(8, values.nbytes // max(1, len(values)))


def _cut(column: Column, part: slice) -> Column:
    present = None if column.present is None else column.present[part]
    return Column(column.values[part], present, node_ids=column.node_ids)
