"""What a power cut can not undo: the order in which a version is synced and named."""

import os
from pathlib import Path

import pytest

from bridge.registry.store import Store

from .examples import FILE, publish


def test_a_version_is_on_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and their folder are synced, then renamed, then the folders that hold the new and the old name."""
    events: list[tuple[str, Path]] = []
    sync, rename = os.fsync, Path.rename

    def synced(descriptor: int) -> None:
        events.append(("sync", Path(os.readlink(f"/proc/self/fd/{descriptor}"))))
        sync(descriptor)

    def renamed(source: Path, target: Path) -> Path:
        events.append(("rename", source))
        return rename(source, target)

    store = Store(tmp_path)
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    version = publish(store)
    staging = next(path for kind, path in events if kind == "rename" and path.is_relative_to(tmp_path / "staging"))
    named = events.index(("rename", staging))
    before, after = events[:named], events[named:]
    for path in (staging / FILE, staging / "manifest.json", staging):
        assert ("sync", path) in before
    assert before.index(("sync", staging)) > before.index(("sync", staging / "manifest.json"))
    assert ("sync", version.path.parent) in after
    assert ("sync", staging.parent) in after
