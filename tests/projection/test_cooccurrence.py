"""bridge/projection/cooccurrence.py: as counted pair by pair, and as the published tutorial counts."""

from __future__ import annotations

import csv
import math
import tracemalloc
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.errors import FailedPreconditionError, ResourceExhaustedError
from bridge.core.learning import Interactions
from bridge.projection import cooccurrence as module
from bridge.projection.cooccurrence import Cooccurrence, cooccurrence
from bridge.projection.measures import MEASURES, Measure

Pairs = dict[tuple[int, int], tuple[int, float]]


def likes(rows: list[tuple[int, int]], values: list[float] | None = None) -> Interactions:
    ends = np.array(rows, dtype=np.int32).reshape(-1, 2)
    return Interactions(
        sources=ends[:, 0],
        targets=ends[:, 1],
        values=np.ones(len(ends)) if values is None else np.array(values, dtype=float),
        source_count=8,
        target_count=7,
    )


def pairs(found: Cooccurrence) -> Pairs:
    columns = (found.sources, found.targets, found.counts, found.weights)
    return {(s, t): (c, w) for s, t, c, w in zip(*(column.tolist() for column in columns), strict=True)}


@dataclass(frozen=True)
class BruteForce:
    """All pairs, source by source, in Python's own numbers."""

    rows: list[tuple[int, int]]

    @property
    def items(self) -> Counter[int]:
        return Counter(item for _, item in set(self.rows))

    @property
    def counts(self) -> Counter[tuple[int, int]]:
        by_source: dict[int, set[int]] = {}
        for source, item in self.rows:
            by_source.setdefault(source, set()).add(item)
        return Counter(pair for items in by_source.values() for pair in combinations(sorted(items), 2))

    def weigh(self, measure: Measure) -> Pairs:
        a = self.items
        total = sum(a.values())
        pmi = {(x, y): math.log(c * total / (a[x] * a[y])) for (x, y), c in self.counts.items()}
        weights = {
            "weightedPmi": {pair: c * pmi[pair] for pair, c in self.counts.items()},
            "pmi": pmi,
            "ppmi": {pair: max(0.0, weight) for pair, weight in pmi.items()},
            "count": {pair: float(c) for pair, c in self.counts.items()},
            "cosine": {(x, y): c / math.sqrt(a[x] * a[y]) for (x, y), c in self.counts.items()},
            "jaccard": {(x, y): c / (a[x] + a[y] - c) for (x, y), c in self.counts.items()},
        }[measure]
        return {pair: (c, weights[pair]) for pair, c in self.counts.items()}


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 6)), min_size=1, max_size=60),
    st.sampled_from(get_args(Measure)),
    st.integers(1, 60),
)
def test_every_measure_is_its_formula_whatever_the_blocks(
    rows: list[tuple[int, int]], measure: Measure, block: int
) -> None:
    """All pairs that some source likes both of, parallel likes counting once."""
    expected = BruteForce(rows).weigh(measure)
    if not expected:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_ELEMENTS", block)
        found = cooccurrence(likes(rows), measure=measure, min_weight=-1e9)
    assert list(pairs(found)) == sorted(expected), "each once, in order"
    for pair, (count, weight) in pairs(found).items():
        assert count == expected[pair][0]
        assert weight == pytest.approx(expected[pair][1], abs=1e-12)
    assert (found.pair_count, found.below_threshold, found.beyond_top_k) == (len(expected), 0, 0)
    assert found.like_count == len(set(rows))
    assert found.item_count == len({item for _, item in rows})
    assert found.source_count == len({source for source, _ in rows})


def test_every_measure_has_a_formula() -> None:
    """The names that a user can give are the names there are."""
    assert set(MEASURES) == set(get_args(Measure))


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 6)), min_size=20, max_size=60),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 60),
)
def test_cuts_are_those_of_brute_force_and_add_up(
    rows: list[tuple[int, int]], top_k: int, min_count: int, block: int
) -> None:
    """Thresholds first; then a pair stays if it is among the best of either end, ties to the lower row."""
    whole = BruteForce(rows).weigh("cosine")
    passing = {pair: value for pair, value in whole.items() if value[0] >= min_count}
    kept: set[tuple[int, int]] = set()
    for item in range(7):
        # Rounded: what Python and numpy compute alike may differ in the last bit, and ties are decided by it.
        own = sorted((-round(weight, 12), pair) for pair, (_, weight) in passing.items() if item in pair)
        own.sort(key=lambda each, item=item: (each[0], sum(each[1]) - item))
        kept |= {pair for _, pair in own[:top_k]}
    if not kept:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_ELEMENTS", block)
        found = cooccurrence(likes(rows), measure="cosine", min_count=min_count, top_k=top_k)
    assert list(pairs(found)) == sorted(kept)
    assert found.pair_count == len(whole)
    assert found.below_threshold == len(whole) - len(passing)
    assert found.beyond_top_k == len(passing) - len(kept)


def test_a_pair_stays_for_the_sake_of_one_end() -> None:
    """Item 0 is everybody's best, and has a better one itself."""
    rows = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 2)]
    assert list(pairs(cooccurrence(likes(rows), measure="count", top_k=1))) == [(0, 1), (0, 2)]


def test_of_equally_heavy_pairs_the_lower_row_stays() -> None:
    """The same whatever the order of the interactions."""
    rows = [(source, item) for source in (0, 1) for item in (0, 1, 2, 3)]
    for order in (rows, rows[::-1]):
        found = cooccurrence(likes(order), measure="count", top_k=1)
        assert list(pairs(found)) == [(0, 1), (0, 2), (0, 3)]


def test_without_a_least_weight_only_positive_weights_stay() -> None:
    """What occurs together no more often than by chance is no relationship; asked for, it is."""
    rows = [(0, 0), (0, 1), (1, 0), (2, 1), (3, 0), (4, 1), (5, 2), (5, 3)]
    assert list(pairs(cooccurrence(likes(rows), measure="pmi"))) == [(2, 3)]
    everything = cooccurrence(likes(rows), measure="pmi", min_weight=-1.0)
    assert pairs(everything)[0, 1][1] == pytest.approx(math.log(8 / 9))
    assert list(pairs(cooccurrence(likes(rows), measure="ppmi"))) == [(2, 3)]
    assert pairs(cooccurrence(likes(rows), measure="ppmi", min_weight=0.0))[0, 1][1] == 0.0


def test_bounds_are_part_of_what_stays() -> None:
    """A like at the threshold, a pair with the least count, a pair with the least weight."""
    rows = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 2)]
    values = [4.0, 4.0, 5.0, 4.0, 5.0, 3.5]
    found = cooccurrence(likes(rows, values), measure="count", liked_threshold=4.0, min_weight=2.0, min_count=2)
    assert pairs(found) == {(0, 1): (2, 2.0)}
    assert found.item_count == 2
    assert found.linked_items == 2


def test_the_movie_graph_of_the_published_tutorial() -> None:
    """MovieLens latest-small, ratings of 5, weights of at least 10: its counts of everything."""
    with (Path(__file__).parents[2] / "data" / "movielens" / "ratings.csv").open() as file:
        rows = [(int(row["userId"]), int(row["movieId"]), float(row["rating"])) for row in csv.DictReader(file)]
    users, movies = (np.unique([row[side] for row in rows], return_inverse=True) for side in (0, 1))
    ratings = Interactions(
        users[1].astype(np.int32), movies[1].astype(np.int32), np.array([row[2] for row in rows]),
        len(users[0]), len(movies[0]),
    )  # fmt: skip
    found = cooccurrence(ratings, liked_threshold=5.0, min_weight=10.0)
    assert (found.source_count, found.item_count, found.like_count) == (573, 2954, 13_211)
    assert (found.pair_count, len(found.sources), found.below_threshold) == (298_586, 40_043, 258_543)
    assert found.linked_items == 1405
    assert round(2 * len(found.sources) / found.linked_items) == 57
    assert found.weights.min() >= 10.0


def test_a_source_that_likes_everything_is_counted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks of a row if need be."""
    monkeypatch.setattr(module, "_BLOCK_ELEMENTS", 1)
    rows = [(0, item) for item in range(7)] + [(1, 0), (1, 1)]
    told: list[float] = []
    found = cooccurrence(likes(rows), measure="count", progress=lambda fraction, *_, **__: told.append(fraction))
    assert found.pair_count == len(found.sources) == 21
    assert told == [pytest.approx((item + 1) / 7) for item in range(7)]


def test_memory_does_not_grow_with_the_pairs_of_a_source_that_likes_everything(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a million pairs, of which 3,000 are kept, no more are held at once than a block has."""
    monkeypatch.setattr(module, "_BLOCK_ELEMENTS", 1 << 15)
    items = np.arange(1_500, dtype=np.int32)
    zeros = np.zeros(len(items), dtype=np.int32)
    busy = Interactions(sources=zeros, targets=items, values=zeros + 1.0, source_count=1, target_count=len(items))
    tracemalloc.start()
    found = cooccurrence(busy, measure="count", top_k=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.pair_count == 1_500 * 1_499 // 2
    assert len(found.sources) < 4_000
    assert peak < 8 * found.pair_count, "a pair takes 24 bytes and more"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"liked_threshold": 9.0}, r"None of the 4 target relationships is liked: `likedThreshold` is 9.0.* is 5\."),
        ({"liked_threshold": 5.0}, "No source likes two items"),
        ({"min_count": 2}, r"Of 2 pairs .* `weightedPmi` of more than 0 and a count of at least 2 \(`minCount`\)"),
        ({"min_weight": 99.5, "measure": "count"}, r"a `count` of at least 99.5 \(`minWeight`\)"),
    ],
)
def test_cuts_that_leave_nothing_are_refused_with_numbers(options: dict[str, Any], text: str) -> None:
    """The user learns what to lower."""
    rows, values = [(0, 0), (0, 1), (1, 2), (1, 3)], [5.0, 4.0, 4.0, 5.0]
    with pytest.raises(FailedPreconditionError, match=text):
        cooccurrence(likes(rows, values), **options)


def test_more_pairs_than_can_be_kept_are_refused_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `topK` brings them down."""
    monkeypatch.setattr(module, "MOST_PAIRS", 10)
    rows = [(0, item) for item in range(7)]
    with pytest.raises(ResourceExhaustedError, match="at most 10 can be kept"):
        cooccurrence(likes(rows), measure="count")
    assert len(cooccurrence(likes(rows), measure="count", top_k=1).sources) == 6
