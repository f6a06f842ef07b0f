"""A fingerprint is that of the values."""

from __future__ import annotations

import numpy as np

from bridge.core.projection import NodeTable
from bridge.projection.fingerprint import digest, fingerprint


def test_the_width_of_a_string_array_does_not_matter() -> None:
    """The same keys are the same, however long another selection's longest was."""
    assert digest(np.array(["a", "ü"], dtype="U1")) == digest(np.array(["a", "ü"], dtype="U40"))


def test_strings_do_not_run_into_each_other() -> None:
    """['ab', 'c'] is not ['a', 'bc']."""
    assert digest(np.array(["ab", "c"])) != digest(np.array(["a", "bc"]))


def test_the_layout_in_memory_does_not_matter() -> None:
    """A transposed view counts as its values."""
    values = np.arange(6).reshape(2, 3)
    assert digest(values.T) == digest(values.T.copy())


def test_internal_ids_do_not_count() -> None:
    """They belong to one projection; the content does not."""
    tables = [NodeTable("A", "", np.array([1, 2]), np.array(ids)) for ids in ([0, 1], [5, 3])]
    assert fingerprint({"A": tables[0]}, {}) == fingerprint({"A": tables[1]}, {})
