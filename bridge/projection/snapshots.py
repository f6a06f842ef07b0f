"""Projections kept on disk, so that a trainer process opens one without copying and a second call need not read it.

A cache, wiped at start: a restarted server reads a projection again in seconds, and so no snapshot has to outlive a
power cut (no fsync, no check of every byte). Versions keep theirs: `keep_files` makes hard links of its files.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bridge.core.columns import Column
from bridge.core.errors import FailedPreconditionError, ResourceExhaustedError
from bridge.core.projection import Projection
from bridge.projection.fingerprint import digest
from bridge.projection.folder import open_folder, write_folder

_PARTIAL = ".partial"
_FILE_BYTES = 1024


@dataclass(frozen=True)
class SnapshotKey:
    """What makes two readings of a projection the same reading."""

    database_id: str
    """The DBMS's own id of the database; it changes when the database is made anew."""
    database: str
    user: str
    graph_name: str
    created_millis: int
    modified_millis: int
    selection: str
    """`selection_digest` of the labels, types and properties that were read."""
    keys: str
    """`keys_digest` of the strings and keys read from the store in this very call: they are never cached."""

    @property
    def folder(self) -> str:
        """The name of the snapshot's folder."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def selection_digest(nodes: Mapping[str, tuple[str, ...]], relationships: Mapping[str, tuple[str, ...]]) -> str:
    """Return the sha256, hex, of a selection: the properties by label and by relationship type."""
    selection = [{name: sorted(properties) for name, properties in table.items()} for table in (nodes, relationships)]
    return hashlib.sha256(json.dumps(selection, sort_keys=True).encode()).hexdigest()


def keys_digest(keys: Mapping[str, Column], key_properties: Mapping[str, str]) -> str:
    """Return the sha256, hex, of the columns read from the store, in the order in which they came."""
    content = []
    for label, column in sorted(keys.items()):
        present = None if column.present is None else digest(column.present)
        content.append([label, key_properties.get(label, ""), _values_digest(column.values), present])
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _values_digest(values: np.ndarray[Any, Any]) -> str:
    if values.dtype != object:
        return f"{values.dtype.kind} {digest(values.astype(np.int64) if values.dtype.kind in 'iu' else values)}"
    listed = values.tolist()
    if set(map(type, listed)) == {str}:
        text = "\0".join(listed)
        if text.count("\0") == len(listed) - 1:  # JSON takes four times as long, and other threads wait meanwhile
            return f"texts {hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return hashlib.sha256(json.dumps(listed, default=repr).encode()).hexdigest()


@dataclass(frozen=True)
class Snapshot:
    """A projection on disk."""

    path: Path
    fingerprint: str
    """The projection's."""
    bytes: int


def open_snapshot(path: Path) -> Projection:
    """Map a snapshot into memory, read only; in any process.

    Raises:
        DamagedError: the snapshot is not there, not finished, or a file has not the size it was written with.
    """
    return open_folder(path)


class Snapshots:
    """The snapshots of one server: the least recently used leave when there is no room. Safe between threads."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        """Take over `root`, which belongs to this store alone, and empty it."""
        self._root = root
        self._max_bytes = max_bytes
        self._kept: dict[str, Snapshot] = {}
        """By folder name; the least recently used first."""
        self._pins: dict[Path, int] = {}
        self._lock = threading.Lock()
        self._writing: dict[Path, int] = {}
        """Bytes that each unfinished snapshot will take."""
        self._number = 0
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)
        for left in root.iterdir():
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()

    @property
    def bytes(self) -> int:
        """What all snapshots take on disk, those being written included."""
        with self._lock:
            return self._taken()

    def find(self, lookup: SnapshotKey) -> Snapshot | None:
        """Return the snapshot of this very reading, if it is still here; it is then the most recently used."""
        with self._lock:
            return self._touch(lookup.folder)

    def keep(self, lookup: SnapshotKey, projection: Projection) -> Snapshot:
        """Write a projection down, making room first.

        Raises:
            ResourceExhaustedError: it is larger than the limit, what is in use leaves no room for it, or the disk
                is full. Nothing of it is left then.
        """
        needed = projection_bytes(projection)
        with self._lock:
            found = self._touch(lookup.folder)
            if found is not None:
                return found
            self._make_room(needed)
            self._number += 1
            partial = self._root / f"{lookup.folder}.{self._number}{_PARTIAL}"
            self._writing[partial] = needed
        try:
            written = write_folder(partial, projection)
            return self._publish(lookup.folder, partial, projection.fingerprint, written)
        except OSError as error:
            raise _no_space(self._root, needed, error) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            with self._lock:
                del self._writing[partial]

    @contextmanager
    def pin(self, snapshot: Snapshot) -> Iterator[Snapshot]:
        """Hold a snapshot in place while a trainer uses it.

        Raises:
            FailedPreconditionError: it has already made room for others.
        """
        with self._lock:
            if snapshot not in self._kept.values():
                raise FailedPreconditionError(
                    f"The snapshot {snapshot.fingerprint[:12]} has made room for newer ones before it was used. "
                    "Call again, and start the server with a larger BRIDGE_SNAPSHOT_MIB if this happens often.",
                    reason="SNAPSHOT_EVICTED",
                )
            self._pins[snapshot.path] = self._pins.get(snapshot.path, 0) + 1
        try:
            yield snapshot
        finally:
            with self._lock:
                self._pins[snapshot.path] -= 1
                if not self._pins[snapshot.path]:
                    del self._pins[snapshot.path]

    def _taken(self) -> int:
        return sum(snapshot.bytes for snapshot in self._kept.values()) + sum(self._writing.values())

    def _touch(self, folder: str) -> Snapshot | None:
        found = self._kept.pop(folder, None)
        if found is not None:
            self._kept[folder] = found
        return found

    def _publish(self, folder: str, partial: Path, fingerprint: str, written: int) -> Snapshot:
        with self._lock:
            found = self._touch(folder)
            if found is not None:  # another call was faster with the same
                return found
            path = self._root / folder
            os.rename(partial, path)
            self._kept[folder] = Snapshot(path, fingerprint, written)
            return self._kept[folder]

    def _make_room(self, needed: int) -> None:
        pinned = sum(snapshot.bytes for snapshot in self._kept.values() if snapshot.path in self._pins)
        pinned += sum(self._writing.values())
        if needed + pinned > self._max_bytes:
            raise ResourceExhaustedError(
                f"The snapshot of this projection takes {_mib(needed)}, but snapshots may take "
                f"{_mib(self._max_bytes)}, of which {_mib(pinned)} are in use. Project fewer properties, wait for "
                "running jobs, or start the server with a larger BRIDGE_SNAPSHOT_MIB.",
                reason="SNAPSHOT_TOO_LARGE",
            )
        for folder in [name for name, snapshot in self._kept.items() if snapshot.path not in self._pins]:
            if self._taken() + needed <= self._max_bytes:
                return
            shutil.rmtree(self._kept.pop(folder).path)


def projection_bytes(projection: Projection) -> int:
    """Return what a projection's snapshot takes at most: its arrays, and _FILE_BYTES each for header and names."""
    files = sum(2 + len(table.properties) + len(table.missing) for table in projection.nodes.values())
    files += sum(1 + len(table.properties) for table in projection.relationships.values())
    nodes = sum(
        table.keys.nbytes
        + table.ids.nbytes
        + sum(values.nbytes for values in table.properties.values())
        + sum(absent.nbytes for absent in table.missing.values())
        for table in projection.nodes.values()
    )
    return (
        (1 + files) * _FILE_BYTES
        + nodes
        + sum(
            table.edge_index.nbytes + sum(values.nbytes for values in table.properties.values())
            for table in projection.relationships.values()
        )
    )


def _mib(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB"


def _no_space(root: Path, needed: int, error: OSError) -> ResourceExhaustedError:
    free = shutil.disk_usage(root).free
    return ResourceExhaustedError(
        f"The snapshot of this projection takes {_mib(needed)} and could not be written "
        f"({error.strerror or error}); the disk of the server's data folder has {_mib(free)} free. "
        "Free some space or project fewer properties.",
        reason="DISK_FULL",
    )
