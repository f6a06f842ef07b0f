"""bridge/core/errors.py: faults collected, words compared."""

from __future__ import annotations

import pytest

from bridge.core.errors import (
    FailedPreconditionError,
    Faults,
    InvalidArgumentError,
    NotFoundError,
    did_you_mean,
)


def test_one_fault_is_raised_as_it_is() -> None:
    """Its class and reason stay."""
    faults = Faults()
    with faults:
        raise FailedPreconditionError("empty", reason="EMPTY")
    with pytest.raises(FailedPreconditionError, match=r"^empty$") as raised:
        faults.raise_if_any()
    assert raised.value.reason == "EMPTY"


def test_several_faults_become_one_invalid_argument() -> None:
    faults = Faults()
    with faults:
        raise FailedPreconditionError("one")
    faults.add("two")
    with pytest.raises(InvalidArgumentError) as raised:
        faults.raise_if_any()
    assert raised.value.message == "Multiple errors in configuration arguments:\n\t\t\t\tone\n\t\t\t\ttwo"


def test_what_is_no_fault_of_the_configuration_ends_the_call() -> None:
    """A missing model is not collected: nothing after it could be checked."""
    with pytest.raises(NotFoundError), Faults():
        raise NotFoundError("no model")


def test_only_close_words_are_suggested() -> None:
    assert did_you_mean("ratigs", ["ratings", "movies"]) == " Did you mean `ratings`?"
    assert did_you_mean("rating", ["ratings", "ratingz"]) == " Did you mean one of [`ratings`, `ratingz`]?"
    assert did_you_mean("films", ["ratings"]) == ""
