"""The narrowest number type that keeps every value, so that equal data are equal bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SAMPLE = 4096
"""Values tried first: a column that needs 64 bits shows it almost always here."""


def narrowest(values: NDArray[Any]) -> NDArray[Any]:
    """Return `values` as int32, else int64 (integers, truth values), or as float32, else float64 (floats).

    No value changes; every NaN gets the same bits. The array itself is returned when nothing is to be done.
    """
    if values.dtype.kind in "iub":
        return _narrowest_integers(values)
    return _narrowest_floats(values)


def _narrowest_integers(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.itemsize < 4 or values.dtype == np.int32:
        return values.astype(np.int32, copy=False)
    bounds = np.iinfo(np.int32)
    fits = values.size == 0 or (values.min() >= bounds.min and values.max() <= bounds.max)
    return values.astype(np.int32 if fits else np.int64, copy=False)


def _narrowest_floats(values: NDArray[Any]) -> NDArray[Any]:
    values = values.astype(np.float32 if values.dtype.itemsize < 8 else np.float64, copy=False)
    # The minimum of anything with a NaN is NaN: one pass without a temporary.
    if values.size and np.isnan(values.min()):
        values = np.where(np.isnan(values), values.dtype.type(np.nan), values)
    if values.dtype == np.float32 or not _survives(values.reshape(-1)[:_SAMPLE]):
        return values
    narrow = _as_float32(values)
    return narrow if _same(narrow, values) else values


def _survives(values: NDArray[Any]) -> bool:
    return _same(_as_float32(values), values)


def _as_float32(values: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore", under="ignore"):
        return values.astype(np.float32)


def _same(narrow: NDArray[Any], values: NDArray[Any]) -> bool:
    equal = narrow == values
    return bool(equal.all()) or bool((equal | np.isnan(values)).all())
