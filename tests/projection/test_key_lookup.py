"""bridge/projection/key_lookup.py: which row a key has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bridge.projection.key_lookup import find_rows


@pytest.mark.parametrize(
    ("keys", "wanted", "rows"),
    [
        ([3, 5, 2**40], [5, 2**40, 3, 4, 2**63, -1], [1, 2, 0, -1, -1, -1]),
        ([3, 5], ["3", 3.0, True, None, [3], 5], [-1, -1, -1, -1, -1, 1]),
        (["a", "ab", "b"], ["ab", "abc", "b", "", 1, "ab\0"], [1, -1, 2, -1, -1, -1]),
        ([], [1, "a"], [-1, -1]),
        ([7], [], []),
    ],
)
def test_each_key_gets_its_row_or_none(keys: list[Any], wanted: list[Any], rows: list[int]) -> None:
    """Neither a longer string nor a number that looks alike is taken for a key."""
    array = np.array(keys, dtype=np.int64) if not keys else np.array(keys)
    assert find_rows(array, wanted).tolist() == rows
