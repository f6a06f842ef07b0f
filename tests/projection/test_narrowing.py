"""Numbers get the narrowest type that keeps them, and no other value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import DTypeLike

from bridge.projection import narrowing
from bridge.projection.narrowing import narrowest


@given(arrays.arrays(st.sampled_from([np.float32, np.float64]), st.integers(0, 8)))
def test_no_float_changes(values: np.ndarray) -> None:
    """Narrow or not, every value survives, NaN included."""
    np.testing.assert_array_equal(narrowest(values).astype(np.float64), values.astype(np.float64))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=8))
def test_no_integer_changes(values: list[int]) -> None:
    """Narrow or not, every value survives."""
    assert narrowest(np.array(values, dtype=np.int64)).tolist() == values


@pytest.mark.parametrize(
    ("values", "given_as", "expected"),
    [
        ([0.5, 4.0], np.float64, np.float32),
        ([0.1], np.float64, np.float64),
        ([0.1], np.float32, np.float32),
        ([1e300], np.float64, np.float64),
        ([np.nan, np.inf, 0.5], np.float64, np.float32),
        ([np.nan, 0.1], np.float64, np.float64),
        ([[0.5, 1], [2, 3]], np.float64, np.float32),
        ([0.5], np.float16, np.float32),
        ([], np.float64, np.float32),
        ([1, -(2**31)], np.int64, np.int32),
        ([2**31], np.int64, np.int64),
        ([-1], np.int8, np.int32),
        ([True, False], np.bool_, np.int32),
        ([2**32 - 1], np.uint32, np.int64),
        ([], np.int64, np.int32),
    ],
)
def test_the_type_depends_on_the_values_alone(values: list, given_as: DTypeLike, expected: DTypeLike) -> None:
    """float32 or float64, int32 or int64, whatever they came as."""
    assert narrowest(np.array(values, dtype=given_as)).dtype == expected


def test_a_value_after_the_sample_counts_too() -> None:
    """The first values decide only against narrowing, never for it."""
    values = np.zeros(narrowing._SAMPLE + 1)
    values[-1] = 0.1
    assert narrowest(values).dtype == np.float64


def test_all_nans_have_the_same_bits() -> None:
    """A NaN's payload is no data."""
    odd = np.array([0x7FF8000000000123], dtype=np.uint64).view(np.float64)
    assert narrowest(np.append(odd, 0.1)).tobytes() == np.array([np.nan, 0.1]).tobytes()
