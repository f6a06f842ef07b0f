"""bridge/core/columns.py"""

from __future__ import annotations

from bridge.core.columns import object_column


def test_lists_of_one_length_stay_values_of_their_rows() -> None:
    """numpy would make them a second dimension."""
    column = object_column([["a", "b"], ["c", "d"]])
    assert column.values.shape == (2,)
    assert column.values.tolist() == [["a", "b"], ["c", "d"]]
