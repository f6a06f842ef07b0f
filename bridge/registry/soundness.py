"""Whether the files of a version are still what was written."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from bridge.core.errors import DamagedError
from bridge.core.projection import KEPT_PREFIX
from bridge.registry.version import Key, Version

Stamp = tuple[tuple[int, ...], ...]

MOST_KEPT = 10_000
"""Versions whose state is remembered; the longest known leave first, and are hashed when they are asked for again."""


class Soundness:
    """Hashes the files of a version once, and again when one of them changes. Safe between threads.

    Change is seen by size, times, mode and inode; what rots under the file system is found when the version is loaded.
    """

    def __init__(self) -> None:
        self._found: dict[Key, tuple[Stamp, DamagedError | None]] = {}
        self._lock = threading.Lock()

    def check(self, version: Version) -> None:
        """Refuse a damaged version.

        Raises:
            DamagedError: a file is not what was written.
            NotFoundError: the version was dropped.
        """
        stamp = _stamp(version)
        with self._lock:
            known = self._found.get(version.key)
        if known is None or known[0] != stamp:
            known = (stamp, _damage(version))
            self._keep(version, *known)
        if (damage := known[1]) is not None:
            # Another object each time: one that is raised again gathers all tracebacks.
            raise DamagedError(damage.message, reason=damage.reason, **damage.metadata)

    def condemn(self, version: Version, damage: DamagedError) -> None:
        """Note that the files, though what was written, are no model; until one of them changes."""
        self._keep(version, _stamp(version), damage.with_traceback(None))

    def trust(self, version: Version) -> None:
        """Note that the files were hashed a moment ago."""
        self._keep(version, _stamp(version), None)

    def _keep(self, version: Version, stamp: Stamp, damage: DamagedError | None) -> None:
        with self._lock:
            self._found.pop(version.key, None)
            self._found[version.key] = (stamp, damage)
            if len(self._found) > MOST_KEPT:
                del self._found[next(iter(self._found))]


def _damage(version: Version) -> DamagedError | None:
    try:
        version.verify()
    except DamagedError as error:
        return error.with_traceback(None)
    return None


def _stamp(version: Version) -> Stamp:
    return tuple(_stamp_of(version.path / name) for name in sorted(version.manifest.files))


def _stamp_of(path: Path) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError as error:
        return (-(error.errno or 1),)
    # Each hard link that comes or goes changes the ctime, and snapshots have them: in the cache, in other versions.
    changed = 0 if path.name.startswith(KEPT_PREFIX) else found.st_ctime_ns
    return (found.st_size, found.st_mtime_ns, changed, found.st_mode, found.st_ino)
