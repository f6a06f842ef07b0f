"""Node keys of a training, stored as arrays and found again in a later projection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def matching_rows(trained: NDArray[np.generic], given: NDArray[np.generic]) -> NDArray[np.int64] | None:
    """Find each of `given` among the keys of a training; None where they are the very same, in the same order.

    Returns:
        int64 [given]: places in `trained`, -1 for keys that it does not have (all, when the key's type changed).
    """
    if len(trained) == len(given) and trained.dtype.kind == given.dtype.kind and bool(np.all(trained == given)):
        return None
    rows = np.full(len(given), -1, dtype=np.int64)
    if len(trained) and trained.dtype.kind == given.dtype.kind:
        order = np.argsort(trained, kind="stable")
        places = order[np.searchsorted(trained, given, sorter=order).clip(max=len(trained) - 1)]
        rows = np.where(trained[places] == given, places, -1)
    return rows


def packed(name: str, keys: NDArray[np.generic]) -> dict[str, NDArray[Any]]:
    """Store keys as arrays of numbers, strings as UTF-8 bytes with the ends of each."""
    if keys.dtype.kind in "iu":
        return {name: keys.astype(np.int64)}
    words = [str(key).encode() for key in keys]
    return {
        f"{name}.bytes": np.frombuffer(b"".join(words), dtype=np.uint8),
        f"{name}.ends": np.cumsum([len(word) for word in words], dtype=np.int64),
    }


def unpacked(name: str, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.generic]:
    """Make the keys again of what `packed` returned: int64 [N] or str [N]."""
    if name in arrays:
        return arrays[name]
    data, ends = arrays[f"{name}.bytes"].tobytes(), arrays[f"{name}.ends"].tolist()
    return np.array([data[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)], dtype=np.str_)
