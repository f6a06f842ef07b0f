"""The k best are the k best, on every machine in the same order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from bridge.evaluation import selection
from bridge.evaluation.selection import NO_TARGET, top_k

SCORES = st.sampled_from([-np.inf, -2.0, -0.0, 0.0, 0.5, 0.5000001, 3.0, np.inf, np.nan])


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(0, 5), st.integers(0, 7)), elements=SCORES.map(np.float32)),
    st.integers(1, 9),
    st.data(),
)
def test_the_list_is_that_of_a_full_sort(scores: np.ndarray, k: int, data: st.DataObject) -> None:
    """Best first, equal scores by row; excluded, NaN and -inf are no candidates; short lists are filled up."""
    scores = np.where(np.isposinf(scores), np.float32(9), scores)
    excluded = data.draw(arrays.arrays(np.bool_, scores.shape))
    targets, best = top_k(scores.copy(), k, sparse.csr_array(excluded))
    for row, (values, gone) in enumerate(zip(scores.tolist(), excluded.tolist(), strict=True)):
        candidates = [(-v, i) for i, (v, x) in enumerate(zip(values, gone, strict=True)) if v > -np.inf and not x]
        expected = sorted(candidates)[:k]
        short = k - len(expected)
        assert targets[row].tolist() == [i for _, i in expected] + [NO_TARGET] * short
        assert best[row].tolist() == [-v for v, _ in expected] + [-np.inf] * short


@pytest.mark.parametrize("elements", [1, 30, 1 << 20])
def test_the_size_of_the_pieces_does_not_matter(elements: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row at a time or all at once: the same lists."""
    monkeypatch.setattr(selection, "_ELEMENTS", elements)
    scores = np.random.default_rng(0).integers(0, 4, (11, 10)).astype(np.float32)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :4]
    assert top_k(scores, 4)[0].tolist() == expected.tolist()
