"""Whether a projection's features are those that a model was trained on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import FailedPreconditionError
from bridge.core.projection import NodeTable, Projection
from bridge.registry.manifest import Feature

SAME_DIRECTION = 0.9
"""Vectors with at least this cosine count as the same feature: FastRP of a graph that grew a little stays above it,
FastRP with another seed is near 0."""


def probe(table: NodeTable, property_name: str, count: int) -> Feature:
    """Record a feature's dimension and its values at `count` nodes spread over the key order."""
    values = table.properties[property_name]
    rows = np.unique(np.linspace(0, max(len(table) - 1, 0), count).astype(np.int64))[: len(table)]
    sample = values[rows].reshape(len(rows), -1)
    return Feature(
        label=table.label,
        property=property_name,
        dimension=_dimension(values),
        probe_keys=tuple(key.item() for key in table.keys[rows]),
        probe_values=tuple(tuple(row) for row in sample.astype(np.float64).round(6).tolist()),
    )


def check_features(contract: Iterable[Feature], projection: Projection) -> None:
    """Compare a projection with a version's feature contract.

    Raises:
        FailedPreconditionError: naming the feature that differs, and how.
    """
    for feature in contract:
        table = projection.nodes[feature.label]
        values = table.properties[feature.property]
        _check_dimension(feature, values)
        wanted = dict(zip(feature.probe_keys, feature.probe_values, strict=True))
        rows = np.flatnonzero(np.isin(table.keys, np.array(list(wanted), dtype=table.keys.dtype)))
        if not len(rows):
            continue  # none of the probe nodes is in this projection: only the dimension can be compared
        then = np.array([wanted[key.item()] for key in table.keys[rows]], dtype=np.float64)
        alike = _alike(then, values[rows].astype(np.float64).reshape(len(rows), -1))
        if alike.mean() < 0.5:
            raise FailedPreconditionError(
                f"The feature `{feature.property}` of `{feature.label}` is not the one that the model was trained "
                f"on: {int((~alike).sum())} of {len(alike)} probe nodes have other values. Make it as it was (the "
                "same encoder, vocabulary and `randomSeed`), or train a new version.",
                reason="FEATURE_MISMATCH",
                feature=f"{feature.label}.{feature.property}",
            )


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
        return np.isclose(then, now, rtol=1e-4, atol=1e-6)[:, 0]
    norms = np.linalg.norm(then, axis=1) * np.linalg.norm(now, axis=1)
    cosine = np.divide((then * now).sum(axis=1), norms, out=np.zeros(len(then)), where=norms > 0)
    both_zero = (then == 0).all(axis=1) & (now == 0).all(axis=1)
    alike: NDArray[np.bool_] = (cosine >= SAME_DIRECTION) | both_zero
    return alike


def _dimension(values: NDArray[Any]) -> int:
    return 1 if values.ndim == 1 else int(values.shape[1])
