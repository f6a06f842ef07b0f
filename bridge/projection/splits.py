"""Which target relationships are for training, which choose the epochs, which measure the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import FailedPreconditionError, InvalidArgumentError, did_you_mean
from bridge.core.projection import TEST, TRAIN, VALIDATION, Projection, RelationshipTable, Target
from bridge.projection.hashing import hash_keys, hash_pairs

Split = Literal["random", "temporal"]
"""`random`: by a seeded hash of both keys; `temporal`: each source's last relationships are held out."""

_PARTS = {TRAIN: "training", VALIDATION: "validation", TEST: "test"}


def hold_out(
    projection: Projection,
    target: Target,
    *,
    split: Split = "random",
    split_property: str | None = None,
    split_seed: int = 0,
    validation_fraction: float = 0.1,
    test_fraction: float = 0.1,
) -> NDArray[np.int8]:
    """Assign each target relationship to a part.

    - `split_property` given: a relationship property with 0 train, 1 validation, 2 test; the rest is not read.
    - `random`: a hash of (seed, source key, target key), so a pair stays where it is while the data grow, and parallel
      relationships stay together; both directions of an undirected relationship within one label too.
    - `temporal`: of each source's relationships the last max(1, round(test_fraction × count)) by `target.time_property`
      are test, as many before them by `validation_fraction` validation; equal times in the order of the hash. A source
      keeps at least one for training: with two, one is test; with one, none is held out. Of an undirected
      relationship within one label, the later part of its two directions counts for both.

    Returns:
        int8 [E] of TRAIN, VALIDATION, TEST, in the order of the projection's target relationships.

    Raises:
        InvalidArgumentError: the fractions leave nothing for training; `temporal` without a time property.
        FailedPreconditionError: there are no target relationships, or of one source node alone; a property is not
            there, not finite, or no part; a part stays empty.
    """
    table = target_relationships(projection, target)
    if split_property is not None:
        parts = _parts_given(_column(table, target, split_property), target, split_property)
    else:
        _check_fractions(validation_fraction, test_fraction)
        hashes = _hashes(projection, target, table, split_seed)
        if split == "random":
            parts = _random(hashes, validation_fraction, test_fraction)
        else:
            parts = _temporal(table, target, hashes, validation_fraction, test_fraction)
    _refuse_empty(parts, target, split_property)
    return parts


def _check_fractions(validation: float, test: float) -> None:
    if validation + test >= 1:
        raise InvalidArgumentError(
            f"`validationFraction` {validation} and `testFraction` {test} leave nothing for training: their sum must "
            "be less than 1.",
            reason="INVALID_SPLIT",
        )


def target_relationships(projection: Projection, target: Target) -> RelationshipTable:
    """Return the target relationships.

    Raises:
        FailedPreconditionError: there are none, or all of them start at one node.
    """
    table = projection.relationships.get(target.edge_type)
    name = _name(target)
    if table is None or not len(table):
        there = ", ".join(f"({s})-[{t}]->({e})" for s, t, e in projection.relationships) or "no relationships at all"
        raise FailedPreconditionError(
            f"The projection has no relationship {name}; it has {there}. Project relationships of that type and "
            "direction, or name others in `sourceNodeLabel`, `targetRelationshipType` and `targetNodeLabel`.",
            reason="NO_TARGET_RELATIONSHIPS",
        )
    sources = table.edge_index[0]
    if sources[0] == sources[-1]:
        raise FailedPreconditionError(
            f"All {len(table)} relationships {name} start at one `{target.source_label}` node. "
            "Learning preferences takes at least two source nodes.",
            reason="ONE_SOURCE_ONLY",
        )
    return table


def _name(target: Target) -> str:
    return f"({target.source_label})-[{target.relationship_type}]->({target.target_label})"


def _column(table: RelationshipTable, target: Target, name: str) -> NDArray[np.floating[Any]]:
    if name not in table.properties:
        there = ", ".join(f"`{known}`" for known in table.properties) or "none"
        raise FailedPreconditionError(
            f"Relationships {_name(target)} have no property `{name}` in the projection."
            f"{did_you_mean(name, table.properties)} Their properties are: {there}.",
            reason="PROPERTY_NOT_FOUND",
        )
    return table.properties[name]


def _hashes(projection: Projection, target: Target, table: RelationshipTable, seed: int) -> NDArray[np.uint64]:
    """uint64 [E]; equal for equal pairs."""
    symmetric = table.undirected and target.source_label == target.target_label
    sources = hash_keys(projection.nodes[target.source_label].keys)
    targets = hash_keys(projection.nodes[target.target_label].keys)
    return hash_pairs(sources[table.edge_index[0]], targets[table.edge_index[1]], seed=seed, symmetric=symmetric)


def _random(hashes: NDArray[np.uint64], validation_fraction: float, test_fraction: float) -> NDArray[np.int8]:
    # 53 bits are what a float64 keeps exactly.
    uniform = (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53
    parts = np.full(len(hashes), TRAIN, dtype=np.int8)
    parts[uniform < test_fraction + validation_fraction] = VALIDATION
    parts[uniform < test_fraction] = TEST
    return parts


def _temporal(
    table: RelationshipTable,
    target: Target,
    hashes: NDArray[np.uint64],
    validation_fraction: float,
    test_fraction: float,
) -> NDArray[np.int8]:
    if target.time_property is None:
        raise InvalidArgumentError(
            "`split: 'temporal'` needs `timeProperty`, the relationship property that says when it was made.",
            reason="INVALID_SPLIT",
        )
    times = _column(table, target, target.time_property)
    wrong = ~np.isfinite(times)
    if wrong.any():
        raise FailedPreconditionError(
            f"`{target.time_property}` is null, NaN or infinite for {int(wrong.sum())} of {len(times)} relationships "
            f"{_name(target)}. Give each a time, or use `split: 'random'`.",
            reason="PROPERTY_NOT_FINITE",
        )
    sources = table.edge_index[0]
    order = np.lexsort((hashes, times, sources))
    count = np.bincount(sources)
    test, validation = held_out_counts(count, validation_fraction, test_fraction)
    # Sources ascend in the table, so sorting by them moves relationships only within a source.
    from_end = np.cumsum(count)[sources] - 1 - np.arange(len(sources))
    ordered = np.full(len(sources), TRAIN, dtype=np.int8)
    ordered[from_end < (test + validation)[sources]] = VALIDATION
    ordered[from_end < test[sources]] = TEST
    parts = np.empty_like(ordered)
    parts[order] = ordered
    symmetric = table.undirected and target.source_label == target.target_label
    return _latest_of_both(table.edge_index, parts) if symmetric else parts


def held_out_counts(
    count: NDArray[np.integer], validation_fraction: float, test_fraction: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Say how many relationships of a source are test and validation: int [S] → two int64 [S].

    max(1, round(fraction × count)) each, less what would leave none for training; test goes first.
    """
    room = np.maximum(np.asarray(count, dtype=np.int64) - 1, 0)
    test = np.minimum(np.maximum(1, np.rint(test_fraction * count).astype(np.int64)), room)
    validation = np.minimum(np.maximum(1, np.rint(validation_fraction * count).astype(np.int64)), room - test)
    return test, validation


def _latest_of_both(edge_index: NDArray[np.int32], parts: NDArray[np.int8]) -> NDArray[np.int8]:
    ends = np.sort(edge_index, axis=0).astype(np.int64)
    pair = ends[0] * (int(ends.max()) + 1) + ends[1]
    _, group = np.unique(pair, return_inverse=True)
    latest = np.zeros(int(group.max()) + 1, dtype=np.int8)
    np.maximum.at(latest, group, parts)
    return latest[group]


def _parts_given(values: NDArray[np.floating[Any]], target: Target, name: str) -> NDArray[np.int8]:
    allowed = np.isin(values, list(_PARTS))
    if not allowed.all():
        wrong = values[~allowed]
        raise FailedPreconditionError(
            f"`splitProperty` `{name}` is none of 0 (train), 1 (validation), 2 (test) for {len(wrong)} of "
            f"{len(values)} relationships {_name(target)}, for instance {wrong[0]}. "
            "Set it on every one of them before projecting.",
            reason="INVALID_SPLIT",
        )
    return values.astype(np.int8)


def part_sizes(parts: NDArray[np.int8]) -> Mapping[str, int]:
    """Count a split's parts by name: `training`, `validation`, `test`."""
    counts = np.bincount(parts, minlength=len(_PARTS))
    return {name: int(counts[part]) for part, name in _PARTS.items()}


def _refuse_empty(parts: NDArray[np.int8], target: Target, split_property: str | None) -> None:
    sizes = part_sizes(parts)
    empty = [name for name, size in sizes.items() if not size]
    if empty:
        counts = ", ".join(f"{size} for {name}" for name, size in sizes.items())
        way_out = (
            "Project more of them, change `validationFraction` and `testFraction`, or give a `splitProperty`."
            if split_property is None
            else "Give each part some before projecting, by 0 (train), 1 (validation), 2 (test) in "
            f"`{split_property}`, or leave `splitProperty` out."
        )
        raise FailedPreconditionError(
            f"The split leaves nothing for {' and '.join(empty)}: of {len(parts)} relationships {_name(target)} "
            f"there are {counts}. {way_out}",
            reason="EMPTY_SPLIT",
        )
