"""Named vocabularies of multi-hot encoders: which value stands at which position."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bridge.core.errors import DamagedError, NotFoundError, PermissionDeniedError, did_you_mean
from bridge.registry import files


@dataclass(frozen=True)
class Vocabulary:
    """A stored one."""

    name: str
    values: list[str]
    owner: str
    """Who made it; empty when authentication was off, and for one of an older bridge."""
    created_millis: int
    """Since 1970; 0 when it was not recorded."""

    @property
    def hash(self) -> str:
        """The sha256, hex, of its values."""
        return vocabulary_hash(self.values)


class Vocabularies:
    """Lists of values under `root/<database>/<name>.json`; once made, one never changes. Safe between threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()

    def find(self, database: str, name: str) -> list[str] | None:
        """Return a stored vocabulary's values; None when there is none of that name.

        Raises:
            DamagedError: the file is not what was written.
        """
        found = self._read(database, name)
        return None if found is None else found.values

    def get(self, database: str, name: str) -> Vocabulary:
        """Return a stored vocabulary.

        Raises:
            DamagedError: the file is not what was written.
            NotFoundError: there is none of that name.
        """
        found = self._read(database, name)
        if found is None:
            raise NotFoundError(
                f"Vocabulary with name `{name}` does not exist.{did_you_mean(name, self.names(database))}",
                reason="VOCABULARY_NOT_FOUND",
                vocabulary=name,
            )
        return found

    def names(self, database: str) -> list[str]:
        """Return the names of a database's vocabularies, sorted."""
        return sorted(each.name.removesuffix(".json") for each in self._path(database, "any").parent.glob("*.json"))

    def keep(self, database: str, name: str, values: Sequence[str], owner: str = "") -> list[str]:
        """Store a vocabulary, unless the name was taken meanwhile; return the values that are stored.

        Raises:
            DamagedError: the one that was there is not what was written.
            ResourceExhaustedError: the disk is full.
        """
        path = self._path(database, name)
        with self._lock, files.full_disk_named(self._root):
            if (there := self.find(database, name)) is not None:
                return there
            files.make_folder(path.parent)
            document = {
                "sha256": vocabulary_hash(values), "values": list(values), "owner": owner,
                "createdMillis": time.time_ns() // 1_000_000,
            }  # fmt: skip
            partial = path.with_suffix(".partial")
            files.write_file(partial, json.dumps(document).encode())
            files.move(partial, path)
        return list(values)

    def check_owner(self, vocabulary: Vocabulary, user: str) -> None:
        """Refuse a user who may not drop a vocabulary.

        Raises:
            PermissionDeniedError: it belongs to somebody else.
        """
        if vocabulary.owner not in ("", user):
            raise PermissionDeniedError(
                f"The vocabulary `{vocabulary.name}` belongs to user `{vocabulary.owner}`: only they may drop it, and "
                f"you are {f'`{user}`' if user else 'not signed in'}. Ask them, or use another name.",
                reason="NOT_OWNER",
                vocabulary=vocabulary.name,
            )

    def drop(self, database: str, name: str, user: str) -> Vocabulary:
        """Remove a vocabulary and return what it was.

        Raises:
            DamagedError: the file is not what was written, so that nobody knows whose it is.
            NotFoundError: there is none of that name.
            PermissionDeniedError: it belongs to somebody else.
        """
        path = self._path(database, name)
        with self._lock:
            found = self.get(database, name)
            self.check_owner(found, user)
            path.unlink()
            files.sync_folder(path.parent)
        return found

    def _read(self, database: str, name: str) -> Vocabulary | None:
        try:
            document = json.loads(self._path(database, name).read_bytes())
            values = list(document["values"])
            whole = document["sha256"] == vocabulary_hash(values)
            found = Vocabulary(name, values, str(document.get("owner", "")), int(document.get("createdMillis", 0)))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(name) from error
        if not whole:
            raise _damaged(name)
        return found

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
