"""bridge/projection/content.py: what was added, removed and changed between two projections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from bridge.core.columns import Column
from bridge.core.projection import Projection
from bridge.projection.columns import canonical
from bridge.projection.content import (
    Difference,
    compare,
    content_hashes,
    identity_hashes,
    pair_hashes,
    seen_hashes,
)

from .graphs import nodes, ratings, raw, relationships

ROWS: list[tuple[Any, Any, float, float]] = [
    ("ann", 1, 4.0, 10.0), ("ann", 2, 3.5, 11.0), ("bob", 1, 1.0, 12.0), ("cem", 3, 5.0, 13.0),
]  # fmt: skip
SAME = Difference(4, 4, 0, 0, 0)


def difference(before: Projection, after: Projection) -> dict[Any, Difference]:
    return compare(content_hashes(before), content_hashes(after))


def test_the_same_data_do_not_differ_whatever_their_order() -> None:
    """Nor do they after the way through a file."""
    found = difference(ratings(ROWS), ratings(ROWS[::-1]))
    assert found == {
        ("node", "User"): Difference(3, 3, 0, 0, 0),
        ("node", "Movie"): Difference(3, 3, 0, 0, 0),
        ("relationship", "RATED"): SAME,
    }


def test_hashes_survive_a_file(tmp_path: Path) -> None:
    """Ascending, one word a node or relationship, under names that a label of any letters fits into."""
    hashes = content_hashes(ratings(ROWS))
    assert all((values[1:] >= values[:-1]).all() and values.dtype == np.uint64 for values in hashes.values())
    save_file(hashes, tmp_path / "content.safetensors")
    found = compare(load_file(tmp_path / "content.safetensors"), content_hashes(ratings(ROWS)))
    assert found["relationship", "RATED"] == SAME


@pytest.mark.parametrize(
    ("rows", "users", "movies", "rated"),
    [
        ([*ROWS, ("dan", 3, 2.0, 1.0)], Difference(3, 4, 1, 0, 0), Difference(3, 3, 0, 0, 0),
         Difference(4, 5, 1, 0, 0)),
        (ROWS[1:], Difference(3, 3, 0, 0, 0), Difference(3, 3, 0, 0, 0), Difference(4, 3, 0, 1, 0)),
        (ROWS[:3], Difference(3, 2, 0, 1, 0), Difference(3, 2, 0, 1, 0), Difference(4, 3, 0, 1, 0)),
        ([("ann", 1, 4.5, 10.0), *ROWS[1:]], Difference(3, 3, 0, 0, 0), Difference(3, 3, 0, 0, 0),
         Difference(4, 4, 0, 0, 1)),
        ([("ann", 3, 4.0, 10.0), *ROWS[1:]], Difference(3, 3, 0, 0, 0), Difference(3, 3, 0, 0, 0),
         Difference(4, 4, 1, 1, 0)),
        ([("ann", 1, 4.0, 99.0), ("bob", 2, 1.0, 1.0), *ROWS[1:3]], Difference(3, 2, 0, 1, 0),
         Difference(3, 2, 0, 1, 0), Difference(4, 4, 1, 1, 1)),
    ],
    ids=["added", "removed", "removed with its nodes", "changed", "moved", "all at once"],
)  # fmt: skip
def test_what_was_added_removed_and_changed_is_counted(
    rows: list[tuple[Any, Any, float, float]], users: Difference, movies: Difference, rated: Difference
) -> None:
    """By label and type; a moved relationship is one removed and one added, as GDS knows no other identity."""
    assert difference(ratings(ROWS), ratings(rows)) == {
        ("node", "User"): users, ("node", "Movie"): movies, ("relationship", "RATED"): rated,
    }  # fmt: skip


def test_relationships_between_the_same_two_nodes_are_counted_apart() -> None:
    """One of three gone, one of them with another value."""
    three = [("ann", 1, value, 1.0) for value in (1.0, 2.0, 2.0)]
    found = difference(ratings(three), ratings([("ann", 1, 2.0, 1.0), ("ann", 1, 7.0, 1.0)]))
    assert found["relationship", "RATED"] == Difference(3, 2, 0, 1, 1)


def test_direction_and_labels_are_part_of_a_relationship() -> None:
    """Equal keys of two labels are two nodes."""
    def follows(pair: tuple[int, int]) -> Projection:
        return canonical(raw([nodes("User", [0, 1])], [relationships("KNOWS", [pair])], {"User": [5, 6]}))

    assert difference(follows((0, 1)), follows((1, 0)))["relationship", "KNOWS"] == Difference(1, 1, 1, 1, 0)


def films(vectors: list[list[float]], present: list[int] | None = None, label: str = "Film") -> Projection:
    mask = None if present is None else np.array(present, np.uint8)
    table = nodes(label, range(len(vectors)), vector=Column(np.array(vectors, np.float32), mask))
    return canonical(raw([table], [], {label: [f"f{row}" for row in range(len(vectors))]}))


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (films([[1, 2], [3, 4]]), 0),
        (films([[1, 2], [3, 5]]), 1),
        (films([[2, 1], [3, 4]]), 1),
        (films([[1, 2, 0], [3, 4, 0]]), 2),
        (films([[1, 2], [3, 4]], [1, 0]), 1),
        (films([[3, 4], [1, 2]]), 2),
    ],
    ids=["same", "one element", "swapped elements", "longer", "missing", "swapped nodes"],
)
def test_a_node_whose_vector_is_another_one_has_changed(after: Projection, changed: int) -> None:
    assert difference(films([[1, 2], [3, 4]]), after) == {("node", "Film"): Difference(2, 2, 0, 0, changed)}


def test_a_missing_value_is_not_a_zero() -> None:
    """Features that nobody has yet are stored as 0 with a mask."""
    found = difference(films([[0, 0], [3, 4]]), films([[0, 0], [3, 4]], [0, 1]))
    assert found["node", "Film"].changed == 1


@pytest.mark.parametrize("convert", [np.float32, np.float64, np.int32, np.int64])
def test_the_width_of_a_column_does_not_matter(convert: Callable[[Any], Any]) -> None:
    """One rating that no float32 holds widens the whole column; the others are as they were."""
    before = ratings(ROWS)
    table = before.nodes["User"]

    def typed(values: Any) -> Projection:
        return replace(before, nodes={**before.nodes, "User": replace(table, properties={"age": values})})

    ages = np.array([20, -3, 0])
    assert difference(typed(ages.astype(np.float64)), typed(ages.astype(convert)))["node", "User"].changed == 0
    assert difference(typed(ages), typed((ages + 1).astype(convert)))["node", "User"].changed == 3


def test_two_properties_that_changed_places_are_a_change() -> None:
    before = ratings([("ann", 1, 4.0, 5.0)])
    assert difference(before, ratings([("ann", 1, 5.0, 4.0)]))["relationship", "RATED"].changed == 1


def test_a_label_that_is_new_or_gone_is_counted_whole() -> None:
    """A label of two words too."""
    found = difference(films([[1, 2]]), films([[1, 2]], label="Short film"))
    assert found == {("node", "Film"): Difference(1, 0, 0, 1, 0), ("node", "Short film"): Difference(0, 1, 1, 0, 0)}


def test_a_projection_without_nodes_has_no_differences() -> None:
    assert difference(films([]), films([])) == {("node", "Film"): Difference(0, 0, 0, 0, 0)}


def test_what_was_seen_is_all_that_was_not_held_out() -> None:
    """Of a pair with two relationships, one of which was held out, the other was seen; another type is another."""
    twice = [*ROWS, ("ann", 1, 2.0, 14.0)]
    projection = ratings(twice)
    users, movies = projection.relationships["User", "RATED", "Movie"].edge_index
    hashes = pair_hashes(projection, "User", "Movie", users, movies)
    pairs = list(zip(users.tolist(), movies.tolist(), strict=True))
    first, other = pairs.index((0, 0)), pairs.index((2, 2))
    held_out = identity_hashes({"RATED": hashes[[other, first]]})
    seen = seen_hashes(content_hashes(projection), held_out, "RATED")
    assert len(seen) == 3
    assert np.isin(hashes, seen).tolist() == [pair != (2, 2) for pair in pairs]
    assert len(seen_hashes(content_hashes(projection), held_out, "LIKED")) == 0
    assert len(seen_hashes(content_hashes(projection), {})) == 4
