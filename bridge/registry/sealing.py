"""The files of a version to come: hashed where they were made, and again when nobody may change them any more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bridge.core.errors import DamagedError
from bridge.registry import files
from bridge.registry.manifest import FILE_NAME_PATTERN, MANIFEST_NAME, StoredFile


def hash_files(staging: Path) -> dict[str, StoredFile]:
    """Hash what a folder holds: whoever wrote it can hand that over, and `seal_files` finds what changed since.

    Raises:
        ValueError: one of them is no plain file.
    """
    found = {path.name: files.digest(path) for path in sorted(staging.iterdir())}
    return {name: StoredFile(bytes=size, sha256=sha256) for name, (size, sha256) in found.items()}


def seal_files(staging: Path, written: Mapping[str, StoredFile]) -> dict[str, StoredFile]:
    """Sync and hash the files of a staged folder; `written` is what `hash_files` said of them, or nothing.

    Raises:
        DamagedError: one is not what was written.
        ValueError: one is no plain file, or has a name that a version's file cannot have.
    """
    stored = {}
    for path in sorted(staging.iterdir()):
        if path.name == MANIFEST_NAME or not re.match(FILE_NAME_PATTERN, path.name):
            raise ValueError(f"{path.name} is no name for a file of a version")
        size, digest = files.seal(path)
        stored[path.name] = StoredFile(bytes=size, sha256=digest)
    if written and stored != written:
        names = sorted(name for name in stored.keys() | written.keys() if stored.get(name) != written.get(name))
        raise DamagedError(
            f"The trained model is not sound: `{names[0]}` is not what the training wrote. Nothing was published. "
            "Train again; if this comes back, check the server's disk and memory.",
            reason="MODEL_UNSOUND",
            file=names[0],
        )
    return stored
