"""Whether a training can be done on the data that were read, before it waits for a trainer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.actions.gnn_board import side_relationships
from bridge.actions.plan import Plan
from bridge.core.errors import FailedPreconditionError, Faults
from bridge.core.projection import TRAIN, Projection
from bridge.projection.features import check_target, complete
from bridge.projection.leaks import Overlap, overlaps
from bridge.projection.snapshots import open_snapshot
from bridge.projection.splits import hold_out

REFUSED_SHARE = 0.5
"""A side type with more than this share of the held-out relationships tells the answers."""


def check_data(plan: Plan, allow_leaky: bool) -> list[str]:
    """Check the values that a training will read, and return warnings. Takes seconds: not for the event loop.

    Raises:
        FailedPreconditionError: a feature or target value is missing or not finite, the split is impossible or leaves
            a part empty, a side type holds most of what is held out (`allow_leaky` makes that a warning).
        InvalidArgumentError: several of these.
    """
    projection = open_snapshot(Path(plan.snapshot))
    faults = Faults()
    for label, names in plan.features.items():
        for name in names:
            with faults:
                complete(projection, {label: (name,)}, plan.missing)
    warnings: list[str] = []
    with faults:
        membership = _membership(plan, projection)
        sides = side_relationships(projection, plan.target)
        for overlap in overlaps(projection, plan.target, membership != TRAIN, sides):
            with faults:
                warnings += _judged(overlap, plan, allow_leaky)
    _check_target(plan, projection, faults)
    faults.raise_if_any()
    return warnings


def _check_target(plan: Plan, projection: Projection, faults: Faults) -> None:
    if plan.target.edge_type not in projection.relationships:
        return  # told already, by what splits them
    with faults:
        check_target(projection, replace(plan.target, time_property=None))
    if plan.split == "temporal" and plan.split_property is None:
        return  # what splits by time has looked at the times
    with faults:
        check_target(projection, replace(plan.target, value_property=None))


def _membership(plan: Plan, projection: Projection) -> NDArray[np.int8]:
    return hold_out(
        projection,
        plan.target,
        split=plan.split,
        split_property=plan.split_property,
        split_seed=plan.split_seed,
        validation_fraction=plan.validation_fraction,
        test_fraction=plan.test_fraction,
    )


def _judged(overlap: Overlap, plan: Plan, allow_leaky: bool) -> Iterator[str]:
    """Yield a warning of a suspicious overlap; refuse one that tells the answers."""
    source, name, goal = overlap.edge_type
    kind = plan.target.relationship_type
    counts = f"{overlap.found:,} of the {overlap.of:,} held-out `{kind}` relationships"
    if overlap.share > REFUSED_SHARE and not allow_leaky:
        raise FailedPreconditionError(
            f"The relationships (:{source})-[:{name}]->(:{goal}) repeat {counts}, which the model is to predict: it "
            "would be told the answers. Name the other types in `relationshipTypes`, or set `allowLeakyFeatures: true` "
            "and don't trust the metrics.",
            reason="LEAKY_RELATIONSHIPS",
            relationshipType=name,
        )
    if overlap.more_than_chance:
        yield (
            f"The relationships (:{source})-[:{name}]->(:{goal}) repeat {counts}; chance would give "
            f"{overlap.chance:,.0f}. If they follow from `{kind}`, the metrics are too good to be true."
        )
