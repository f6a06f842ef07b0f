"""Splits hold out what they say, and the same again tomorrow."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.errors import BridgeError, FailedPreconditionError, InvalidArgumentError
from bridge.core.projection import TEST, TRAIN, VALIDATION, Projection, Target
from bridge.projection.columns import canonical
from bridge.projection.splits import held_out_counts, hold_out, part_sizes
from tests.projection.graphs import RATED, nodes, ratings, raw, relationships

Row = tuple[Any, Any, float, float]


def board(users: list[Any], movies: list[Any]) -> list[Row]:
    return [(user, movie, 3.0, float(10 * m + u)) for u, user in enumerate(users) for m, movie in enumerate(movies)]


def parts_by_pair(projection: Projection, target: Target = RATED, **options: Any) -> dict[tuple[Any, Any], list[int]]:
    parts = hold_out(projection, target, **options)
    rows, columns = projection.relationships[target.edge_type].edge_index
    sources = projection.nodes[target.source_label].keys[rows].tolist()
    targets = projection.nodes[target.target_label].keys[columns].tolist()
    found: dict[tuple[Any, Any], list[int]] = {}
    for source, end, part in zip(sources, targets, parts.tolist(), strict=True):
        found.setdefault((source, end), []).append(part)
    return found


@pytest.mark.parametrize("text", [False, True])
def test_random_membership_is_stable_as_data_grow(text: bool) -> None:
    """New users, movies, longer keys and other rows move no pair to another part."""
    users, movies = list(range(0, 60, 2)), list(range(100, 140))
    more_users, more_movies = list(range(61)), list(range(90, 150))
    if text:
        users, movies, more_users, more_movies = (
            [f"key {key}" for key in keys] for keys in (users, movies, [*more_users, 10**9], more_movies)
        )
    before = parts_by_pair(ratings(board(users, movies)), split_seed=7)
    after = parts_by_pair(ratings(board(more_users, more_movies)), split_seed=7)
    assert before == {pair: after[pair] for pair in before}


def test_random_parts_have_the_sizes_asked_for() -> None:
    """Within the noise of a hash; another seed makes other parts."""
    projection = ratings(board(list(range(100)), list(range(100))))
    parts = hold_out(projection, RATED, validation_fraction=0.1, test_fraction=0.3)
    shares = [size / 10_000 for size in part_sizes(parts).values()]
    assert shares == pytest.approx([0.6, 0.1, 0.3], abs=0.02)
    other = hold_out(projection, RATED, validation_fraction=0.1, test_fraction=0.3, split_seed=1)
    assert 0.35 < (parts == other).mean() < 0.55  # .46 by chance


def test_random_keeps_parallel_relationships_together() -> None:
    """A pair in training is never a pair in test."""
    rows = board(list(range(20)), list(range(20)))
    again = [(user, movie, 1.0, time + 0.5) for user, movie, _, time in rows]
    found = parts_by_pair(ratings(rows + again))
    assert all(len(parts) == 2 and len(set(parts)) == 1 for parts in found.values())


@pytest.mark.parametrize("split", ["random", "temporal"])
def test_both_directions_of_an_undirected_relationship_are_in_the_same_part(split: Any) -> None:
    """Otherwise the mirror image of a held-out link would be a message."""
    rng = np.random.default_rng(0)
    pairs = sorted({(min(a, b), max(a, b)) for a, b in rng.integers(0, 30, (200, 2)).tolist() if a != b})
    links = pairs + [(b, a) for a, b in pairs]
    table = relationships("KNOWS", links, time=[float(a * b) for a, b in links])
    projection = canonical(replace(raw([nodes("P", range(30))], [table]), undirected=frozenset({"KNOWS"})))
    found = parts_by_pair(projection, Target("P", "KNOWS", "P", time_property="time"), split=split)
    assert all(found[a, b] == found[b, a] for a, b in found)
    assert {part for parts in found.values() for part in parts} == {TRAIN, VALIDATION, TEST}


@given(st.integers(1, 40), st.sampled_from([0.05, 0.1, 0.3]), st.sampled_from([0.05, 0.1, 0.45]))
def test_temporal_holds_out_each_sources_last(count: int, validation: float, test: float) -> None:
    """Every test relationship is later than every validation one, and those later than every training one."""
    rng = np.random.default_rng(count)
    times = rng.permutation(count).astype(float)
    rows = [("u", movie, 3.0, time) for movie, time in enumerate(times)] + [("v", m, 3.0, float(m)) for m in range(9)]
    found = parts_by_pair(
        ratings(rows), split="temporal", validation_fraction=validation, test_fraction=test, split_seed=count
    )
    by_time = [found["u", movie][0] for movie in np.argsort(times).tolist()]
    sizes = [round(fraction * count) or 1 for fraction in (test, validation)] if count > 2 else [count - 1, 0]
    assert by_time == [TRAIN] * (count - sum(sizes)) + [VALIDATION] * sizes[1] + [TEST] * sizes[0]


def test_every_source_keeps_a_training_relationship() -> None:
    """With one, none is held out; with two, one is test; with three, one each; halves round to even."""
    count = np.array([0, 1, 2, 3, 15, 25, 100])
    test, validation = held_out_counts(count, 0.1, 0.1)
    assert test.tolist() == [0, 0, 1, 1, 2, 2, 10]
    assert validation.tolist() == [0, 0, 0, 1, 2, 2, 10]


def test_temporal_breaks_ties_by_the_seeded_hash() -> None:
    """With equal times, the seed decides who is held out; the same seed decides the same."""
    rows = [(user, movie, 3.0, 5.0) for user in range(10) for movie in range(20)]
    found = [parts_by_pair(ratings(rows), split="temporal", split_seed=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


MOVIELENS = Path(__file__).parents[2] / "data" / "movielens"


def test_temporal_is_the_published_split_of_movielens() -> None:
    """Where no two times are equal, ours and the committed protocol's membership agree for all 100,836 ratings."""
    with (MOVIELENS / "ratings.csv").open() as file:
        rows = [
            (int(r["userId"]), int(r["movieId"]), float(r["rating"]), float(r["timestamp"]))
            for r in csv.DictReader(file)
        ]
    with gzip.open(MOVIELENS / "splits.csv.gz", "rt") as file:
        published = {(int(r["userId"]), int(r["movieId"])): int(r["temporal0"]) for r in csv.DictReader(file)}
    found = parts_by_pair(ratings(rows), split="temporal")
    times = [(user, time) for user, _, _, time in rows]
    values, counts = np.unique(np.array(times), axis=0, return_counts=True)
    tied = {tuple(value) for value in values[counts > 1].tolist()}
    wrong = [(u, m) for u, m, _, time in rows if (u, time) not in tied and found[u, m] != [published[u, m]]]
    assert len(published) == len(rows) == 100_836
    assert wrong == []
    assert sum(parts == [TEST] for parts in found.values()) == sum(part == TEST for part in published.values())


def test_a_split_property_decides() -> None:
    """0 trains, 1 validates, 2 tests, whatever the other arguments say."""
    rows = board([1, 2], [1, 2, 3])
    found = parts_by_pair(ratings(rows, part=[0, 1, 2, 2, 0, 1]), split_property="part", validation_fraction=0.99)
    assert found == {(1, 1): [0], (1, 2): [1], (1, 3): [2], (2, 1): [2], (2, 2): [0], (2, 3): [1]}


BOARD = board([1, 2], [1, 2, 3])
NAN = float("nan")


@pytest.mark.parametrize(
    ("projection", "options", "error", "message"),
    [
        (ratings(BOARD, part=[0, 1, 2, 3, 0.5, 0]), {"split_property": "part"}, FailedPreconditionError,
         r"`part` is none of 0 \(train\), 1 \(validation\), 2 \(test\) for 2 of 6 .* for instance 3.0"),
        (ratings(BOARD, part=[0, 1, 2, NAN, 0, 0]), {"split_property": "part"}, FailedPreconditionError,
         r"for 1 of 6 .* for instance nan"),
        (ratings(BOARD, part=[0, 0, 2, 2, 0, 0]), {"split_property": "part"}, FailedPreconditionError,
         r"nothing for validation: .* 4 for training, 0 for validation, 2 for test\. Give each part some .* in "
         r"`part`, or leave `splitProperty` out\.$"),
        (ratings(BOARD, part=[0] * 6), {"split_property": "pat"}, FailedPreconditionError,
         r"no property `pat` in the projection. Did you mean `part`\? .*`part`, `rating`, `time`"),
        (ratings(BOARD), {"validation_fraction": 0.5, "test_fraction": 0.5}, InvalidArgumentError,
         r"`validationFraction` 0.5 and `testFraction` 0.5 leave nothing"),
        (ratings(BOARD), {"validation_fraction": 1e-9, "test_fraction": 1e-9}, FailedPreconditionError,
         r"nothing for validation and test: .*`validationFraction` and `testFraction`, or give a `splitProperty`"),
        (ratings([("u", 1, 3, 1), ("v", 1, 3, NAN)]), {"split": "temporal"}, FailedPreconditionError,
         r"`time` is null, NaN or infinite for 1 of 2"),
        (ratings([("u", 1, 3, 1), ("v", 1, 3, 1)]), {"split": "temporal"}, FailedPreconditionError,
         r"nothing for validation and test: of 2 .* there are 2 for training"),
        (ratings([("u", 1, 3, 1), ("u", 2, 3, 1)]), {}, FailedPreconditionError,
         r"All 2 relationships \(User\)-\[RATED\]->\(Movie\) start at one `User` node"),
    ],
)  # fmt: skip
def test_a_split_that_cannot_be_made_is_refused(
    projection: Projection, options: dict, error: type[BridgeError], message: str
) -> None:
    """The error says what came and what to do next."""
    with pytest.raises(error, match=message):
        hold_out(projection, RATED, **options)


def test_a_target_that_is_not_there_is_refused() -> None:
    """The error lists what the projection has: often the direction is wrong."""
    with pytest.raises(
        FailedPreconditionError, match=r"\(Movie\)-\[RATED\]->\(User\); it has \(User\)-\[RATED\]->\(Movie\)"
    ):
        hold_out(ratings(BOARD), Target("Movie", "RATED", "User"))


def test_temporal_without_a_time_property_is_refused() -> None:
    """The error names the key to set."""
    with pytest.raises(InvalidArgumentError, match="needs `timeProperty`"):
        hold_out(ratings(BOARD), replace(RATED, time_property=None), split="temporal")
