"""The compiled loops that cut walks into what learns together: places, tiles of neighbours, and rounds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bridge.models.compiled import compiled
from bridge.models.walk_kernels import HALF, LOW, STEP, UNIT, mixed


class Places(NamedTuple):
    """The places of some walks that take part, in tiles of neighbours, groups of tiles, and rounds of groups."""

    nodes: NDArray[np.int32]
    """int32 [places]."""
    spots: NDArray[np.int64]
    """int64 [places]; where each is, walks being farther apart than any window reaches."""
    reach: NDArray[np.int32]
    """int32 [places]; how far each looks."""
    bounds: NDArray[np.int64]
    """int64 [tiles, 4]; first and last of the places, first and last of those in reach, each last one exclusive."""
    together: int
    """Tiles of a group, which share their noise."""
    offsets: NDArray[np.int64]
    """int64 [groups + 1]; rows of the table that the groups before each take a gradient for."""
    rounds: NDArray[np.int64]
    """int64 [rounds + 1]; first group of each, and the one after the last."""


@compiled
def visits(walks: Any, counts: Any) -> None:
    """Add to `counts`, int64 [N], how often each node occurs in the walks that have a pair."""
    for walk in range(walks.shape[0]):
        if walks[walk, 1] >= 0:
            for place in range(walks.shape[1]):
                if walks[walk, place] < 0:
                    break
                counts[walks[walk, place]] += 1


@compiled
def places(walks: Any, keep: Any, window: Any, seed: Any, first: Any, nodes: Any, spots: Any, reach: Any) -> Any:
    """Draw which places of the walks take part and how far each looks, from a stream per walk; return their number.

    Of each in turn, `nodes` int32 gets the node, `reach` int32 gets 1 to `window`, and `spots` int64 where it is, with
    walks so far apart that no window reaches another.
    """
    count = 0
    for walk in range(walks.shape[0]):
        s = mixed(seed + mixed(np.uint64(first + walk)))
        for place in range(walks.shape[1]):
            node = walks[walk, place]
            if node < 0:
                break
            s += STEP
            bits = mixed(s)
            if np.float64(bits & LOW) * UNIT < keep[node]:
                nodes[count] = node
                spots[count] = walk * (walks.shape[1] + window) + place
                reach[count] = 1 + np.int64(((bits >> HALF) * np.uint64(window)) >> HALF)
                count += 1
    return count


@compiled
def tiles(spots: Any, window: Any, most: Any, bounds: Any) -> Any:
    """Cut places into tiles of at most `most`, not within a walk that fits into one; return their number.

    `bounds` int64 [tiles, 4] gets, of each tile, its first place and the one after its last, and the same of the places
    that a window of its places may reach.
    """
    count, begin = 0, 0
    while begin < len(spots):
        end, edge = begin, begin  # edge: the end of the last whole walk
        while end < len(spots) and end - begin < most:
            end += 1
            if end == len(spots) or spots[end] - spots[end - 1] > window:
                edge = end
        if edge > begin:
            end = edge
        low, high = begin, end
        while low > 0 and spots[low - 1] >= spots[begin] - window:
            low -= 1
        while high < len(spots) and spots[high] <= spots[end - 1] + window:
            high += 1
        bounds[count, 0], bounds[count, 1], bounds[count, 2], bounds[count, 3] = begin, end, low, high
        count += 1
        begin = end
    return count


@compiled
def rounds(ends: Any, offsets: Any, most_places: Any, most_rows: Any, firsts: Any) -> Any:
    """Cut groups where a round has enough places or rows, each round having a group at least; return their number.

    `ends` int64 [groups] is the place after the last of each group. `firsts` int64 [groups + 1] gets the first group of
    each round, and the one after the last.
    """
    count, group = 0, 0
    firsts[0] = 0
    while group < len(ends):
        begin = ends[group - 1] if group else 0
        first = group
        group += 1
        while (
            group < len(ends)
            and ends[group] - begin <= most_places
            and offsets[group + 1] - offsets[first] <= most_rows
        ):
            group += 1
        count += 1
        firsts[count] = group
    return count
