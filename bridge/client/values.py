"""Between Python's values and the wire's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.core.errors import InvalidArgumentError
from bridge.v1 import value_pb2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_INTEGERS = range(-(2**63), 2**63)


def to_value(value: object) -> value_pb2.Value:
    """Turn a Python value into a Cypher one.

    Raises:
        InvalidArgumentError: Cypher has no such value.
    """
    match value:
        case None:
            return value_pb2.Value()
        case bool():
            return value_pb2.Value(boolean=value)
        case int() if value in _INTEGERS:
            return value_pb2.Value(integer=value)
        case float():
            return value_pb2.Value(float=value)
        case str():
            return value_pb2.Value(string=value)
        case Mapping():
            return value_pb2.Value(map=to_map(value))
        case Sequence():
            return value_pb2.Value(list=value_pb2.ListValue(values=to_values(value)))
    raise InvalidArgumentError(
        f"`{value}` is no value that Cypher knows. Give null, a boolean, a 64-bit integer, a float, a string, or lists "
        "and maps of them.",
        reason="BAD_VALUE",
    )


def to_values(values: Iterable[object]) -> list[value_pb2.Value]:
    """Turn Python values into Cypher ones; raises as `to_value` does."""
    return [to_value(each) for each in values]


def to_map(fields: Mapping[str, object]) -> value_pb2.MapValue:
    """Turn a Python map into a Cypher one; raises as `to_value` does."""
    return value_pb2.MapValue(fields={str(key): to_value(value) for key, value in fields.items()})


def from_value(value: value_pb2.Value) -> Any:
    """Turn a Cypher value into a Python one."""
    match value.WhichOneof("kind"):
        case None:
            return None
        case "list":
            return [from_value(each) for each in value.list.values]
        case "map":
            return from_map(value.map)
        case "millis":
            return time(value.millis)
        case kind:
            return getattr(value, kind)


def from_map(fields: value_pb2.MapValue) -> dict[str, Any]:
    """Turn a Cypher map into a Python one, its keys sorted: the wire has no order."""
    return {key: from_value(fields.fields[key]) for key in sorted(fields.fields)}


def time(millis: int) -> datetime:
    """Return the moment so many milliseconds after 1970."""
    return _EPOCH + timedelta(milliseconds=millis)
