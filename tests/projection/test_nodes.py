"""Node tables are sorted by keys that identify their nodes, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bridge.core.columns import MISSING, PRESENT, Column, object_column
from bridge.core.errors import FailedPreconditionError
from bridge.projection import nodes as module
from bridge.projection.nodes import node_table
from tests.projection.graphs import nodes

TABLE = nodes("User", [3, 5, 8])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            object_column(["a", None, "b"]),
            r"`userId` of `User` is null for 1 of 3 nodes.*node with id 1005.*`nodeKeys`",
        ),
        (
            Column(np.array([1, 2, 3]), np.array([PRESENT, MISSING, MISSING], dtype=np.uint8)),
            r"null for 2 of 3 nodes.*node with id 1005",
        ),
        (object_column(["a", "b", "a"]), r"not unique: 2 of 3 nodes.*`a` is that of .* 1003 and 1008.*`nodeKeys`"),
        (Column(np.array([4, 4, 4])), r"not unique: 3 of 3 nodes.*`4` is that of the nodes with ids 1003 and 1005"),
        (object_column(["a", 1, "b"]), r"values of type Integer, String, but.*all be integers or all be strings"),
        (object_column([1.5, 2.5, 3.5]), r"values of type Float"),
        (object_column([True, False, True]), r"values of type Boolean"),
        (Column(np.array([1.0, 2.0, 3.0])), r"values of type Float"),
        (object_column(["a", "b\0", "c"]), r"ends with a NUL character"),
    ],
)
def test_keys_that_do_not_identify_are_refused(keys: Column, message: str) -> None:
    """The error says how many nodes, gives an example and names `nodeKeys`."""
    with pytest.raises(FailedPreconditionError, match=message):
        node_table(TABLE, keys, "userId")


def test_keys_too_long_for_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One enormous string must not make an enormous array."""
    monkeypatch.setattr(module, "MAX_KEY_BYTES", 100)
    with pytest.raises(FailedPreconditionError, match="keys of up to 9 characters; 3 of that length take 108 bytes"):
        node_table(TABLE, object_column(["a", "b" * 9, "c"]), "userId")


@pytest.mark.parametrize(
    ("keys", "expected", "ids"),
    [
        (object_column(["b", "ä", "a"]), ["a", "b", "ä"], [8, 3, 5]),
        (object_column([10, 9, 2**40]), [9, 10, 2**40], [5, 3, 8]),
        (Column(np.array([3, 2, 1], dtype=np.int32)), [1, 2, 3], [8, 5, 3]),
        (None, [1003, 1005, 1008], [3, 5, 8]),
    ],
)
def test_nodes_are_sorted_by_key(keys: Column | None, expected: list[Any], ids: list[int]) -> None:
    """Integers by value, strings by code point; without keys, Neo4j's ids identify."""
    table = node_table(TABLE, keys, "userId")
    assert table.keys.tolist() == expected
    assert table.ids.tolist() == ids
    assert table.key_property == ("" if keys is None else "userId")


def test_properties_follow_their_nodes() -> None:
    """Scalars and vectors move with the keys; what is missing is 0 and marked."""
    present = np.array([PRESENT, PRESENT, MISSING], dtype=np.uint8)
    vectors = Column(np.array([[1.0, 2], [3, 4], [9, 9]]), present)
    table = node_table(nodes("User", [3, 5, 8], v=vectors, n=Column(np.array([1, 2, 3]))), object_column("cba"), "k")
    assert table.properties["v"].tolist() == [[0, 0], [3, 4], [1, 2]]
    assert table.properties["n"].tolist() == [3, 2, 1]
    assert table.missing["v"].tolist() == [True, False, False]
    assert list(table.missing) == ["v"]


def test_vectors_of_several_lengths_are_refused() -> None:
    """Such a column cannot be an array; the error names it."""
    with pytest.raises(FailedPreconditionError, match="property `v` of `User` are not all numbers or vectors of one"):
        node_table(nodes("User", [0, 1], v=object_column([[1.0], [1.0, 2.0]])), None, "")
