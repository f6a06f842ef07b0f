"""bridge/core/config.py: what users type, checked in GDS's words."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field

from bridge.core.config import Config, ModelName, Names, NonNegativeFloat, PositiveInt
from bridge.core.errors import InvalidArgumentError


class Settings(Config):
    """Every kind of key."""

    model_name: ModelName
    """The model."""
    top_k: PositiveInt = 10
    """How many."""
    mode: Literal["fast", "all"] = "fast"
    """How."""
    rate: NonNegativeFloat = 0.5
    """How fast."""
    labels: Names = ("*",)
    """Which."""
    node_keys: dict[str, str] = Field(default_factory=dict)
    """By what."""
    nodes: Names | int | None = None
    """A choice of types."""


def fault(**given: object) -> str:
    with pytest.raises(InvalidArgumentError) as raised:
        Settings.parse(given)
    return raised.value.message


def test_keys_match_in_any_case_and_null_stands_for_a_missing_key() -> None:
    """GDS reads `topk` as `topK`; a null is as if the key were not there."""
    assert Settings.parse({"MODELNAME": "m", "topk": 3, "rate": None}) == Settings(model_name="m", top_k=3)


def test_a_null_of_a_mandatory_key_is_a_missing_key() -> None:
    assert fault(modelName=None) == "No value specified for the mandatory configuration parameter `modelName`"


def test_a_key_given_twice_in_another_case_is_refused() -> None:
    """Neither silently wins."""
    text = fault(modelName="m", topK=3, topk=4)
    assert text == "The configuration parameter `topK` was given more than once, also as `topk`."


def test_pythons_own_spelling_is_no_key() -> None:
    """What is documented is camelCase; `model_name` is a misspelling like any other."""
    assert "Unexpected configuration key: model_name (Did you mean [modelName]?)" in fault(model_name="m")


def test_a_misspelt_key_names_the_one_that_was_meant() -> None:
    assert fault(modelName="m", topKay=3) == "Unexpected configuration key: topKay (Did you mean [topK]?)"


def test_all_faults_are_told_at_once() -> None:
    """The first line counts them as several; each stands on its own line."""
    text = fault(modelName="a b", topK=0, mode="slow", rate=float("nan"), colour=1)
    lines = text.split("\n\t\t\t\t")
    assert lines[0] == "Multiple errors in configuration arguments:"
    assert lines[1:] == [
        "Unexpected configuration key: colour",
        "`modelName` was `a b`, but must be 1 to 64 letters, digits, `.`, `_` or `-`, "
        "and start with a letter or digit.",
        "Value for `topK` was `0`, but must be greater than 0.",
        "The value of `mode` must be one of 'fast' or 'all' but was `slow`.",
        "Value for `rate` was `nan`, but must be finite.",
    ]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"topK": 2.0}, "The value of `topK` must be of type `Integer` but was `Float`."),
        ({"topK": True}, "The value of `topK` must be of type `Integer` but was `Boolean`."),
        ({"topK": "2"}, "The value of `topK` must be of type `Integer` but was `String`."),
        ({"labels": "User"}, "The value of `labels` must be of type `List` but was `String`."),
        ({"labels": ["User", 3]}, "The value of `labels[1]` must be of type `String` but was `Integer`."),
        ({"labels": ["User", ""]}, "`labels[1]` can not be null or blank, but it was ``"),
        ({"nodeKeys": {"User": 5}}, "The value of `nodeKeys.User` must be of type `String` but was `Integer`."),
        ({"nodeKeys": []}, "The value of `nodeKeys` must be of type `Map` but was `List`."),
        ({"nodes": 2.5}, "The value of `nodes` must be of type `List` or `Integer` but was `Float`."),
        ({"nodes": ["User", 5]}, "The value of `nodes[1]` must be of type `String` but was `Integer`."),
    ],
)  # fmt: skip
def test_a_wrong_type_is_told_with_its_place_and_what_is_allowed(given: dict[str, object], text: str) -> None:
    assert fault(modelName="m", **given) == text


def test_an_integer_is_a_float_and_a_huge_one_stays_exact() -> None:
    config = Settings.parse({"modelName": "m", "rate": 1, "topK": 2**62})
    assert (config.rate, config.top_k) == (1.0, 2**62)


def test_the_effective_map_is_what_a_user_could_type_again() -> None:
    """Yielded `configuration` holds defaults, in camelCase, and parses to the same."""
    config = Settings.parse({"modelName": "m", "labels": ["A"]})
    assert config.effective() == {
        "modelName": "m", "topK": 10, "mode": "fast", "rate": 0.5, "labels": ["A"], "nodeKeys": {}, "nodes": None,
    }  # fmt: skip
    assert Settings.parse(config.effective()) == config
