"""The room of a store: how much it may hold, what is being staged, what was thrown away."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
from pathlib import Path

from bridge.core.errors import ResourceExhaustedError
from bridge.registry import files
from bridge.registry.layout import Layout

_log = logging.getLogger(__name__)


class Space:
    """The folders beside the models.

    What is thrown away stays in `trash/` until a server starts on this store, or until its room is needed.
    """

    def __init__(self, layout: Layout, max_bytes: int | None) -> None:
        self._layout = layout
        self._max_bytes = max_bytes
        for folder in (layout.root, layout.models, layout.staging, layout.trash):
            files.make_folder(folder).chmod(0o700)
        self._staging = layout.staging / secrets.token_hex(8)
        with files.locked(layout.lock):
            self._sweep()
            # Says to other servers on this store that what is staged here is not abandoned; it ends with the process.
            self._claim = files.take_lock(self._staging.with_suffix(".lock"))

    def close(self) -> None:
        """Give up what is staged."""
        if self._claim is not None:
            files.remove(self._staging)
            self._staging.with_suffix(".lock").unlink(missing_ok=True)
            os.close(self._claim)
            self._claim = None

    def stage(self) -> Path:
        """Make a fresh folder for files to come.

        Raises:
            ResourceExhaustedError: the store has reached its limit, or the disk is full.
        """
        self.make_room(0)
        with files.full_disk_named(self._layout.root):
            return files.make_folder(self._staging / secrets.token_hex(8))

    def throw_away(self, folder: Path, name: str) -> None:
        """Move a folder to the trash, at once and whole; `name` says what it was."""
        files.move(folder, self._layout.trash / f"{name}.{secrets.token_hex(8)}")

    def make_room(self, more_bytes: int) -> None:
        """See that so many bytes more may come, at the cost of the trash.

        Raises:
            ResourceExhaustedError: the store has reached its limit.
        """
        trash = files.used_bytes(self._layout.trash)
        if trash and shutil.disk_usage(self._layout.root).free < max(trash, more_bytes):
            self._empty_trash()
        if self._max_bytes is None:
            return
        used = files.used_bytes(self._layout.models)
        if used + trash + more_bytes >= self._max_bytes:
            self._empty_trash()
        if used + more_bytes > self._max_bytes or used >= self._max_bytes:
            raise ResourceExhaustedError(
                f"The model store holds {_mib(used)} and may hold {_mib(self._max_bytes)}"
                f"{f', and this version has {_mib(more_bytes)}' if more_bytes else ''}. Drop models that are not "
                "needed (`bridge.model.drop`), or raise the limit, BRIDGE_STORE_MIB.",
                reason="STORE_FULL",
            )

    def _sweep(self) -> None:
        """Remove what processes that are gone left behind."""
        self._empty_trash()
        for path in self._layout.staging.iterdir():
            try:
                _remove_abandoned(path)
            except OSError as error:  # whoever put it there, it keeps no server from starting
                _log.warning("%s can not be cleared away: %s", path, error)

    def _empty_trash(self) -> None:
        for folder in self._layout.trash.iterdir():
            files.remove(folder)


def _remove_abandoned(staged: Path) -> None:
    lock = staged.with_suffix(".lock")
    claim = files.take_lock(lock)
    if claim is None:
        return
    try:
        files.remove(lock.with_suffix(""))
        lock.unlink(missing_ok=True)
    finally:
        os.close(claim)


def _mib(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB"
