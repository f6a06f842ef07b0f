"""How often two items are liked by the same source, weighed against how often each is liked at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bridge.core.errors import FailedPreconditionError, ResourceExhaustedError
from bridge.core.learning import Interactions
from bridge.core.progress import Progress, silent
from bridge.projection.measures import MEASURES, Floats, Measure, Weigh

MOST_PAIRS = 20_000_000
"""Pairs that are kept at most, 24 bytes each and as much again to join them; more are refused, never cut silently."""

_BLOCK_ELEMENTS = 1 << 21
"""Pairs looked at at once: about 200 MiB with all that is computed of them."""


@dataclass(frozen=True)
class Cooccurrence:
    """Pairs of items, ascending by source and then target."""

    sources: NDArray[np.int32]
    """int32 [P]; rows of the items' table, each less than its target: a pair is there once."""
    targets: NDArray[np.int32]
    """int32 [P]."""
    weights: Floats
    """float64 [P]; the measure."""
    counts: NDArray[np.int64]
    """int64 [P]; sources that like both."""
    source_count: int
    """Sources that like something."""
    item_count: int
    """Items that somebody likes."""
    like_count: int
    """Different (source, item) that are liked."""
    pair_count: int
    """Pairs that some source likes both of, before anything was cut."""
    below_threshold: int
    """Pairs cut because of too low a count or weight."""
    beyond_top_k: int
    """Pairs cut because they are among the best of neither end."""

    @property
    def linked_items(self) -> int:
        """Items that are in a pair."""
        return len(np.union1d(self.sources, self.targets))


def cooccurrence(
    interactions: Interactions,
    *,
    measure: Measure = "weightedPmi",
    liked_threshold: float | None = None,
    min_weight: float | None = None,
    min_count: int = 1,
    top_k: int | None = None,
    progress: Progress = silent,
) -> Cooccurrence:
    """Weigh all pairs of items that some source likes both of.

    Every source counts with all its likes: one that likes a great deal takes time, not memory.

    Args:
        interactions: parallel relationships count once.
        measure: what a pair weighs; `Measure` has the formulas.
        liked_threshold: a value of at least this is liked; None: every interaction is.
        min_weight: pairs that weigh less are cut; None: those that weigh 0 or less.
        min_count: pairs that fewer sources like both of are cut.
        top_k: of what is left, a pair is kept if it is among the `top_k` heaviest of either of its ends; of equally
            heavy ones the end with the lower row is taken. None: all.
        progress: told after each block of items.

    Raises:
        FailedPreconditionError: no interaction is liked, or no pair is left; with how many there were.
        ResourceExhaustedError: more than `MOST_PAIRS` pairs are left.
    """
    # Over 40 lines for what it takes and gives: the work is done by `_Counter`.
    liked = _liked(interactions, liked_threshold)
    cut = _Cut(MEASURES[measure], min_weight, min_count, top_k)
    counter = _Counter(liked, cut)
    kept = [block for block in counter.blocks(progress) if len(block.counts)]
    if not kept:
        raise _nothing_left(counter, measure, min_weight, min_count)
    pairs = _joined(kept)
    if top_k is not None:
        pairs = _once(pairs, liked.shape[1])
    return Cooccurrence(
        sources=pairs.rows,
        targets=pairs.columns,
        weights=pairs.weights,
        counts=pairs.counts,
        source_count=int(np.count_nonzero(np.diff(liked.indptr))),
        item_count=int(np.count_nonzero(counter.likes)),
        like_count=int(liked.nnz),
        pair_count=counter.pair_count,
        below_threshold=counter.pair_count - counter.passed,
        beyond_top_k=counter.passed - len(pairs.counts),
    )


def _liked(interactions: Interactions, threshold: float | None) -> sparse.csr_array:
    """Return who likes what: sparse int32 [sources, items] of ones."""
    mask = np.ones(len(interactions), dtype=bool) if threshold is None else interactions.values >= threshold
    if not mask.any():
        highest = f", the highest of which is {interactions.values.max():g}" if len(interactions) else ""
        raise FailedPreconditionError(
            f"None of the {len(interactions):,} target relationships is liked: `likedThreshold` is {threshold}, more "
            f"than all their values{highest}. Give a lower one.",
            reason="NOTHING_LIKED",
        )
    links = interactions.where(mask)
    ones = np.ones(len(links), dtype=np.int32)
    shape = (links.source_count, links.target_count)
    liked = sparse.csr_array((ones, (links.sources, links.targets)), shape=shape)
    liked.sum_duplicates()
    liked.data[:] = 1
    return liked


@dataclass(frozen=True)
class _Pairs:
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    counts: NDArray[np.int64]
    weights: Floats

    def where(self, mask: NDArray[np.bool_]) -> _Pairs:
        return _Pairs(self.rows[mask], self.columns[mask], self.counts[mask], self.weights[mask])


@dataclass(frozen=True)
class _Cut:
    weigh: Weigh
    min_weight: float | None
    min_count: int
    top_k: int | None

    def passes(self, pairs: _Pairs) -> NDArray[np.bool_]:
        """bool [n]; which are heavy and frequent enough."""
        heavy = pairs.weights > 0 if self.min_weight is None else pairs.weights >= self.min_weight
        passes: NDArray[np.bool_] = heavy & (pairs.counts >= self.min_count)
        return passes

    def best(self, pairs: _Pairs) -> _Pairs:
        """Keep the heaviest of each row; all rows of the pairs are complete."""
        if self.top_k is None:
            return pairs.where(pairs.columns > pairs.rows)
        near = pairs.where(pairs.weights >= _least_of_best(pairs, self.top_k))
        order = np.lexsort((near.columns, -near.weights, near.rows))
        rows = near.rows[order]
        place = np.arange(len(rows)) - np.searchsorted(rows, rows)
        best = np.zeros(len(rows), dtype=bool)
        best[order[place < self.top_k]] = True
        return near.where(best)


def _least_of_best(pairs: _Pairs, k: int) -> Floats:
    """float64 [n]; for each pair the k-th largest weight of its row, -inf where a row has fewer."""
    starts = np.flatnonzero(np.diff(pairs.rows, prepend=-1))
    lengths = np.diff(starts, append=len(pairs.rows))
    least = np.full(len(starts), -np.inf)
    for place in np.flatnonzero(lengths > k):
        weights = pairs.weights[starts[place] : starts[place] + lengths[place]]
        least[place] = np.partition(weights, -k)[-k]
    return np.repeat(least, lengths)


class _Counter:
    """One pass over all pairs, some items at a time."""

    def __init__(self, liked: sparse.csr_array, cut: _Cut) -> None:
        self._liked = liked
        self._by_item = sparse.csr_array(liked.T)
        self._cut = cut
        self.likes: NDArray[np.int64] = np.diff(self._by_item.indptr).astype(np.int64)
        """int64 [items]; sources that like each."""
        self.pair_count = 0
        self.passed = 0

    def blocks(self, progress: Progress) -> Iterator[_Pairs]:
        """Yield what is kept of each block."""
        kept = 0
        for start, end in self._parts():
            pairs = self._pairs(start, end)
            upper = pairs.columns > pairs.rows
            self.pair_count += int(upper.sum())
            passes = self._cut.passes(pairs)
            self.passed += int((upper & passes).sum())
            best = self._cut.best(pairs.where(passes))
            kept += len(best.counts)
            if kept > MOST_PAIRS * (1 if self._cut.top_k is None else 2):  # there a pair may come from both its ends
                raise _too_many(kept, end, self._liked.shape[1])
            yield best
            progress(end / self._liked.shape[1], f"{end:,} of {self._liked.shape[1]:,} items")

    def _parts(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of items whose pairs are at most _BLOCK_ELEMENTS, or of one item."""
        met = self._by_item @ np.diff(self._liked.indptr).astype(np.int64)  # likes of all that like the item
        most = np.cumsum(np.minimum(met, self._liked.shape[1]))
        start = 0
        while start < len(most):
            before = most[start - 1] if start else 0
            end = max(start + 1, int(np.searchsorted(most, before + _BLOCK_ELEMENTS, side="right")))
            yield start, end
            start = end

    def _pairs(self, start: int, end: int) -> _Pairs:
        met = (self._by_item[start:end] @ self._liked).tocsr()
        met.sort_indices()
        rows = np.repeat(np.arange(start, end, dtype=np.int32), np.diff(met.indptr))
        columns = met.indices.astype(np.int32, copy=False)
        other = rows != columns
        rows, columns, counts = rows[other], columns[other], met.data[other].astype(np.int64)
        one, two = self.likes[rows].astype(np.float64), self.likes[columns].astype(np.float64)
        return _Pairs(rows, columns, counts, self._cut.weigh(counts.astype(np.float64), one, two, self._liked.nnz))


def _joined(blocks: list[_Pairs]) -> _Pairs:
    return _Pairs(
        np.concatenate([pairs.rows for pairs in blocks], dtype=np.int32),
        np.concatenate([pairs.columns for pairs in blocks], dtype=np.int32),
        np.concatenate([pairs.counts for pairs in blocks]),
        np.concatenate([pairs.weights for pairs in blocks]),
    )


def _once(pairs: _Pairs, item_count: int) -> _Pairs:
    """Sort pairs that may be there from both their ends into each once, the lower end first."""
    rows, columns = np.minimum(pairs.rows, pairs.columns), np.maximum(pairs.rows, pairs.columns)
    _, first = np.unique(rows.astype(np.int64) * item_count + columns, return_index=True)
    return _Pairs(rows[first], columns[first], pairs.counts[first], pairs.weights[first])


def _nothing_left(
    counter: _Counter, measure: Measure, min_weight: float | None, min_count: int
) -> FailedPreconditionError:
    least = "more than 0" if min_weight is None else f"at least {min_weight:g} (`minWeight`)"
    if not counter.pair_count:
        why = "No source likes two items, so that no two occur together. Give a lower `likedThreshold`."
    else:
        why = (
            f"Of {counter.pair_count:,} pairs of items none has a `{measure}` of {least} and a count of at least "
            f"{min_count} (`minCount`). Lower `minWeight`, `minCount` or `likedThreshold`."
        )
    return FailedPreconditionError(why, reason="NOTHING_LEFT")


def _too_many(kept: int, items: int, item_count: int) -> ResourceExhaustedError:
    return ResourceExhaustedError(
        f"{kept:,} pairs are left after {items:,} of {item_count:,} items, and at most {MOST_PAIRS:,} can be kept. "
        "Set a `topK`, say 100, or a higher `minCount`, `minWeight` or `likedThreshold`.",
        reason="TOO_MANY_PAIRS",
    )
