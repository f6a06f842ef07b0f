"""Features are whole and finite, or the caller is told which are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bridge.core.columns import MISSING, PRESENT, Column
from bridge.core.errors import BridgeError, FailedPreconditionError, InvalidArgumentError
from bridge.core.projection import Projection
from bridge.projection.columns import canonical
from bridge.projection.features import check_target, complete
from tests.projection.graphs import RATED, nodes, ratings, raw

SOME = np.array([PRESENT, MISSING, PRESENT, MISSING], dtype=np.uint8)


def movies(**columns: Column) -> Projection:
    keys = {"Movie": [10, 20, 30, 40]}
    return canonical(raw([nodes("Movie", [0, 1, 2, 3], **columns)], [], keys))


YEARS = movies(year=Column(np.array([1990, 7, 1993, 7]), SOME))


@pytest.mark.parametrize(
    ("missing", "expected"), [("zero", [1990, 0, 1993, 0]), ("mean", [1990, 1991.5, 1993, 1991.5])]
)
def test_missing_values_are_filled_as_asked(missing: Any, expected: list[float]) -> None:
    """With 0 or with the mean of the others; the projection given is left as it was."""
    done = complete(YEARS, {"Movie": ("year",)}, missing)
    assert done.nodes["Movie"].properties["year"].tolist() == expected
    assert done.nodes["Movie"].missing == {}
    assert YEARS.nodes["Movie"].properties["year"].tolist() == [1990, 0, 1993, 0]
    assert YEARS.nodes["Movie"].missing.keys() == {"year"}
    assert done.fingerprint == YEARS.fingerprint


def test_a_vector_is_filled_by_dimension() -> None:
    """The mean of each dimension over the nodes that have the vector."""
    vectors = movies(v=Column(np.array([[1.0, 10], [0, 0], [2, 30], [0, 0]]), SOME))
    done = complete(vectors, {"Movie": ("v",)}, "mean")
    assert done.nodes["Movie"].properties["v"].tolist() == [[1, 10], [1.5, 20], [2, 30], [1.5, 20]]


def test_features_that_are_not_used_may_be_incomplete() -> None:
    """Only what `features` names is looked at."""
    projection = movies(a=Column(np.ones(4)), b=Column(np.array([1, np.nan, 1, 1])), c=Column(np.ones(4), SOME))
    assert complete(projection, {"Movie": ("a",)}).nodes["Movie"].missing.keys() == {"c"}


@pytest.mark.parametrize(
    ("projection", "features", "missing", "error", "message"),
    [
        (YEARS, {"Movie": ("year",)}, "error", FailedPreconditionError,
         r"`year` of `Movie` is missing for 2 of 4 nodes, .* `movieId` 20, 40, and `missing` is `error`.*`zero` or"),
        (movies(x=Column(np.ones(4), np.zeros(4, np.uint8))), {"Movie": ("x",)}, "mean", FailedPreconditionError,
         r"missing for 4 of 4 nodes"),
        (movies(x=Column(np.array([1, np.nan, np.inf, 1]))), {"Movie": ("x",)}, "zero", FailedPreconditionError,
         r"`x` of `Movie` is NaN or infinite for 2 of 4 nodes, .*`movieId` 20, 30\."),
        (movies(x=Column(np.array([[1, 1], [1, 1], [1, 1], [1, np.inf]]))), {"Movie": ("x",)}, "zero",
         FailedPreconditionError, r"NaN or infinite for 1 of 4 nodes, .*`movieId` 40\."),
        (YEARS, {"Movie": ("years",)}, "zero", InvalidArgumentError,
         r"`Movie` have no property `years` .*Did you mean `year`\? Their properties are: `year`"),
        (YEARS, {"Moovie": ("year",)}, "zero", InvalidArgumentError,
         r"no nodes with label `Moovie`. Did you mean `Movie`\?"),
    ],
)  # fmt: skip
def test_features_that_cannot_be_used_are_refused(
    projection: Projection, features: dict, missing: Any, error: type[BridgeError], message: str
) -> None:
    """The error counts the nodes, names some by their key, and says what would be allowed."""
    with pytest.raises(error, match=message):
        complete(projection, features, missing)


def test_target_values_must_be_finite() -> None:
    """A rating or time that is no number is refused with an example; finite ones pass."""
    rows = [("u", 1, 3.0, 1.0), ("v", 2, float("nan"), 2.0)]
    with pytest.raises(
        FailedPreconditionError, match=r"`rating` is .* for 1 of 2 .*nan from `userId` v to `movieId` 2"
    ):
        check_target(ratings(rows), RATED)
    with pytest.raises(FailedPreconditionError, match=r"no property `ratin` .*Did you mean `rating`"):
        check_target(ratings(rows), replace(RATED, value_property="ratin"))
    check_target(ratings(rows[:1]), RATED)
    check_target(ratings(rows), replace(RATED, value_property=None))
