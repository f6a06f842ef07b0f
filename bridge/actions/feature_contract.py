"""Whether a projection's features are those that a model was trained on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.actions.provenance import MULTI_HOT, Provenance
from bridge.core.call import Call
from bridge.core.errors import FailedPreconditionError
from bridge.core.graph import Graph
from bridge.core.projection import NodeTable, Projection
from bridge.registry.manifest import Feature

SAME_DIRECTION = 0.9
"""Vectors with at least this cosine count as the same feature: FastRP of a graph that grew a little stays above it,
FastRP with another seed is near 0."""

SAME_LENGTH = 2.0
"""Vectors whose lengths differ by more than this factor count as different features, scaled otherwise perhaps."""


def probe(table: NodeTable, property_name: str, count: int) -> Feature:
    """Record a feature's dimension and its values at up to `count` nodes that have one, spread over the key order.

    Nodes with a vector of zeros are taken only where there are no others: it is the same vector by every encoder.
    """
    values = table.properties[property_name]
    there = np.flatnonzero(_there(table, property_name))
    if values.ndim > 1 and values[there].any():
        there = there[values[there].any(axis=1)]
    rows = there[np.unique(np.linspace(0, len(there) - 1, min(count, len(there))).astype(np.int64))]
    sample = values[rows].astype(np.float64).reshape(len(rows), _dimension(values))
    digits = _DIGITS if sample.shape[1] > 1 else None
    return Feature(
        label=table.label,
        property=property_name,
        dimension=_dimension(values),
        probe_keys=tuple(key.item() for key in table.keys[rows]),
        probe_values=tuple(tuple(row) for row in (sample if digits is None else sample.round(digits)).tolist()),
    )


_DIGITS = 6
"""Decimals of a vector's elements that are kept; a scalar keeps all."""


def check_features(contract: Iterable[Feature], projection: Projection) -> None:
    """Compare a projection with a version's feature contract, at the probe nodes that have a value.

    Raises:
        FailedPreconditionError: naming the feature that differs, and how.
    """
    for feature in contract:
        table = projection.nodes[feature.label]
        values = table.properties[feature.property]
        _check_dimension(feature, values)
        wanted = dict(zip(feature.probe_keys, feature.probe_values, strict=True))
        probes = np.array(list(wanted))
        if probes.dtype.kind != table.keys.dtype.kind:
            continue  # no probe node, or keys of another type
        rows = np.flatnonzero(np.isin(table.keys, probes) & _there(table, feature.property))
        if not len(rows):
            continue  # none of the probe nodes is in this projection: only the dimension can be compared
        then = np.array([wanted[key.item()] for key in table.keys[rows]], dtype=np.float64)
        now = values[rows].astype(np.float64).reshape(len(rows), -1)
        if then.shape[1] > 1:
            telling = then.any(axis=1) | now.any(axis=1)  # zeros then and zeros now: by every encoder
            then, now = then[telling], now[telling]
        alike = _alike(then, now)
        if len(alike) and alike.mean() < 0.5:
            raise FailedPreconditionError(
                f"The feature `{feature.property}` of `{feature.label}` is not the one that the model was trained "
                f"on: {int((~alike).sum())} of {len(alike)} probe nodes have other values. Make it as it was (the "
                "same encoder, vocabulary and `randomSeed`), or train a new version.",
                reason="FEATURE_MISMATCH",
                feature=f"{feature.label}.{feature.property}",
            )


def check_encoders(contract: Iterable[Feature], graph: Graph, call: Call, provenance: Provenance) -> None:
    """Refuse a feature that bridge has made otherwise since; of other features the values must tell.

    Those of a multi-hot vector cannot: where one value came and another went, most vectors may look as before.

    Raises:
        FailedPreconditionError: naming the feature, and what made it.
    """
    for feature in contract:
        origin = provenance.find(call, graph, feature.label, feature.property)
        if origin is None and feature.encoder.startswith(MULTI_HOT):
            raise FailedPreconditionError(
                f"The feature `{feature.property}` of `{feature.label}` was made by `bridge.encode.multiHot` when the "
                "model was trained; what made the one in this projection is not known, nor what its positions stand "
                "for. Make it by `bridge.encode.multiHot.mutate` in this projection, with the same `vocabulary` if "
                "there was one, or train a new version.",
                reason="FEATURE_MISMATCH",
                feature=f"{feature.label}.{feature.property}",
            )
        if origin and feature.encoder and origin.encoder != feature.encoder:
            raise FailedPreconditionError(
                f"The feature `{feature.property}` of `{feature.label}` was made by `{origin.encoder[:24]}…`, but the "
                f"model was trained on one made by `{feature.encoder[:24]}…`. Make it as it was (the same encoder and "
                "`vocabulary`), or train a new version.",
                reason="FEATURE_MISMATCH",
                feature=f"{feature.label}.{feature.property}",
            )


def _there(table: NodeTable, property_name: str) -> NDArray[np.bool_]:
    absent = table.missing.get(property_name)
    return np.ones(len(table), dtype=bool) if absent is None else ~absent


def _check_dimension(feature: Feature, values: NDArray[Any]) -> None:
    if _dimension(values) != feature.dimension:
        raise FailedPreconditionError(
            f"The feature `{feature.property}` of `{feature.label}` has {_dimension(values)} dimensions, but the "
            f"model was trained on {feature.dimension}. Make it as it was, or train a new version.",
            reason="FEATURE_MISMATCH",
            feature=f"{feature.label}.{feature.property}",
        )


def _alike(then: NDArray[np.float64], now: NDArray[np.float64]) -> NDArray[np.bool_]:
    if then.shape[1] == 1:
        return np.isclose(then, now, rtol=1e-4, atol=0.0)[:, 0]
    before, after = np.linalg.norm(then, axis=1), np.linalg.norm(now, axis=1)
    along = (then * now).sum(axis=1) >= SAME_DIRECTION * before * after
    alike: NDArray[np.bool_] = along & (before <= SAME_LENGTH * after) & (after <= SAME_LENGTH * before)
    return alike


def _dimension(values: NDArray[Any]) -> int:
    return 1 if values.ndim == 1 else int(values.shape[1])
