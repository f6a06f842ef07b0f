"""Hashes of node keys that are the same on every machine and do not change as data grow.

The mixing steps are those of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) and,
for characters, FNV-1a over code points.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FNV_OFFSET = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)


def hash_keys(keys: NDArray[Any]) -> NDArray[np.uint64]:
    """Hash integer or string keys: [N] → uint64 [N]. The width of a string array does not matter."""
    if keys.dtype.kind != "U":
        return _mix(keys.astype(np.int64).view(np.uint64))
    hashes = np.full(len(keys), _FNV_OFFSET, dtype=np.uint64)
    characters = np.ascontiguousarray(keys).view(np.uint32).reshape(len(keys), keys.dtype.itemsize // 4)
    ends = np.char.str_len(keys)
    for index in range(characters.shape[1]):
        longer = (hashes ^ characters[:, index]) * _FNV_PRIME
        hashes = np.where(index < ends, longer, hashes)
    return _mix(hashes)


def hash_pairs(
    sources: NDArray[np.uint64], targets: NDArray[np.uint64], *, seed: int, symmetric: bool
) -> NDArray[np.uint64]:
    """Hash pairs of hashed keys: uint64 [E], uint64 [E] → uint64 [E].

    Args:
        sources: hashes of the source nodes' keys.
        targets: hashes of the target nodes' keys.
        seed: any integer; its lowest 64 bits count.
        symmetric: (a, b) and (b, a) get the same hash.
    """
    if symmetric:
        sources, targets = np.minimum(sources, targets), np.maximum(sources, targets)
    start = _mix(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64))
    return _mix(_mix(sources ^ start) + targets)


def _mix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    words = words + _GOLDEN
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
