"""How a version comes into a model store: staged, hashed, numbered, renamed, never to be seen half done."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from bridge.core.errors import DamagedError, FailedPreconditionError, NotFoundError, PermissionDeniedError
from bridge.registry import files
from bridge.registry.aliases import (
    CHAMPION,
    PREVIOUS,
    Aliases,
    commit_aliases,
    prepare_aliases,
    read_aliases,
    write_aliases,
)
from bridge.registry.catalog import Catalog
from bridge.registry.layout import Layout
from bridge.registry.manifest import FORMAT_VERSION, MANIFEST_NAME, Manifest
from bridge.registry.sealing import seal_files
from bridge.registry.space import Space
from bridge.registry.version import Version, open_version

_log = logging.getLogger(__name__)

ANY = -1
"""No version's number: publish, whichever is champion."""


class ChampionMovedError(FailedPreconditionError):
    """Between the decision to publish and the publishing another version became champion."""


class Publisher(Catalog):
    """The models of a store, to read and to add to."""

    def __init__(self, root: Path, max_bytes: int | None = None) -> None:
        super().__init__(Layout(root))
        self._space = Space(self._layout, max_bytes)

    def close(self) -> None:
        """Give up what is staged and leave the store to others."""
        self._space.close()

    def stage(self) -> Path:
        """Make a fresh folder for the files of a version to come; then `publish` or `discard` it.

        Raises:
            ResourceExhaustedError: the store has reached its limit, or the disk is full.
        """
        return self._space.stage()

    def discard(self, staging: Path) -> None:
        """Remove a staged folder, whatever is in it."""
        files.remove(staging)

    def publish(
        self,
        staging: Path,
        manifest: Manifest,
        check: Callable[[Path], None] | None = None,
        *,
        promote: bool = True,
        champion: int | None = ANY,
    ) -> Version:
        """Make a staged folder the model's next version. It is then gone from staging, also when this fails.

        `check` gets the folder with its manifest before anyone else sees it, and raises when the version is no good:
        the place to load it in a fresh process and predict. It may take its time; other publishes go on. With
        `promote` the version becomes `champion` in the same step; the first version of a model always does.
        Who decided that by a comparison names the `champion` that it was with, None for a model without a version.
        Files that the manifest has already are those that were written, and no others are published.

        Raises:
            BridgeError: as `check` raised it.
            ChampionMovedError: another version is champion now; the folder is still staged.
            DamagedError: a file is not what the manifest says was written.
            FailedPreconditionError: a newer bridge keeps the model's aliases.
            PermissionDeniedError: the model belongs to somebody else.
            ResourceExhaustedError: the store has reached its limit, or the disk is full.
        """
        # Over 40 lines for its contract. The steps stand in one place: their order is what keeps a store whole.
        try:
            with files.full_disk_named(self._layout.root):
                manifest = self._seal(staging, manifest)
                if check is not None:
                    check(staging)
                with suppress(NotFoundError):  # the first of its model
                    self._answer(manifest.store_key, manifest.model_name)  # hashed now, it is not under the lock
                with self._locked():
                    self._check_champion(manifest, champion)
                    version = self._commit(staging, manifest, promote)
        except ChampionMovedError:
            (staging / MANIFEST_NAME).unlink()
            raise
        except BaseException:
            self.discard(staging)
            raise
        self._soundness.trust(version)
        return version

    def owner(self, database: str, model_name: str) -> str:
        """Return the owner as the newest undamaged version names them; empty when there is none.

        Raises:
            FailedPreconditionError: only a newer bridge could tell.
        """
        newer: FailedPreconditionError | None = None
        for number in reversed(self._layout.numbers(database, model_name)):
            try:
                return open_version(self._layout.version(database, model_name, number)).manifest.owner
            except FailedPreconditionError as error:
                newer = newer or error
            except (DamagedError, NotFoundError) as error:
                _log.warning("owner of model %s: version %d cannot be read: %s", model_name, number, error)
        if newer is not None:
            raise newer
        return ""

    def champion(self, database: str, model_name: str) -> int | None:
        """Return the number of the version that the next one is measured by; None when the model has none.

        Raises:
            FailedPreconditionError: a newer bridge keeps the aliases.
        """
        if not self._layout.numbers(database, model_name):
            return None
        return (self._readable(database, model_name) or self._answering(database, model_name)).versions[CHAMPION]

    def check_owner(self, database: str, model_name: str, user: str | None) -> None:
        """Refuse a user who may neither drop this model nor train its next version. A model yet to be made is free.

        None is an operator, here and below: they may act on everyone's models.

        Raises:
            PermissionDeniedError: the model belongs to somebody else.
        """
        if user is None:
            return
        owner = self.owner(database, model_name)
        if owner not in ("", user):
            raise PermissionDeniedError(
                f"Model `{model_name}` belongs to user `{owner}`: only they may train, promote or drop it, and you are "
                f"{f'`{user}`' if user else 'not signed in'}. Choose another `modelName`, or ask them.",
                reason="NOT_OWNER",
                model=model_name,
            )

    def _seal(self, staging: Path, manifest: Manifest) -> Manifest:
        stored = seal_files(staging, manifest.files)
        self._space.make_room(sum(file.bytes for file in stored.values()))
        number = max(self._layout.numbers(manifest.store_key, manifest.model_name), default=0) + 1
        sealed = manifest.model_copy(update={"format_version": FORMAT_VERSION, "files": stored, "version": number})
        files.write_file(staging / MANIFEST_NAME, sealed.to_json())
        files.sync_folder(staging)
        return sealed

    def _commit(self, staging: Path, manifest: Manifest, promote: bool) -> Version:
        """Number the version, move it to its place, move the champion. Each step leaves a store that answers."""
        database, name = manifest.store_key, manifest.model_name
        self.check_owner(database, name, manifest.owner)
        first = not self._layout.numbers(database, name)
        aliases = None if first else self._pinned(database, name)
        final = manifest.model_copy(update=self._place_of(manifest, aliases))
        if final != manifest:
            files.write_file(staging / MANIFEST_NAME, final.to_json())
        place = files.make_folder(self._layout.versions(database, name)) / str(final.version)
        if aliases is None:
            after = Aliases(versions={CHAMPION: final.version})
        else:
            after = self._succeeded(database, name, aliases, final.version) if promote else aliases
        prepared = prepare_aliases(self._layout.model(database, name), after)  # a disk that is full now spoils nothing
        files.move(staging, place)
        commit_aliases(prepared)
        return open_version(place)

    def _succeeded(self, database: str, model_name: str, before: Aliases, number: int) -> Aliases:
        """Return the aliases with another champion; `previous` is the version that answered until now.

        That is another than the champion while this is damaged, and then the one to roll back to.
        """
        answer = self._answer(database, model_name)
        after = before.moved(CHAMPION, number)
        if answer.version is None or number in (answer.number, before.versions[CHAMPION]):
            return after
        return after.moved(PREVIOUS, answer.number)

    def _place_of(self, manifest: Manifest, aliases: Aliases | None) -> dict[str, int | None]:
        """Return what only the moment of publishing knows of a version."""
        numbers = self._layout.numbers(manifest.store_key, manifest.model_name)
        champion = aliases.versions[CHAMPION] if aliases else None
        return {
            "version": max([*numbers, aliases.highest if aliases else 0]) + 1,
            "parent_version": champion if manifest.parent_version is None else manifest.parent_version,
        }

    def _check_champion(self, manifest: Manifest, expected: int | None) -> None:
        if expected == ANY:
            return
        now = self.champion(manifest.store_key, manifest.model_name)
        if now != expected:
            raise ChampionMovedError(
                f"Version {now} of `{manifest.model_name}` became `{CHAMPION}` a moment ago. Train again.",
                reason="CHAMPION_MOVED",
                model=manifest.model_name,
            )

    def _pinned(self, database: str, model_name: str) -> Aliases:
        """Return the aliases to change; where there are none, or damaged ones, write down first what answers now."""
        found = self._readable(database, model_name)
        if found is None:
            found = self._answering(database, model_name)
            write_aliases(self._layout.model(database, model_name), found)
        return found

    def _readable(self, database: str, model_name: str) -> Aliases | None:
        try:
            return read_aliases(self._layout.model(database, model_name))
        except DamagedError as error:
            _log.warning("model %s: its aliases are to be made anew: %s", model_name, error.message)
            return None

    def _answering(self, database: str, model_name: str) -> Aliases:
        return Aliases(versions={CHAMPION: self._answer(database, model_name).number})

    def _locked(self) -> AbstractContextManager[None]:
        return files.locked(self._layout.lock)
