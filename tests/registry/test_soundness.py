"""When the files of a version are hashed again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge.core.errors import DamagedError
from bridge.core.projection import KEPT_PREFIX
from bridge.registry import notes as notes_module
from bridge.registry import soundness as soundness_module
from bridge.registry.notes import Notes
from bridge.registry.soundness import Soundness
from bridge.registry.store import Store
from bridge.registry.version import Version

from .examples import FILE, manifest, publish, write_arrays

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


def test_the_number_of_versions_that_are_known_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a server that runs for months. One that was forgotten is hashed again; damage is still found."""
    monkeypatch.setattr(soundness_module, "MOST_KEPT", 2)
    store, soundness = Store(tmp_path), Soundness()
    versions = [publish(store) for _ in range(4)]
    for version in versions:
        soundness.check(version)
    assert len(soundness._found) == 2
    (versions[0].path / FILE).write_bytes(b"")
    with pytest.raises(DamagedError):
        soundness.check(versions[0])
    soundness.check(versions[1])


def test_a_note_is_said_once_and_not_remembered_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notes_module, "MOST_KEPT", 3)
    notes = Notes()
    for _ in range(3):
        for text in ("", "damaged", "lost"):
            notes.say("ratings", text)
    assert [record.message for record in caplog.records] == ["model ratings: damaged", "model ratings: lost"]
    for number in range(20):
        notes.say("ratings", str(number))
        assert len(notes._said) <= 3


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
