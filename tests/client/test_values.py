"""bridge/client/values.py: the client and the server read each other's values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.client import values
from bridge.core.errors import InvalidArgumentError
from bridge.rpc import convert

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3))


@settings(max_examples=50)
@given(VALUES)
def test_both_sides_mean_the_same_value(value: object) -> None:
    """What the one writes the other reads, integers as integers; in both directions."""
    assert repr(convert.from_value(values.to_value(value))) == repr(convert.from_value(convert.to_value(value)))
    assert values.from_value(convert.to_value(value)) == value
    assert values.to_value(value) == convert.to_value(value)


def test_a_moment_stays_one() -> None:
    """To the millisecond."""
    moment = datetime(2025, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
    assert values.from_value(convert.to_value(moment)) == moment


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, object(), {1, 2}, [b"bytes", 2**70]])
def test_what_cypher_has_no_word_for_is_refused(value: object) -> None:
    """Before anything is sent."""
    with pytest.raises(InvalidArgumentError, match="no value that Cypher knows"):
        values.to_value(value)
