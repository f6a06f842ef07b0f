"""The model store on disk: versions appear whole or not at all, and never change."""

from __future__ import annotations

import logging

from bridge.core.errors import FailedPreconditionError, InvalidArgumentError
from bridge.registry import files
from bridge.registry.aliases import CHAMPION, PREVIOUS, check_alias, write_aliases
from bridge.registry.catalog import ModelEntry
from bridge.registry.publisher import Publisher

_log = logging.getLogger(__name__)


class Store(Publisher):
    """Models under `root/models/<database>/<model>/`: `versions/<number>/`, and `aliases.json`.

    `database` is a manifest's `store_key`. Several servers may share one store. Safe to use from any thread; every
    method reads or writes the disk and none knows asyncio.
    """

    def promote(
        self, database: str, model_name: str, version: int | str, user: str | None, alias: str = CHAMPION
    ) -> tuple[int, int | None]:
        """Put an alias on a version; when the champion moves, the old one becomes `previous`.

        An alias file that is damaged is made anew; the other aliases are then gone.

        Returns:
            the version that bears the alias now, and the one that bore it before.

        Raises:
            DamagedError: the version is.
            FailedPreconditionError: a newer bridge wrote the version or the aliases.
            InvalidArgumentError: the alias is none that one can have.
            NotFoundError: there is no such model or version.
            PermissionDeniedError: the model belongs to somebody else.
        """
        check_alias(alias)
        self.versions(database, model_name)
        self.check_owner(database, model_name, user)
        number = self.number(database, model_name, version)
        # Hashing takes its time: not under the lock.
        self._sound(database, model_name, number)
        self._answer(database, model_name)
        with self._locked(), files.full_disk_named(self._layout.root):
            self.version(database, model_name, number)  # not dropped meanwhile
            before = self._pinned(database, model_name)
            champion = alias == CHAMPION
            after = self._succeeded(database, model_name, before, number) if champion else before.moved(alias, number)
            write_aliases(self._layout.model(database, model_name), after)
        old = before.versions.get(alias)
        _log.info("model %s: `%s` is version %d now, was %s", model_name, alias, number, old)
        return number, old

    def rollback(self, database: str, model_name: str, user: str | None) -> tuple[int, int]:
        """Exchange champion and previous.

        Returns:
            the version that is champion now, and the one that was.

        Raises:
            DamagedError, FailedPreconditionError: the previous version or the alias file cannot be read; or there is
                no previous version.
            NotFoundError: there is no such model.
            PermissionDeniedError: the model belongs to somebody else.
        """
        self.versions(database, model_name)
        self.check_owner(database, model_name, user)
        while True:
            before = self._aliases(database, model_name)
            after = before.rolled_back(model_name)
            number, old = after.versions[CHAMPION], before.versions[CHAMPION]
            found = self._sound(database, model_name, number)  # not under the lock, as for `promote`
            with self._locked(), files.full_disk_named(self._layout.root):
                unmoved = self._aliases(database, model_name) == before
                if unmoved and self.version(database, model_name, number).key == found.key:
                    write_aliases(self._layout.model(database, model_name), after)
                    break
        _log.info("model %s: rolled back to version %d from %d", model_name, number, old)
        return number, old

    def remove_alias(self, database: str, model_name: str, alias: str, user: str | None) -> int:
        """Take an alias of the user's own away; return the version that bore it.

        Raises:
            DamagedError, FailedPreconditionError: the alias file cannot be read.
            InvalidArgumentError: it is `champion` or `previous`.
            NotFoundError: there is no such model or alias.
            PermissionDeniedError: the model belongs to somebody else.
        """
        if alias in (CHAMPION, PREVIOUS):
            raise InvalidArgumentError(
                f"`{alias}` can be moved and not removed: promote another version, or drop the model.",
                reason="INVALID_NAME",
            )
        self.versions(database, model_name)
        self.check_owner(database, model_name, user)
        with self._locked(), files.full_disk_named(self._layout.root):
            number = self.number(database, model_name, alias)
            write_aliases(
                self._layout.model(database, model_name), self._aliases(database, model_name).moved(alias, None)
            )
        return number

    def drop(
        self, database: str, model_name: str, user: str | None, version: int | str | None = None
    ) -> ModelEntry:
        """Throw a model away with its aliases, or one version; return the model as it was.

        Raises:
            DamagedError, FailedPreconditionError: the alias file cannot be read, so there is no telling whether the
                version bears one; or it does.
            NotFoundError: there is no such model or version.
            PermissionDeniedError: it belongs to somebody else.
        """
        self.versions(database, model_name)
        while True:
            entry = self.model(database, model_name)  # it hashes files: not under the lock, as for `promote`
            with self._locked(), files.full_disk_named(self._layout.root):
                self.check_owner(database, model_name, user)
                if tuple(self.versions(database, model_name)) != entry.versions:
                    continue  # one that came meanwhile would be thrown away without a word
                if version is None:
                    self._space.throw_away(self._layout.model(database, model_name), f"{model_name}.all")
                else:
                    self._drop_version(database, model_name, self.number(database, model_name, version))
                return entry

    def _drop_version(self, database: str, model_name: str, number: int) -> None:
        aliases = self._aliases(database, model_name)
        numbers = self.versions(database, model_name)
        if number not in numbers:
            raise self._not_found(database, model_name, f"no version {number}")
        if names := aliases.of(number):
            raise FailedPreconditionError(
                f"Version {number} of model `{model_name}` is {' and '.join(f'`{name}`' for name in names)}. Promote "
                "another version in its place (`bridge.model.promote`), take an alias of your own away "
                "(`bridge.model.alias.drop`), or drop the whole model by leaving out `modelVersion`.",
                reason="VERSION_ALIASED",
                model=model_name,
            )
        if number == numbers[-1]:  # else there is a higher one, and a full disk keeps nobody from making room
            # First: a crash between the two must not let the number come back.
            kept = aliases.model_copy(update={"highest": max(aliases.highest, number)})
            write_aliases(self._layout.model(database, model_name), kept)
        self._space.throw_away(self._layout.version(database, model_name, number), f"{model_name}.{number}")
