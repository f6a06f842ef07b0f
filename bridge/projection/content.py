"""What a projection holds, as hashes small enough to keep: to say later what was added, removed and changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bridge.core.projection import NodeTable, Projection
from bridge.projection.hashing import hash_keys, hash_pairs

Element = Literal["node", "relationship"]

CONTENT_FILE = "content.safetensors"
"""File of a model's version with the `content_hashes` of the snapshot that it was trained on."""

HELD_OUT_FILE = "heldout.safetensors"
"""File of a model's version with the `identity_hashes` of the relationships that its evaluated weights never saw."""

IDENTITY, CONTENT = "identity", "content"
"""Which node or relationship it is, by keys; that together with its property values."""


@dataclass(frozen=True)
class Difference:
    """What became of the nodes of one label, or of the relationships of one type."""

    before: int
    after: int
    added: int
    """Nodes with a key, or relationships between two keys, that there were none of, or fewer."""
    removed: int
    changed: int
    """Those of both times that have other property values."""


def content_hashes(projection: Projection) -> dict[str, NDArray[np.uint64]]:
    """Hash every node and relationship of a snapshot, 16 bytes each. Missing values are not to be filled before.

    The hashes do not depend on the width of a column or a key, nor on the order of rows; integers beyond 2^53 count by
    the nearest float.

    Returns:
        uint64 [elements], ascending, under `node identity LABEL`, `node content LABEL`, `relationship identity TYPE`
        and `relationship content TYPE`; to be kept as a safetensors file. Relationships are counted in the directions
        that the projection has.
    """
    keys = {label: hash_keys(table.keys) for label, table in projection.nodes.items()}
    found: dict[str, list[NDArray[np.uint64]]] = {}
    for label, table in projection.nodes.items():
        content = _with_columns(keys[label], dict(_filled(table)))
        _note(found, "node", label, keys[label], content)
    for (source, kind, target), links in projection.relationships.items():
        ends = [keys[label][rows] for label, rows in zip((source, target), links.edge_index, strict=True)]
        identity = _of_ends(source, target, *ends)
        _note(found, "relationship", kind, identity, _with_columns(identity, links.properties))
    return {name: np.sort(np.concatenate(parts)) for name, parts in found.items()}


def pair_hashes(
    projection: Projection,
    source_label: str,
    target_label: str,
    sources: NDArray[np.integer[Any]],
    targets: NDArray[np.integer[Any]],
) -> NDArray[np.uint64]:
    """Hash relationships by both ends, whatever their type: rows int [n], int [n] → uint64 [n], in their order."""
    ends = [
        hash_keys(projection.nodes[label].keys)[rows]
        for label, rows in ((source_label, sources), (target_label, targets))
    ]
    return _of_ends(source_label, target_label, *ends)


def identity_hashes(chosen: Mapping[str, NDArray[np.uint64]]) -> dict[str, NDArray[np.uint64]]:
    """Give some relationships' `pair_hashes`, by type, the form of `content_hashes`."""
    return {_name("relationship", IDENTITY, kind): np.sort(hashes) for kind, hashes in chosen.items()}


def seen_hashes(
    content: Mapping[str, NDArray[np.uint64]], held_out: Mapping[str, NDArray[np.uint64]], kind: str | None = None
) -> NDArray[np.uint64]:
    """Return the `pair_hashes` of the relationships that a training did not hold out: uint64 [n], ascending.

    Of parallel relationships, all must have been held out for their pair not to be among them. `kind` is a
    relationship type; None: all.
    """
    wanted = [
        _name(element, IDENTITY, name)
        for element, name in _elements(content)
        if element == "relationship" and kind in (None, name)
    ]
    left = [_less(content[name], held_out.get(name, np.empty(0, np.uint64))) for name in wanted]
    return np.unique(np.concatenate([np.empty(0, np.uint64), *left]))


def compare(
    before: Mapping[str, NDArray[np.uint64]], after: Mapping[str, NDArray[np.uint64]]
) -> dict[tuple[Element, str], Difference]:
    """Count what differs between two `content_hashes`, by (node, label) and (relationship, type)."""
    none = np.empty(0, np.uint64)
    differences = {}
    for element, name in sorted({each for hashes in (before, after) for each in _elements(hashes)}):
        old, new = (
            [hashes.get(_name(element, part, name), none) for part in (IDENTITY, CONTENT)] for hashes in (before, after)
        )
        known, same = _common(old[0], new[0]), _common(old[1], new[1])
        differences[element, name] = Difference(
            before=len(old[0]),
            after=len(new[0]),
            added=len(new[0]) - known,
            removed=len(old[0]) - known,
            changed=known - same,
        )
    return differences


def _name(element: Element, part: str, name: str) -> str:
    return f"{element} {part} {name}"


def _elements(hashes: Mapping[str, Any]) -> Iterator[tuple[Element, str]]:
    for word in hashes:
        element, part, name = word.split(" ", 2)
        if part == IDENTITY:
            yield ("node" if element == "node" else "relationship"), name


def _note(
    found: dict[str, list[NDArray[np.uint64]]],
    element: Element,
    name: str,
    identity: NDArray[np.uint64],
    content: NDArray[np.uint64],
) -> None:
    found.setdefault(_name(element, IDENTITY, name), []).append(identity)
    found.setdefault(_name(element, CONTENT, name), []).append(content)


def _common(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> int:
    """Count the elements that two multisets share."""
    values, counts = np.unique(one, return_counts=True)
    others, other_counts = np.unique(other, return_counts=True)
    _, here, there = np.intersect1d(values, others, assume_unique=True, return_indices=True)
    return int(np.minimum(counts[here], other_counts[there]).sum())


def _of_ends(
    source_label: str, target_label: str, sources: NDArray[np.uint64], targets: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """Hash relationships by the hashes of both keys: uint64 [n], uint64 [n] → uint64 [n]."""
    return hash_pairs(sources, targets, seed=_seed(source_label, target_label), symmetric=False)


def _less(all_of_them: NDArray[np.uint64], some: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Take a multiset out of another; return the distinct elements that are left."""
    values, counts = np.unique(all_of_them, return_counts=True)
    taken, taken_counts = np.unique(some, return_counts=True)
    _, here, there = np.intersect1d(values, taken, assume_unique=True, return_indices=True)
    counts[here] -= taken_counts[there]
    left: NDArray[np.uint64] = values[counts > 0]
    return left


def _filled(table: NodeTable) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield a node table's columns as floats, NaN where there is no value."""
    for name, values in table.properties.items():
        column = values.astype(np.float64)
        if name in table.missing:
            column[table.missing[name]] = np.nan
        yield name, column


def _with_columns(hashes: NDArray[np.uint64], columns: Mapping[str, NDArray[Any]]) -> NDArray[np.uint64]:
    for name, values in sorted(columns.items()):
        for element in values.reshape(len(values), -1).T if len(values) else ():
            hashes = hash_pairs(hashes, _bits(element), seed=_seed(name), symmetric=False)
    return hashes


def _bits(values: NDArray[Any]) -> NDArray[np.uint64]:
    """Return one word a value: uint64 [N]; -0.0 is 0.0, and all NaN are one."""
    numbers = values.astype(np.float64) + 0.0
    numbers[np.isnan(numbers)] = np.nan
    return numbers.view(np.uint64)


def _seed(*names: str) -> int:
    text = "\0".join(names)  # no label, type or property has it
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "little")
