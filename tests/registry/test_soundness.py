"""When the files of a version are hashed again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge.core.errors import DamagedError
from bridge.core.projection import KEPT_PREFIX
from bridge.registry.soundness import Soundness
from bridge.registry.store import Store
from bridge.registry.version import Version

from .examples import manifest, write_arrays

KEPT = f"{KEPT_PREFIX}0.npy"


def published(tmp_path: Path) -> Version:
    """Publish a version with a file that has a hard link elsewhere, as a kept snapshot has."""
    store = Store(tmp_path / "store")
    staging = store.stage()
    write_arrays(staging)
    (tmp_path / "cached.npy").write_bytes(b"columns")
    os.link(tmp_path / "cached.npy", staging / KEPT)
    version = store.publish(staging, manifest())
    store.close()
    return version


def test_links_that_come_and_go_make_nobody_hash_a_snapshot_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache makes room, another version keeps the same snapshot: its content is what it was."""
    version, soundness = published(tmp_path), Soundness()
    soundness.check(version)
    monkeypatch.setattr(Version, "verify", lambda version: pytest.fail("hashed again"))
    os.link(version.path / KEPT, tmp_path / "another.npy")
    soundness.check(version)
    (tmp_path / "cached.npy").unlink()
    soundness.check(version)


@pytest.mark.parametrize("content", [b"columnz", b"column"])
def test_a_snapshot_that_changed_is_found(tmp_path: Path, content: bytes) -> None:
    version, soundness = published(tmp_path), Soundness()
    soundness.check(version)
    (version.path / KEPT).write_bytes(content)
    with pytest.raises(DamagedError, match=KEPT):
        soundness.check(version)


def test_a_snapshot_counts_in_the_size_of_its_version(tmp_path: Path) -> None:
    """The limit of the store holds also when all other links are gone."""
    version = published(tmp_path)
    assert version.size_bytes == sum(file.stat().st_size for file in version.path.iterdir()) - (
        version.path / "manifest.json"
    ).stat().st_size
