"""The runs whose projections may be in the database: on disk, so that a killed server's are found again."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

_MARK = re.compile(r".+_[0-9a-f]{12}")


def new_mark(recipe: str) -> str:
    """Return a name for a run of a recipe that no other run has, nor anybody's projection."""
    return f"{recipe}_{secrets.token_hex(6)}"


class Ledger:
    """A folder with an empty file a run, whose name is the run's mark. Blocks: never call it on the event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)

    def note(self, mark: str) -> None:
        """Write a run down; it is on disk when this returns."""
        os.close(os.open(self._folder / mark, os.O_CREAT | os.O_WRONLY, 0o600))
        self._sync()

    def strike(self, mark: str) -> None:
        """Forget a run: nothing of it is left in the database."""
        (self._folder / mark).unlink(missing_ok=True)
        self._sync()

    def marks(self) -> list[str]:
        """Return the runs of which something may be left."""
        # Anything else in the folder might begin the names of somebody else's projections.
        return sorted(path.name for path in self._folder.iterdir() if _MARK.fullmatch(path.name))

    def _sync(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
