"""Every byte of a version is verified before it is used."""

from pathlib import Path

import numpy as np
import pytest

from bridge.core.errors import DamagedError, NotFoundError
from bridge.registry.manifest import MANIFEST_NAME
from bridge.registry.store import Store
from bridge.registry.version import open_version

from .examples import FILE, manifest, publish


def test_arrays_come_back_as_they_were_written(tmp_path: Path) -> None:
    """Values, shapes and dtypes."""
    version = publish(Store(tmp_path), fill=2.5)
    arrays = version.arrays(FILE)
    assert arrays["user"].dtype == np.float32
    np.testing.assert_array_equal(arrays["user"], np.full((8, 4), 2.5))
    np.testing.assert_array_equal(arrays["count"], [0, 1, 2])
    assert version.size_bytes == (version.path / FILE).stat().st_size


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    """One bit suffices. The error says which file of which version, and what to do."""
    version = publish(Store(tmp_path))
    path = version.path / FILE
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    else:
        content[-1] ^= 1
        path.write_bytes(content if damage == "flip" else content[:-1])
    with pytest.raises(DamagedError, match=r"Version 1 of model `ratings` is damaged: `model.safetensors` .*Restore"):
        version.arrays(FILE)


def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    """A trainer that wrote nonsense is found out by the reader, too."""
    store = Store(tmp_path)
    staging = store.stage()
    (staging / FILE).write_bytes(b"no arrays at all")
    with pytest.raises(DamagedError, match="no safetensors"):
        store.publish(staging, manifest()).arrays(FILE)


def test_a_version_without_its_manifest_is_damaged_and_one_that_is_gone_is_not_found(tmp_path: Path) -> None:
    """The folder decides."""
    version = publish(Store(tmp_path))
    (version.path / MANIFEST_NAME).unlink()
    with pytest.raises(DamagedError, match=r"ratings/versions/1/manifest\.json"):
        open_version(version.path)
    with pytest.raises(NotFoundError):
        open_version(version.path.with_name("2"))


def test_a_version_dropped_under_a_reader_is_not_called_damaged(tmp_path: Path) -> None:
    """Whoever held it learns that it was dropped."""
    store = Store(tmp_path)
    version = publish(store)
    store.drop("neo4j", "ratings", "")
    with pytest.raises(NotFoundError, match="dropped a moment ago"):
        version.read(FILE)


def test_an_unknown_file_of_a_version_is_named_with_those_there_are(tmp_path: Path) -> None:
    """No path leaves the version's folder, as only the manifest's names are read."""
    version = publish(Store(tmp_path))
    with pytest.raises(NotFoundError, match=r"\['model.safetensors'\]"):
        version.read("../1/manifest.json")
