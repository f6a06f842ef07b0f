"""Finding nodes by their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def find_rows(keys: NDArray[Any], wanted: Sequence[object]) -> NDArray[np.int64]:
    """Find nodes in a table: keys int64 [N] or str [N], strictly ascending → int64 [wanted], -1 for a key of no node.

    A key of another type than those of the table is no node's.
    """
    rows = np.full(len(wanted), -1, dtype=np.int64)
    kind = str if keys.dtype.kind == "U" else int
    places = [place for place, key in enumerate(wanted) if type(key) is kind and _fits(key, keys)]
    if places and len(keys):
        asked = np.array([wanted[place] for place in places], dtype=keys.dtype)
        found = keys.searchsorted(asked).clip(max=len(keys) - 1)
        rows[places] = np.where(keys[found] == asked, found, -1)
    return rows


def _fits(key: object, keys: NDArray[Any]) -> bool:
    """Say whether a key survives the table's type: numpy cuts a longer string, and an integer that is too large ends
    in an error."""
    if isinstance(key, str):
        return len(key) <= keys.dtype.itemsize // 4 and not key.endswith("\0")
    bounds = np.iinfo(keys.dtype)
    return isinstance(key, int) and bounds.min <= key <= bounds.max
