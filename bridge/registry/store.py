"""The model store on disk: versions appear whole or not at all, and never change."""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bridge.core.config import NAME_PATTERN
from bridge.core.errors import (
    BridgeError,
    DamagedError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    did_you_mean,
)
from bridge.registry import files
from bridge.registry.manifest import FILE_NAME_PATTERN, FORMAT_VERSION, MANIFEST_NAME, Manifest, StoredFile
from bridge.registry.version import Version, open_version

_log = logging.getLogger(__name__)

_NAME = re.compile(NAME_PATTERN)
_NUMBER = re.compile(r"^[1-9][0-9]{0,8}$")


@dataclass(frozen=True)
class ModelEntry:
    """A model in the catalog."""

    model_name: str
    versions: tuple[int, ...]
    """Ascending."""
    newest: Version | None
    """None when it cannot be read."""
    error: str = ""
    """Why the newest cannot be read; empty when it can."""


class Store:
    """Models under `root/models/<database>/<model>/versions/<number>/`.

    `database` is a manifest's `store_key`. Several servers may share one store. Safe to use from any thread; every
    method reads or writes the disk and none knows asyncio.
    """

    def __init__(self, root: Path, max_bytes: int | None = None) -> None:
        self._root = root
        self._max_bytes = max_bytes
        for folder in (root, *(root / name for name in ("models", "staging", "trash"))):
            files.make_folder(folder).chmod(0o700)
        self._staging = root / "staging" / secrets.token_hex(8)
        with self._locked():
            self._sweep()
            # Says to other servers on this store that what is staged here is not abandoned; it ends with the process.
            self._claim = files.take_lock(self._staging.with_suffix(".lock"))

    def close(self) -> None:
        """Give up what is staged and leave the store to others."""
        if self._claim is not None:
            files.remove(self._staging)
            self._staging.with_suffix(".lock").unlink(missing_ok=True)
            os.close(self._claim)
            self._claim = None

    def stage(self) -> Path:
        """Make a fresh folder for the files of a version to come; then `publish` or `discard` it.

        Raises:
            ResourceExhaustedError: the store has reached its limit, or the disk is full.
        """
        self._check_space(0)
        with files.full_disk_named(self._root):
            return files.make_folder(self._staging / secrets.token_hex(8))

    def discard(self, staging: Path) -> None:
        """Remove a staged folder, whatever is in it."""
        files.remove(staging)

    def publish(self, staging: Path, manifest: Manifest, check: Callable[[Path], None] | None = None) -> Version:
        """Make a staged folder the model's next version. It is then gone from staging, also when this fails.

        `check` gets the folder with its manifest before anyone else sees it, and raises when the version is no good:
        the place to load it in a fresh process and predict. It may take its time; other publishes go on.

        Raises:
            BridgeError: as `check` raised it.
            PermissionDeniedError: the model belongs to somebody else.
            ResourceExhaustedError: the store has reached its limit, or the disk is full.
        """
        try:
            with files.full_disk_named(self._root):
                manifest = self._seal(staging, manifest)
                if check is not None:
                    check(staging)
                with self._locked():
                    return self._commit(staging, manifest)
        finally:
            self.discard(staging)

    def check_owner(self, database: str, model_name: str, user: str) -> None:
        """Refuse a user who may neither drop this model nor train its next version. A model yet to be made is free.

        Raises:
            PermissionDeniedError: the model belongs to somebody else.
        """
        owner = self._owner(database, model_name)
        if owner not in ("", user):
            raise PermissionDeniedError(
                f"Model `{model_name}` belongs to user `{owner}`: only they may train, promote or drop it, and you are "
                f"{f'`{user}`' if user else 'not signed in'}. Choose another `modelName`, or ask them.",
                reason="NOT_OWNER",
                model=model_name,
            )

    def models(self, database: str) -> list[ModelEntry]:
        """Return the models of a database by name; one that is damaged is there and says so."""
        entries = []
        for name in self._model_names(database):
            numbers = self._numbers(database, name)
            try:
                entries.append(ModelEntry(name, tuple(numbers), self.version(database, name, numbers[-1])))
            except BridgeError as error:
                entries.append(ModelEntry(name, tuple(numbers), None, error.message))
        return entries

    def versions(self, database: str, model_name: str) -> list[int]:
        """Return the numbers of a model's versions, ascending.

        Raises:
            NotFoundError: there is no such model.
        """
        numbers = self._numbers(database, model_name)
        if not numbers:
            close = did_you_mean(model_name, self._model_names(database))
            raise NotFoundError(
                f"Model with name `{model_name}` does not exist.{close}",
                reason="MODEL_NOT_FOUND",
                model=model_name,
            )
        return numbers

    def newest(self, database: str, model_name: str) -> Version:
        """Return a model's newest version.

        Raises:
            DamagedError: its manifest is not what was written.
            NotFoundError: there is no such model.
        """
        return self.version(database, model_name, self.versions(database, model_name)[-1])

    def version(self, database: str, model_name: str, number: int) -> Version:
        """Return one version of a model.

        Raises:
            DamagedError: its manifest is not what was written.
            NotFoundError: there is no such model, or no such version of it.
        """
        numbers = self.versions(database, model_name)
        if number not in numbers:
            raise NotFoundError(
                f"Model `{model_name}` has no version {number}, only {_listed(numbers)}.",
                reason="VERSION_NOT_FOUND",
                model=model_name,
            )
        found = open_version(self._versions_folder(database, model_name) / str(number))
        if (found.model_name, found.number, found.manifest.store_key) != (model_name, number, database):
            raise DamagedError(
                f"What is stored as version {number} of model `{model_name}` is version {found.number} of "
                f"`{found.model_name}` in `{found.manifest.database}`. Restore the folder from a backup, or drop "
                "the model and train it again.",
                reason="MODEL_DAMAGED",
                model=model_name,
            )
        return found

    def drop(self, database: str, model_name: str, user: str) -> ModelEntry:
        """Remove a model with all its versions; return what it was.

        Raises:
            NotFoundError: there is no such model.
            PermissionDeniedError: it belongs to somebody else.
        """
        with self._locked():
            self.versions(database, model_name)
            self.check_owner(database, model_name, user)
            entry = next(entry for entry in self.models(database) if entry.model_name == model_name)
            trash = self._root / "trash" / secrets.token_hex(8)
            files.move(self._database_folder(database) / model_name, trash)
        files.remove(trash)
        return entry

    def _seal(self, staging: Path, manifest: Manifest) -> Manifest:
        stored = {}
        for path in sorted(staging.iterdir()):
            if path.name == MANIFEST_NAME or not re.match(FILE_NAME_PATTERN, path.name):
                raise ValueError(f"{path.name} is no name for a file of a version")
            size, digest = files.seal(path)
            stored[path.name] = StoredFile(bytes=size, sha256=digest)
        self._check_space(sum(file.bytes for file in stored.values()))
        number = max(self._numbers(manifest.store_key, manifest.model_name), default=0) + 1
        sealed = manifest.model_copy(update={"format_version": FORMAT_VERSION, "files": stored, "version": number})
        files.write_file(staging / MANIFEST_NAME, sealed.to_json())
        files.sync_folder(staging)
        return sealed

    def _commit(self, staging: Path, manifest: Manifest) -> Version:
        database, name = manifest.store_key, manifest.model_name
        self.check_owner(database, name, manifest.owner)
        number = max(self._numbers(database, name), default=0) + 1
        if number != manifest.version:  # somebody else published while this one was checked
            files.write_file(staging / MANIFEST_NAME, manifest.model_copy(update={"version": number}).to_json())
        place = files.make_folder(self._versions_folder(database, name)) / str(number)
        files.move(staging, place)
        return open_version(place)

    def _check_space(self, more_bytes: int) -> None:
        if self._max_bytes is None:
            return
        used = files.used_bytes(self._root / "models")
        if used + more_bytes > self._max_bytes or used >= self._max_bytes:
            raise ResourceExhaustedError(
                f"The model store holds {_mib(used)} and may hold {_mib(self._max_bytes)}"
                f"{f', and this version has {_mib(more_bytes)}' if more_bytes else ''}. Drop models that are not "
                "needed (`bridge.model.drop`), or raise the server's limit.",
                reason="STORE_FULL",
            )

    def _owner(self, database: str, model_name: str) -> str:
        """Return the owner as the newest undamaged version names them; empty when there is none."""
        for number in reversed(self._numbers(database, model_name)):
            try:
                return open_version(self._versions_folder(database, model_name) / str(number)).manifest.owner
            except (DamagedError, NotFoundError) as error:
                _log.warning("owner of model %s: version %d cannot be read: %s", model_name, number, error)
        return ""

    def _model_names(self, database: str) -> list[str]:
        names = sorted(filter(_NAME.fullmatch, _names(self._database_folder(database))))
        return [name for name in names if self._numbers(database, name)]

    def _numbers(self, database: str, model_name: str) -> list[int]:
        return sorted(int(name) for name in _names(self._versions_folder(database, model_name)) if _NUMBER.match(name))

    def _versions_folder(self, database: str, model_name: str) -> Path:
        if not _NAME.fullmatch(model_name):
            raise InvalidArgumentError(
                f"`modelName` was `{model_name}`, but must be 1 to 64 letters, digits, `.`, `_` or `-`, "
                "and start with a letter or digit.",
                reason="INVALID_NAME",
            )
        return self._database_folder(database) / model_name / "versions"

    def _database_folder(self, database: str) -> Path:
        # One folder a name, and none of them `..` or hidden.
        safe = quote(database, safe="")
        return self._root / "models" / (safe.replace(".", "%2E") if safe.startswith(".") else safe or "%")

    def _locked(self) -> AbstractContextManager[None]:
        return files.locked(self._root / "store.lock")

    def _sweep(self) -> None:
        """Remove what processes that are gone left behind."""
        for folder in (self._root / "trash").iterdir():
            files.remove(folder)
        for path in (self._root / "staging").iterdir():
            lock = path.with_suffix(".lock")
            claim = files.take_lock(lock)
            if claim is None:
                continue
            files.remove(lock.with_suffix(""))
            lock.unlink(missing_ok=True)
            os.close(claim)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers)) if len(numbers) <= 10 else f"{numbers[0]} to {numbers[-1]}"


def _mib(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB"
