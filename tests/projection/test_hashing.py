"""Hashes of keys are fixed for all time and spread evenly."""

from __future__ import annotations

import numpy as np

from bridge.projection.hashing import hash_keys, hash_pairs


def test_hashes_never_change() -> None:
    """A changed hash would move every relationship of every user to another part: these values are recorded."""
    assert [hex(value) for value in hash_keys(np.array([0, 1, -1]))] == [
        "0xe220a8397b1dcdaf",
        "0x910a2dec89025cc1",
        "0xe4d971771b652c20",
    ]
    strings = hash_keys(np.array(["", "a", "ä€"]))
    pairs = hash_pairs(strings[:1], strings[1:2], seed=42, symmetric=False)
    assert [hex(value) for value in [*strings, *pairs]] == [
        "0xc3817c016ba4ff30",
        "0x5f29c2aadd9b8527",
        "0x87b6fa38c03d677a",
        "0xd96942fffad8fb03",
    ]


def test_the_width_of_a_string_array_does_not_matter() -> None:
    """A longer key in new data must not move the others; NUL inside a key is a character."""
    keys = ["a", "ab", "a\0b", ""]
    np.testing.assert_array_equal(hash_keys(np.array(keys)), hash_keys(np.array(keys, dtype="U50")))
    assert len(set(hash_keys(np.array(keys)).tolist())) == 4


def test_pairs_are_ordered_unless_symmetric() -> None:
    """(a, b) is (b, a) for undirected relationships alone."""
    one, other = hash_keys(np.arange(100)), hash_keys(np.arange(100)[::-1].copy())
    assert (hash_pairs(one, other, seed=1, symmetric=False) != hash_pairs(other, one, seed=1, symmetric=False)).all()
    assert (hash_pairs(one, other, seed=1, symmetric=True) == hash_pairs(other, one, seed=1, symmetric=True)).all()


def test_hashes_of_neighbouring_keys_are_spread_evenly() -> None:
    """Each tenth of the range gets a tenth of a grid of pairs, for any seed."""
    sources, targets = (hash_keys(values.ravel()) for values in np.mgrid[0:300, 0:300])
    for seed in (0, 1, -1, 2**70):
        counts = np.bincount((hash_pairs(sources, targets, seed=seed, symmetric=False) >> np.uint64(32)) * 10 >> 32)
        assert abs(counts - 9000).max() < 500
