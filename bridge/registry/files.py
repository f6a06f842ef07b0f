"""Files that survive a crash: written, hashed, synced and moved whole."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from bridge.core.errors import ResourceExhaustedError

_FULL = (errno.ENOSPC, errno.EDQUOT)


def make_folder(path: Path) -> Path:
    """Make a folder and its parents, for the owner only; they and their names survive a crash."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
    return path


def write_file(path: Path, content: bytes) -> None:
    """Write a new file or replace one, for the owner only, and sync it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def open_plain(path: Path) -> BufferedReader:
    """Open a file to read it.

    Raises:
        OSError: it cannot be read, or is a folder, a pipe or a device, of which nobody knows when its content comes.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a plain file", str(path))
    return os.fdopen(descriptor, "rb")


def read_plain(path: Path) -> bytes:
    """Return a file's content.

    Raises:
        OSError: as `open_plain`.
    """
    with open_plain(path) as file:
        return file.read()


def seal(path: Path) -> tuple[int, str]:
    """Sync a file that somebody wrote, keep it for the owner only, and return its size in bytes and sha256.

    Raises:
        ValueError: it is a link, a folder or a device.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError(f"{path.name} is not a plain file")
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        os.fchmod(file.fileno(), 0o600)
        os.fsync(file.fileno())
    return digest(path)


def digest(path: Path) -> tuple[int, str]:
    """Return a file's size in bytes and its sha256.

    Raises:
        ValueError: it is a link, a folder or a device.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError(f"{path.name} is not a plain file")
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), sha256


def sync_folder(path: Path) -> None:
    """Make the names in a folder survive a crash."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(source: Path, target: Path) -> None:
    """Rename within one file system, so that the target is there whole or not at all, even after a crash."""
    source.rename(target)
    sync_folder(target.parent)
    sync_folder(source.parent)


def remove(path: Path) -> None:
    """Remove a folder and what is in it, as far as it is there."""
    shutil.rmtree(path, ignore_errors=True)


def used_bytes(path: Path) -> int:
    """Return the size of all files under a folder."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:  # dropped at this moment
                continue
    return total


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, against other threads and other processes alike."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def take_lock(path: Path) -> int | None:
    """Take a lock file without waiting; return its descriptor, which holds it, or None when somebody has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def full_disk_named(root: Path) -> Iterator[None]:
    """Turn the operating system's word for a full disk into ours.

    Raises:
        ResourceExhaustedError: the disk or a quota is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise ResourceExhaustedError(
            f"The disk of the model store ({root}) is full; nothing was changed. Drop models that are not needed "
            "(`bridge.model.drop`), or give it more space.",
            reason="DISK_FULL",
        ) from error
