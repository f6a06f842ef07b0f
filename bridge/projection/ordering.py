"""Sorting relationships by (source row, target row, properties), fast where GDS has done part of the work.

GDS delivers relationships grouped by source, usually in ascending order of both internal ids; canonical rows follow the
keys, so either order may be lost. Each step is skipped where it would change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 15
"""Relationships sorted at a time: keys, targets and one property stay within the processor's second cache."""
_WORD = 64
"""Bits of a sort key."""
THREADS = 2
"""Sorting threads; the result does not depend on it."""


def in_canonical_order(
    sources: NDArray[np.int32], targets: NDArray[np.int32], columns: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[np.int32], dict[str, NDArray[Any]]]:
    """Sort relationships by source row, then target row, then their properties' values in the order of `columns`.

    Returns:
        int32 [2, E] of source and target rows, and the columns in the same order. Inputs are not changed.
    """
    order = None
    if not _ascending(sources):
        sources, targets, order = _by_source(sources, targets)
    edge_index = np.empty((2, len(sources)), dtype=np.int32)
    edge_index[0] = sources
    if _ascending_within(sources, targets):
        edge_index[1] = targets
        result = {name: values if order is None else values.take(order) for name, values in columns.items()}
    else:
        result = {name: np.empty_like(values) for name, values in columns.items()}
        pairs = [(values, result[name]) for name, values in columns.items()]
        _sort_targets(edge_index, targets, order, pairs)
    _sort_parallel(edge_index, columns, result)
    return edge_index, result


def _ascending(values: NDArray[Any]) -> bool:
    return bool((values[1:] >= values[:-1]).all())


def _ascending_within(sources: NDArray[np.int32], targets: NDArray[np.int32]) -> bool:
    return bool(((sources[1:] != sources[:-1]) | (targets[1:] >= targets[:-1])).all())


def _bits(largest: int) -> int:
    return max(1, int(largest).bit_length())


def _by_source(
    sources: NDArray[np.int32], targets: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.intp]]:
    """Sort by source, by target too where that costs nothing; also return the permutation."""
    target_bits, position_bits = _bits(int(targets.max())), _bits(len(sources))
    if _bits(int(sources.max())) + target_bits + position_bits > _WORD:
        order = _stable_order(sources)
        return sources.take(order), targets.take(order), order
    words = _packed(sources, targets, target_bits, position_bits)
    words.sort()
    order = (words & _mask(position_bits)).view(np.intp)
    words >>= np.uint64(position_bits)
    targets = (words & _mask(target_bits)).astype(np.int32)
    words >>= np.uint64(target_bits)
    return words.astype(np.int32), targets, order


def _packed(
    sources: NDArray[np.int32], targets: NDArray[np.int32], target_bits: int, position_bits: int
) -> NDArray[np.uint64]:
    """uint64 [E]; source, target and position in one word, which sorts as the three do."""
    words = sources.astype(np.uint64)
    words <<= np.uint64(target_bits)
    words |= targets.view(np.uint32)
    words <<= np.uint64(position_bits)
    words |= np.arange(len(sources), dtype=np.uint64)
    return words


def _mask(bits: int) -> np.uint64:
    return np.uint64((1 << bits) - 1)


def _stable_order(sources: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the permutation that sorts by source. Source and position share a word, which sorts in one go."""
    position_bits = _bits(len(sources))
    words = sources.astype(np.uint64)
    words <<= np.uint64(position_bits)
    words |= np.arange(len(sources), dtype=np.uint64)
    words.sort()
    words &= _mask(position_bits)
    return words.view(np.intp)


def _sort_targets(
    edge_index: NDArray[np.int32],
    targets: NDArray[np.int32],
    order: NDArray[np.intp] | None,
    columns: list[tuple[NDArray[Any], NDArray[Any]]],
) -> None:
    """Sort targets (and columns, given and wanted) within each source, block by block."""
    sources = edge_index[0]
    target_bits = _bits(int(targets.max()))
    # A block begins where a source begins.
    bounds = np.unique([0, *sources.searchsorted(sources[_BLOCK::_BLOCK]), len(sources)]).tolist()

    def sort_block(start: int, stop: int) -> None:
        within = _block_order(sources[start:stop], targets[start:stop], target_bits)
        targets[start:stop].take(within, out=edge_index[1, start:stop], mode="clip")
        for given, wanted in columns:
            if order is None:
                given[start:stop].take(within, out=wanted[start:stop], mode="clip")
            else:
                given.take(order[start:stop].take(within), out=wanted[start:stop], mode="clip")

    with ThreadPoolExecutor(THREADS) as pool:
        for block in [pool.submit(sort_block, start, stop) for start, stop in pairwise(bounds)]:
            block.result()


def _block_order(sources: NDArray[np.int32], targets: NDArray[np.int32], target_bits: int) -> NDArray[np.intp]:
    position_bits = _bits(len(sources))
    if _bits(int(sources[-1]) - int(sources[0])) + target_bits + position_bits > _WORD:
        fallback: NDArray[np.intp] = np.lexsort((targets, sources))
        return fallback
    words = _packed(sources - sources[0], targets, target_bits, position_bits)
    words.sort()
    words &= _mask(position_bits)
    return words.view(np.intp)


def _sort_parallel(
    edge_index: NDArray[np.int32], given: Mapping[str, NDArray[Any]], columns: dict[str, NDArray[Any]]
) -> None:
    """Put relationships between the same two nodes in the order of their properties; `given` stays as it is."""
    same = (edge_index[0, 1:] == edge_index[0, :-1]) & (edge_index[1, 1:] == edge_index[1, :-1])
    if not columns or not same.any():
        return
    member = np.zeros(edge_index.shape[1], dtype=bool)
    member[1:] |= same
    member[:-1] |= same
    picked = np.flatnonzero(member)
    keys = [_sortable(values[picked]) for values in columns.values()]
    order: NDArray[np.intp] = picked[np.lexsort((*reversed(keys), edge_index[1, picked], edge_index[0, picked]))]
    for name, values in columns.items():
        columns[name] = values.copy() if values is given[name] else values
        columns[name][picked] = values[order]


def _sortable(values: NDArray[Any]) -> NDArray[Any]:
    """Map floats to integers of the same order; unlike the floats, these tell -0.0 from 0.0 and order NaN."""
    bits: NDArray[Any] = values.view(np.int32 if values.dtype == np.float32 else np.int64)
    return np.where(bits < 0, bits ^ np.iinfo(bits.dtype).max, bits)
