"""Named vocabularies of multi-hot encoders: which value stands at which position."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from bridge.core.errors import DamagedError
from bridge.registry import files


class Vocabularies:
    """Lists of values under `root/<database>/<name>.json`; once made, one never changes. Safe between threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()

    def find(self, database: str, name: str) -> list[str] | None:
        """Return a stored vocabulary; None when there is none of that name.

        Raises:
            DamagedError: the file is not what was written.
        """
        path = self._path(database, name)
        try:
            document = json.loads(files.read_plain(path))
            values = list(document["values"])
            whole = document["sha256"] == vocabulary_hash(values)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(name) from error
        if not whole:
            raise _damaged(name)
        return values

    def keep(self, database: str, name: str, values: Sequence[str]) -> list[str]:
        """Store a vocabulary, unless the name was taken meanwhile; return the one that is stored.

        Raises:
            DamagedError: the one that was there is not what was written.
            ResourceExhaustedError: the disk is full.
        """
        path = self._path(database, name)
        with self._lock, files.full_disk_named(self._root):
            if (there := self.find(database, name)) is not None:
                return there
            files.make_folder(path.parent)
            document = {"sha256": vocabulary_hash(values), "values": list(values)}
            partial = path.with_suffix(".partial")
            files.write_file(partial, json.dumps(document).encode())
            files.move(partial, path)
        return list(values)

    def _path(self, database: str, name: str) -> Path:
        # Both are checked names by now; the hash only keeps a database's name from being a path.
        return self._root / sha256(database.encode()).hexdigest()[:16] / f"{name}.json"


def vocabulary_hash(values: Sequence[str]) -> str:
    """Return the sha256, hex, of the values in their order."""
    return sha256(json.dumps(list(values)).encode()).hexdigest()


def _damaged(name: str) -> DamagedError:
    return DamagedError(
        f"The vocabulary `{name}` is not what was written. Use another name, or restore its file from a backup.",
        reason="VOCABULARY_DAMAGED",
    )
