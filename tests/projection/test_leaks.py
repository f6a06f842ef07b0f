"""bridge/projection/leaks.py: held-out relationships that are there under another type too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bridge.core.projection import EdgeType, Projection, RelationshipTable, Target
from bridge.projection.leaks import Overlap, overlaps
from tests import boards
from tests.boards import SHELF, TARGET, two_camps

MIRROR = ("Book", "RATED_BY", "Reader")


def with_type(edge_type: EdgeType, table: RelationshipTable) -> Projection:
    projection = two_camps().projection
    return replace(projection, relationships={**projection.relationships, edge_type: table})


def rated(part: slice = slice(None)) -> np.ndarray:
    return two_camps().projection.relationships[TARGET.edge_type].edge_index[:, part]


@pytest.mark.parametrize(("edge_type", "rows"), [(MIRROR, (1, 0)), (("Reader", "READ", "Book"), (0, 1))])
def test_a_second_projection_of_the_target_repeats_all_of_it(edge_type: EdgeType, rows: tuple[int, int]) -> None:
    """In reverse or not, whichever relationships are held out."""
    first, second = rated()
    ends = (first, second)
    projection = with_type(edge_type, boards.links(ends[rows[0]], ends[rows[1]]))
    (found,) = overlaps(projection, TARGET, ~two_camps().train, [edge_type, SHELF])
    assert (found.edge_type, found.found, found.of, found.share) == (edge_type, 30, 30, 1.0)
    assert found.more_than_chance


def test_what_is_held_out_and_not_repeated_is_not_counted() -> None:
    """A second type that has the training relationships alone."""
    train = two_camps().train
    projection = with_type(MIRROR, boards.links(*rated()[::-1][:, train]))
    (found,) = overlaps(projection, TARGET, ~train, [MIRROR])
    assert (found.found, found.of, found.more_than_chance) == (0, 30, False)


def test_links_made_at_random_are_what_chance_gives() -> None:
    """As many as there are ratings, popular books more often."""
    rng = np.random.default_rng(2)
    books = rng.choice(48, 600, p=np.arange(1, 49) / np.arange(1, 49).sum())
    projection = with_type(MIRROR, boards.links(books, rng.integers(0, 30, 600)))
    everything = np.ones(len(two_camps().train), dtype=bool)
    (found,) = overlaps(projection, TARGET, everything, [MIRROR])
    assert found.found == pytest.approx(found.chance, rel=0.15)
    assert not found.more_than_chance


def test_a_quarter_repeated_is_more_than_chance() -> None:
    rng = np.random.default_rng(3)
    some = rated(slice(None, None, 4))
    books, readers = rng.integers(0, 48, 40), rng.integers(0, 30, 40)
    links = boards.links(np.concatenate([some[1], books]), np.concatenate([some[0], readers]))
    (found,) = overlaps(with_type(MIRROR, links), TARGET, np.ones(len(two_camps().train), dtype=bool), [MIRROR])
    assert 0.2 < found.share < 0.35
    assert found.more_than_chance


def test_within_one_label_either_direction_counts() -> None:
    target = Target("Reader", "FOLLOWS", "Reader")
    again = ("Reader", "FOLLOWED_BY", "Reader")
    one, other = np.array([0, 1, 2, 3]), np.array([4, 5, 6, 7])
    projection = Projection(
        {"Reader": boards.nodes("Reader", np.arange(8))},
        {target.edge_type: boards.links(one, other), again: boards.links(other[:3], one[:3])},
        "",
    )
    (found,) = overlaps(projection, target, np.array([True, False, True, True]), [again])
    assert (found.found, found.of) == (2, 3)


def test_one_hit_alone_is_no_evidence() -> None:
    assert not Overlap(MIRROR, found=1, of=1000, chance=0.01).more_than_chance
