"""Where in its folder a store keeps what."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote, unquote

from bridge.core.config import NAME_PATTERN
from bridge.core.errors import DamagedError, InvalidArgumentError

_NAME = re.compile(NAME_PATTERN)
_NUMBER = re.compile(r"^[1-9][0-9]{0,8}$")
_NAMELESS = "%"
"""Folder of the database without a name: no quoted name is this."""


class Layout:
    """Paths under `root`: `models/<database>/<model>/versions/<number>/`. Reads names, opens no file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.models = root / "models"
        self.staging = root / "staging"
        self.trash = root / "trash"
        self.lock = root / "store.lock"

    def database(self, database: str) -> Path:
        """Return the folder of a database's models: one a name, and none of them `..` or hidden."""
        safe = quote(database, safe="")
        return self.models / (safe.replace(".", "%2E") if safe.startswith(".") else safe or _NAMELESS)

    def model(self, database: str, model_name: str) -> Path:
        """Return the folder of a model.

        Raises:
            InvalidArgumentError: the name is none that a model can have.
        """
        if not _NAME.fullmatch(model_name):
            raise InvalidArgumentError(
                f"`modelName` was `{model_name}`, but must be 1 to 64 letters, digits, `.`, `_` or `-`, "
                "and start with a letter or digit.",
                reason="INVALID_NAME",
            )
        return self.database(database) / model_name

    def versions(self, database: str, model_name: str) -> Path:
        """Return the folder of a model's versions."""
        return self.model(database, model_name) / "versions"

    def version(self, database: str, model_name: str, number: int) -> Path:
        """Return the folder of one version."""
        return self.versions(database, model_name) / str(number)

    def changed_nanos(self) -> int:
        """Return when a database's folder last came or went, in nanoseconds since 1970; 0 when there never was one."""
        try:
            return self.models.stat().st_mtime_ns
        except OSError:
            return 0

    def databases(self) -> list[str]:
        """Return the databases that have a folder."""
        return sorted("" if name == _NAMELESS else unquote(name) for name in _names(self.models))

    def model_names(self, database: str) -> list[str]:
        """Return the models of a database that have a version, sorted; those whose folder cannot be read too.

        Raises:
            DamagedError: the database's folder cannot be read.
        """
        names = sorted(filter(_NAME.fullmatch, _names(self.database(database))))
        return [name for name in names if self._has_versions(database, name)]

    def has_models(self, database: str) -> bool:
        """Return whether a database has a model.

        Raises:
            DamagedError: the database's folder cannot be read.
        """
        names = filter(_NAME.fullmatch, _names(self.database(database)))
        return any(self._has_versions(database, name) for name in names)

    def numbers(self, database: str, model_name: str) -> list[int]:
        """Return the numbers of a model's versions, ascending; none when there is no such model.

        Raises:
            DamagedError: its folder cannot be read.
        """
        return sorted(int(name) for name in _names(self.versions(database, model_name)) if _NUMBER.match(name))

    def _has_versions(self, database: str, model_name: str) -> bool:
        try:
            return bool(self.numbers(database, model_name))
        except DamagedError:
            return True


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        place = "/".join(folder.parts[-3:])
        raise DamagedError(
            f"The folder `{place}` of the model store cannot be read: {error.strerror}. Let the server's user own it "
            "and what is in it, or restore it from a backup.",
            reason="MODEL_DAMAGED",
            file=place,
        ) from error
