"""Node tables in canonical order: sorted by key, without the nodes that the caller may not see."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.core.columns import INVISIBLE, MISSING, PRESENT, Column, Table
from bridge.core.config import type_name
from bridge.core.errors import FailedPreconditionError
from bridge.core.projection import NodeTable
from bridge.projection.narrowing import narrowest

MAX_KEY_BYTES = 4 * 1024**3
"""The most memory one label's string keys may take: count × length of the longest × 4 bytes."""


def node_table(table: Table, keys: Column | None, key_property: str) -> NodeTable:
    """Sort a label's nodes by key.

    Args:
        table: columns `id`, `nodeId` and the properties, in GDS's order.
        keys: the key property's values in the same order; None to identify nodes by `nodeId`.
        key_property: the name of the property that `keys` holds.

    Raises:
        FailedPreconditionError: keys that are null, duplicate, of mixed or of other types than integer and string;
            a property whose vectors differ in length.
    """
    visible = _visible(table, keys)
    key_column = table.columns["nodeId"] if keys is None else keys
    key_property = "" if keys is None else key_property
    node_ids = _pick(table.columns["nodeId"].values, visible)
    _refuse_null(table.name, key_property, key_column, visible, node_ids)
    values = _key_array(table.name, key_property, _pick(key_column.values, visible))
    order = None if _ascending(values) else np.argsort(values, kind="stable")
    values = _pick(values, order)
    _refuse_duplicates(table.name, key_property, values, _pick(node_ids, order))
    rows = order if visible is None else (visible if order is None else visible[order])
    properties, missing = _properties(table, rows)
    ids = _pick(table.columns["id"].values, rows).astype(np.int64, copy=False)
    return NodeTable(table.name, key_property, values, ids, properties, missing)


def _pick(values: NDArray[Any], rows: NDArray[np.intp] | None) -> NDArray[Any]:
    return values if rows is None else values.take(rows, axis=0)


def _visible(table: Table, keys: Column | None) -> NDArray[np.intp] | None:
    """Rows that the transaction sees; None for all."""
    columns = [*table.columns.values(), *([] if keys is None else [keys])]
    hidden = [column.present == INVISIBLE for column in columns if column.present is not None]
    if not hidden:
        return None
    unseen = np.logical_or.reduce(hidden)
    return np.flatnonzero(~unseen) if unseen.any() else None


def _ascending(values: NDArray[Any]) -> bool:
    return bool((values[1:] > values[:-1]).all())


def _subject(label: str, key_property: str) -> str:
    return f"property `{key_property}` of `{label}`" if key_property else f"Neo4j id of `{label}`"


_WAY_OUT = "Name a property that is unique and never null in `nodeKeys`, for instance `{{{label}: 'id'}}`."


def _refuse_null(
    label: str, key_property: str, column: Column, visible: NDArray[np.intp] | None, node_ids: NDArray[Any]
) -> None:
    absent = np.zeros(len(column), dtype=bool)
    if column.present is not None:
        absent |= column.present == MISSING
    if column.values.dtype == object:
        absent |= np.array([value is None for value in column.values.tolist()], dtype=bool)
    absent = _pick(absent, visible)
    if not absent.any():
        return
    example = node_ids[int(absent.argmax())]
    raise FailedPreconditionError(
        f"The {_subject(label, key_property)} is null for {int(absent.sum())} of {len(absent)} nodes, for instance "
        f"the node with id {example}, so it cannot identify them. {_WAY_OUT.format(label=label)}",
        reason="NODE_KEY_MISSING",
    )


def _key_array(label: str, key_property: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.ndim == 1 and values.dtype.kind in "iu":
        return values.astype(np.int64, copy=False)
    if values.ndim == 1 and values.dtype.kind == "U":
        return values
    kinds = sorted({type_name(value) for value in values.tolist()})
    if kinds in ([], ["Integer"]):
        return values.astype(np.int64)
    if kinds == ["String"]:
        return _string_keys(label, key_property, values)
    raise FailedPreconditionError(
        f"The {_subject(label, key_property)} has values of type {', '.join(kinds)}, but the keys of one label must "
        f"all be integers or all be strings. {_WAY_OUT.format(label=label)}",
        reason="NODE_KEY_TYPE",
    )


def _string_keys(label: str, key_property: str, values: NDArray[Any]) -> NDArray[np.str_]:
    longest = max(map(len, values))
    if longest * 4 * len(values) > MAX_KEY_BYTES:
        raise FailedPreconditionError(
            f"The {_subject(label, key_property)} has keys of up to {longest} characters; {len(values)} of "
            f"that length take {longest * 4 * len(values)} bytes, more than {MAX_KEY_BYTES}. Name a shorter one "
            "in `nodeKeys`.",
            reason="NODE_KEY_TOO_LONG",
        )
    # numpy's fixed-width strings end at the last character that is not NUL.
    if any(value.endswith("\0") for value in values):
        raise FailedPreconditionError(
            f"The {_subject(label, key_property)} has a value that ends with a NUL character, which a key may not. "
            "Remove it or name another property in `nodeKeys`.",
            reason="NODE_KEY_TYPE",
        )
    return values.astype(np.str_)


def _refuse_duplicates(label: str, key_property: str, ordered: NDArray[Any], node_ids: NDArray[Any]) -> None:
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    if not again.size:
        return
    first = int(again[0])
    shared = np.union1d(again, again + 1).size
    raise FailedPreconditionError(
        f"The {_subject(label, key_property)} is not unique: {shared} of {len(ordered)} nodes share theirs with "
        f"another, for instance `{ordered[first]}` is that of the nodes with ids {node_ids[first]} and "
        f"{node_ids[first + 1]}. {_WAY_OUT.format(label=label)}",
        reason="NODE_KEY_DUPLICATE",
    )


def _properties(
    table: Table, rows: NDArray[np.intp] | None
) -> tuple[dict[str, NDArray[np.generic]], dict[str, NDArray[np.bool_]]]:
    properties: dict[str, NDArray[np.generic]] = {}
    missing: dict[str, NDArray[np.bool_]] = {}
    for name in sorted(table.columns.keys() - {"id", "nodeId"}):
        column = table.columns[name]
        if column.values.dtype == object:
            raise FailedPreconditionError(
                f"The values of property `{name}` of `{table.name}` are not all numbers or vectors of one length. "
                "Project a property whose vectors have one length.",
                reason="PROPERTY_NOT_NUMERIC",
            )
        values = _pick(column.values, rows)
        if column.present is not None:
            absent = _pick(column.present != PRESENT, rows)
            if absent.any():
                values = values.copy()
                values[absent] = 0
                missing[name] = absent
        properties[name] = narrowest(values)
    return properties, missing
