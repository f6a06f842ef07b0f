"""bridge/rpc/convert.py: nothing is lost between the wire and Python."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from bridge.core.columns import Column, object_column
from bridge.core.errors import InvalidArgumentError
from bridge.rpc import convert
from bridge.v1 import value_pb2

MILLIS = st.datetimes(datetime(1600, 1, 1), datetime(2400, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | MILLIS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_comes_back_as_it_went(value: Any) -> None:
    """64-bit integers stay integers, maps and lists nest, a DATETIME keeps its milliseconds."""
    sent = value_pb2.Value.FromString(convert.to_value(value).SerializeToString())
    back = convert.from_value(sent)
    assert back == value
    assert type(back) is type(value)


def test_a_datetime_that_python_cannot_hold_is_refused_in_words() -> None:
    with pytest.raises(InvalidArgumentError, match="years 1 to 9999"):
        convert.from_value(value_pb2.Value(millis=2**62))


@given(
    st.sampled_from(["i4", "i8", "f4", "f8", "u1", "?"]).flatmap(
        lambda dtype: npst.arrays(
            dtype, npst.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=7).filter(lambda s: s[1:] != (0,))
        )
    ),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_a_column_comes_back_as_it_went_in_chunks_of_any_size(
    values: np.ndarray[Any, Any], data: st.DataObject
) -> None:
    """Every dtype of the wire, scalars and vectors, with and without missing values."""
    rows = len(values)
    present = data.draw(st.none() | npst.arrays(np.uint8, rows, elements=st.integers(0, 2)))
    size = data.draw(st.integers(1, max(1, rows)))
    parts = []
    for start in range(0, max(1, rows), size):
        cut = slice(start, start + size)
        part = Column(values[cut], None if present is None else present[cut])
        wire = value_pb2.Column.FromString(convert.to_column("c", part).SerializeToString())
        parts.append({"c": convert.from_column(wire, len(values[cut]))})
    back = convert.joined("t", parts).columns["c"]
    expected = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    np.testing.assert_array_equal(back.values, expected)
    if present is not None and rows:
        np.testing.assert_array_equal(back.present, present)


def test_chunks_of_several_number_types_are_promoted_without_loss() -> None:
    """Each chunk is as narrow as its values allow: the table gets the widest."""
    parts = [np.array([1], "<i4"), np.array([2**40], "<i8"), np.array([3], "<i4")]
    joined = convert.joined("t", [{"c": Column(part)} for part in parts]).columns["c"]
    assert joined.values.dtype == np.int64
    assert joined.values.tolist() == [1, 2**40, 3]
    floats = convert.joined("t", [{"c": Column(np.float32([0.5]))}, {"c": Column(np.float64([0.1]))}]).columns["c"]
    assert floats.values.tolist() == [0.5, 0.1]


def test_a_chunk_without_missing_values_counts_as_present() -> None:
    parts = [{"c": Column(np.float32([1]))}, {"c": Column(np.float32([0]), np.uint8([0]))}]
    assert convert.joined("t", parts).columns["c"].present.tolist() == [1, 0]


def test_strings_and_integers_of_one_property_keep_their_types() -> None:
    parts = [{"c": object_column(["a"])}, {"c": Column(np.array([7], "<i4"))}]
    assert convert.joined("t", parts).columns["c"].values.tolist() == ["a", 7]


def test_vectors_of_several_lengths_arrive_as_objects() -> None:
    """What to say of them is the projection's affair, which knows the property."""
    parts = [{"c": Column(np.zeros((2, 3), np.float32))}, {"c": Column(np.zeros((2, 2), np.float32))}]
    joined = convert.joined("t", parts).columns["c"]
    assert joined.values.dtype == object
    assert [len(row) for row in joined.values] == [3, 3, 2, 2]


def test_an_empty_chunk_decides_nothing_about_its_table() -> None:
    parts = [{"c": Column(np.zeros(0, "<f8"))}, {"c": Column(np.array([1, 2], "<i4"))}]
    assert convert.joined("t", parts).columns["c"].values.dtype == np.int32


@pytest.mark.parametrize(
    ("column", "rows"),
    [
        (value_pb2.Column(name="c", dtype="<i4", data=bytes(8)), 3),
        (value_pb2.Column(name="c", dtype="<i4", data=bytes(7)), 2),
        (value_pb2.Column(name="c", dtype="<f4", width=3, data=bytes(16)), 2),
        (value_pb2.Column(name="c", dtype="<f2", data=bytes(4)), 2),
        (value_pb2.Column(name="c", dtype="<i4", data=bytes(8), present=b"\1"), 2),
        (value_pb2.Column(name="c", dtype="utf8", data=b"\xff", offsets=np.array([0, 1], "<i4").tobytes()), 1),
    ],
    ids=["rows", "bytes", "width", "dtype", "presence", "utf8"],
)
def test_a_column_whose_bytes_do_not_add_up_is_refused_by_name(column: value_pb2.Column, rows: int) -> None:
    with pytest.raises(InvalidArgumentError, match="`c`") as raised:
        convert.from_column(column, rows)
    assert raised.value.reason == "BAD_COLUMN"


def test_strings_that_come_again_are_decoded_once() -> None:
    """Nobody may write into what others share; the same bytes cut elsewhere are other strings."""

    def read(*ends: int) -> Any:
        offsets = np.array([0, *ends], "<i4").tobytes()
        column = value_pb2.Column(name="c", dtype="utf8", data="né".encode(), offsets=offsets)
        return convert.from_column(column, len(ends)).values

    assert read(1, 3).tolist() == ["n", "é"]
    assert read(1, 3) is read(1, 3)
    assert read(0, 3).tolist() == ["", "né"]
    assert not read(1, 3).flags.writeable


def test_integers_travel_as_narrow_as_they_are() -> None:
    """Node ids are half of what `recommend` sends."""
    assert convert.to_column("c", Column(np.array([-(2**31), 2**31 - 1]))).dtype == "<i4"
    assert convert.to_column("c", Column(np.array([2**31]))).dtype == "<i8"


def test_a_dtype_that_the_wire_does_not_have_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="<f2"):
        convert.to_column("c", Column(np.zeros(2, np.float16)))


def test_chunks_are_about_a_mebibyte_and_the_last_one_says_so() -> None:
    rows = 300_000
    chunks = list(convert.to_chunks({"a": Column(np.arange(rows) + 2**40), "b": Column(np.zeros(rows))}))
    assert sum(chunk.rows for chunk in chunks) == rows
    assert all(chunk.ByteSize() < 1.2 * convert.CHUNK_BYTES for chunk in chunks)
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


def test_no_rows_are_one_empty_chunk() -> None:
    (chunk,) = convert.to_chunks({"a": Column(np.zeros(0))})
    assert (chunk.rows, chunk.last) == (0, True)


def test_rows_with_large_maps_are_spread_over_chunks() -> None:
    """A thousand models with their losses must not make one message beyond the limit."""
    chunks = list(convert.to_chunks({"modelInfo": object_column([{"losses": [0.5]}] * 5000)}))
    assert max(chunk.rows for chunk in chunks) * 30_000 < 64 * 2**20
