"""Making a model of a version's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.actions.loading import load_embedding
from bridge.core.errors import DamagedError
from bridge.registry.manifest import Manifest
from bridge.registry.version import Version


class Failing(Version):
    """A version whose files cannot be read, by an error of one's choice."""

    failure: type[Exception]

    def read(self, name: str) -> bytes:
        raise self.failure


def failing(failure: type[Exception], folder: Path) -> Failing:
    manifest = Manifest(model_name="vectors", version=2, database="neo4j", model_type="node2vec", created_millis=0)
    version = Failing(folder, manifest)
    object.__setattr__(version, "failure", failure)
    return version


def test_files_of_which_no_model_can_be_made_are_damage(tmp_path: Path) -> None:
    """Whatever the library says of them."""
    with pytest.raises(DamagedError, match="Version 2 of model `vectors` is damaged"):
        load_embedding(failing(KeyError, tmp_path))


def test_a_shortage_of_memory_is_no_damage(tmp_path: Path) -> None:
    """A version that found no room this once must not be given up for good."""
    with pytest.raises(MemoryError):
        load_embedding(failing(MemoryError, tmp_path))
