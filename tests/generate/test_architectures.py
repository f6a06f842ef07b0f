"""bridge/generate/architectures.py: the defaults that a user reads are those that a training takes."""

from __future__ import annotations

import json

import pytest

from bridge.core.procedure import parameters
from bridge.generate.architectures import defaults
from bridge.models import MODELS


def rows() -> dict[str, list[str]]:
    lines = [line.strip("| ").split(" | ") for line in defaults().splitlines() if line.startswith("| ")]
    return {cells[0]: cells[1:] for cells in lines}


@pytest.mark.parametrize("architecture", list(MODELS))
def test_every_default_of_an_architecture_is_in_its_column(architecture: str) -> None:
    column = rows()["hyperparameter"].index(f"`{architecture}`")
    found = {name.strip("`").removesuffix(" (fixed)"): cells[column] for name, cells in rows().items()}
    for each in parameters(MODELS[architecture].Hyperparameters):
        assert json.loads(found[each.name].strip("`")) == each.default


def test_what_no_configuration_takes_is_marked_as_fixed() -> None:
    """`layers` is lightGcn's alone and no key of a training."""
    assert "`epochs`" in rows()
    assert "layers (fixed)" in rows()
    assert rows()["layers (fixed)"].count("–") == len(MODELS) - 1
