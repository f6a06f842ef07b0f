"""Checking node features and target values, and filling the features that some nodes lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import FailedPreconditionError, InvalidArgumentError, did_you_mean
from bridge.core.projection import NodeTable, Projection, Target

Missing = Literal["error", "zero", "mean"]
"""What becomes of a node without a feature: refuse, 0, or the mean of the label's other nodes."""

_EXAMPLES = 3


def complete(projection: Projection, features: Mapping[str, tuple[str, ...]], missing: Missing = "error") -> Projection:
    """Return the projection with a finite value of every feature for every node.

    Args:
        projection: its fingerprint stays, since the result follows from it and `missing`.
        features: for each label, the node properties that will be used.
        missing: `error`, `zero`, or `mean` (of each dimension; the values become floats).

    Raises:
        InvalidArgumentError: a label or property that the projection does not have.
        FailedPreconditionError: a value is missing with `error`, or for every node with `mean`; a value is NaN or
            infinite.
    """
    nodes = dict(projection.nodes)
    for label, names in features.items():
        nodes[label] = _complete_table(_table(projection, label), names, missing)
    return replace(projection, nodes=nodes)


def check_target(projection: Projection, target: Target) -> None:
    """Check that every target relationship has a finite target value and time.

    Raises:
        FailedPreconditionError: a property that is not there, or a value that is missing, NaN or infinite.
    """
    table = projection.relationships[target.edge_type]
    for name in (target.value_property, target.time_property):
        if name is None:
            continue
        if name not in table.properties:
            there = ", ".join(f"`{known}`" for known in table.properties) or "none"
            raise FailedPreconditionError(
                f"Relationships `{target.relationship_type}` have no property `{name}` in the projection."
                f"{did_you_mean(name, table.properties)} Their properties are: {there}.",
                reason="PROPERTY_NOT_FOUND",
            )
        _refuse_not_finite_values(projection, target, name)


def _refuse_not_finite_values(projection: Projection, target: Target, name: str) -> None:
    table = projection.relationships[target.edge_type]
    wrong = np.flatnonzero(~np.isfinite(table.properties[name]))
    if not wrong.size:
        return
    source, end = table.edge_index[:, wrong[0]]
    ends = [projection.nodes[target.source_label], projection.nodes[target.target_label]]
    raise FailedPreconditionError(
        f"`{name}` is missing, NaN or infinite for {wrong.size} of {len(table)} relationships "
        f"`{target.relationship_type}`, for instance {_values(table.properties[name][wrong[:1]])} from "
        f"{_keys(ends[0], np.array([source]))} to {_keys(ends[1], np.array([end]))}. "
        "Set a number on every one of them, or leave those without out of the projection.",
        reason="PROPERTY_NOT_FINITE",
    )


def _table(projection: Projection, label: str) -> NodeTable:
    if label not in projection.nodes:
        there = ", ".join(f"`{known}`" for known in projection.nodes)
        raise InvalidArgumentError(
            f"The projection has no nodes with label `{label}`.{did_you_mean(label, projection.nodes)} "
            f"Its labels are: {there}.",
            reason="LABEL_NOT_FOUND",
        )
    return projection.nodes[label]


def _complete_table(table: NodeTable, names: tuple[str, ...], missing: Missing) -> NodeTable:
    properties = dict(table.properties)
    for name in names:
        if name not in properties:
            there = ", ".join(f"`{known}`" for known in properties) or "none"
            raise InvalidArgumentError(
                f"Nodes with label `{table.label}` have no property `{name}` in the projection."
                f"{did_you_mean(name, properties)} Their properties are: {there}.",
                reason="PROPERTY_NOT_FOUND",
            )
        _refuse_not_finite(table, name)
        if name in table.missing:
            properties[name] = _filled(table, name, missing)
    return replace(table, properties=properties, missing={k: v for k, v in table.missing.items() if k not in names})


def _refuse_not_finite(table: NodeTable, name: str) -> None:
    values = table.properties[name]
    if values.dtype.kind != "f":
        return
    finite = np.isfinite(values)
    if finite.all():
        return
    wrong = np.flatnonzero(~(finite if values.ndim == 1 else finite.all(axis=1)))
    raise FailedPreconditionError(
        f"Property `{name}` of `{table.label}` is NaN or infinite for {wrong.size} of {len(table)} nodes, for instance "
        f"those with {_keys(table, wrong)}. Correct or remove these values, project again, and let `missing` "
        "(`error`, `zero` or `mean`) decide about nodes without a value.",
        reason="PROPERTY_NOT_FINITE",
    )


def _filled(table: NodeTable, name: str, missing: Missing) -> NDArray[np.generic]:
    values: NDArray[Any] = table.properties[name]
    absent = table.missing[name]
    if missing == "error" or (missing == "mean" and absent.all()):
        raise FailedPreconditionError(
            f"Property `{name}` of `{table.label}` is missing for {int(absent.sum())} of {len(table)} nodes, for "
            f"instance those with {_keys(table, np.flatnonzero(absent))}, and `missing` is `{missing}`. Give them a "
            "value, or set `missing` to `zero` or to `mean` (of the nodes that have one).",
            reason="PROPERTY_MISSING",
        )
    if missing == "zero":
        return values
    filled = values.astype(np.float32 if values.dtype.itemsize == 4 else np.float64)
    filled[absent] = values[~absent].mean(axis=0, dtype=np.float64)
    return filled


def _keys(table: NodeTable, rows: NDArray[Any]) -> str:
    name = f"`{table.key_property}`" if table.key_property else "id"
    return f"{name} {_values(table.keys[rows[:_EXAMPLES]])}"


def _values(values: NDArray[Any]) -> str:
    return ", ".join(map(str, values.tolist()))
