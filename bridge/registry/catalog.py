"""What a model store holds, and which version of a model answers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.core.errors import BridgeError, DamagedError, NotFoundError, did_you_mean
from bridge.registry.aliases import ALIASES_NAME, CHAMPION, PREVIOUS, Aliases, read_aliases
from bridge.registry.database_names import DatabaseNames
from bridge.registry.layout import Layout
from bridge.registry.notes import Notes
from bridge.registry.soundness import Soundness
from bridge.registry.version import Version, open_version

_log = logging.getLogger(__name__)

_ATTEMPTS = 5
"""Times the aliases are read again when a version goes between being named and being opened."""


@dataclass(frozen=True)
class ModelEntry:
    """A model in the catalog."""

    model_name: str
    versions: tuple[int, ...]
    """Ascending."""
    number: int
    """The version that answers, or would if it could be read; 0 when not even the versions can be listed."""
    answering: Version | None
    """None when no version can answer."""
    error: str = ""
    """What keeps a version that `champion` or `previous` names from answering, and which one answers instead; empty
    when both can."""
    aliases: dict[str, int] = field(default_factory=dict)
    """By alias, the version that bears it; empty when they cannot be read."""

    def aliases_of(self, number: int) -> list[str]:
        """Return the aliases of one version, sorted."""
        return sorted(alias for alias, version in self.aliases.items() if version == number)


@dataclass(frozen=True)
class _Answer:
    number: int
    version: Version | None
    failure: BridgeError | None
    """What keeps the version that should answer from it."""
    note: str


class Catalog:
    """The models of a store, to read. `database` is a manifest's `store_key`.

    Safe to use from any thread; every method reads the disk and none knows asyncio.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._soundness = Soundness()
        self._notes = Notes()
        self._names = DatabaseNames(layout)

    def databases(self) -> dict[str, str]:
        """Return what each database with models is filed under, by its name; those that share one go by the former."""
        return self._names.keys()

    def database_key(self, database_name: str) -> str:
        """Return what the models of a database are filed under. The name may be empty where there is one alone.

        Raises:
            InvalidArgumentError, NotFoundError: several databases may be meant; or no such database has models.
        """
        return self._names.key(database_name)

    def models(self, database: str) -> list[ModelEntry]:
        """Return the models of a database by name; one that is damaged is there and says so."""
        entries = [self.listed(database, name) for name in self.model_names(database)]
        return [entry for entry in entries if entry is not None]

    def model_names(self, database: str) -> list[str]:
        """Return the names of a database's models, sorted.

        Raises:
            DamagedError: the database's folder cannot be read.
        """
        return self._layout.model_names(database)

    def listed(self, database: str, model_name: str) -> ModelEntry | None:
        """Return a model for a list, whatever is damaged; None when it was dropped at this moment."""
        try:
            return self.model(database, model_name)
        except NotFoundError:
            return None
        except DamagedError as error:  # not even its versions can be listed
            return ModelEntry(model_name, (), 0, None, f"{error.message} No version can answer.")

    def model(self, database: str, model_name: str) -> ModelEntry:
        """Return one model; one that is damaged is there and says so.

        Raises:
            DamagedError: not even its versions can be listed.
            NotFoundError: there is no such model.
        """
        answer = self._answer(database, model_name)
        try:
            aliases = self.aliases(database, model_name)
        except BridgeError:  # the answer's note says so
            aliases = {}
        notes = [answer.note] if answer.note else []
        previous = aliases.get(PREVIOUS)
        if not notes and previous is not None:
            try:
                self._sound(database, model_name, previous)
            except BridgeError as error:
                notes.append(f"{error.message} It is `{PREVIOUS}`: there is nothing to roll back to.")
        numbers = tuple(self.versions(database, model_name))
        return ModelEntry(model_name, numbers, answer.number, answer.version, " ".join(notes), aliases)

    def versions(self, database: str, model_name: str) -> list[int]:
        """Return the numbers of a model's versions, ascending.

        Raises:
            DamagedError: the folder of them cannot be read.
            NotFoundError: there is no such model.
        """
        numbers = self._layout.numbers(database, model_name)
        if not numbers:
            all_of_them = " `CALL bridge.model.list()`, or `bridge models` in a shell, shows those that there are."
            close = did_you_mean(model_name, self._layout.model_names(database)) or all_of_them
            text = f"Model with name `{model_name}` does not exist.{close}"
            raise NotFoundError(text, reason="MODEL_NOT_FOUND", model=model_name)
        return numbers

    def aliases(self, database: str, model_name: str) -> dict[str, int]:
        """Return the versions by alias; a model made before there were aliases has its newest as champion.

        Raises:
            DamagedError: the file is not what was written.
            FailedPreconditionError: a newer bridge wrote it.
            NotFoundError: there is no such model.
        """
        return dict(self._aliases(database, model_name).versions)

    def resolve(self, database: str, model_name: str, version: int | str | None = None) -> Version:
        """Return the version of a number or alias. By default, and for `champion`, the one that answers: while the
        champion is damaged that is the previous one.

        Raises:
            DamagedError, FailedPreconditionError: it cannot be read, and nothing may answer in its place.
            NotFoundError: there is no such model, version or alias.
        """
        if version is not None and version != CHAMPION:
            return self.version(database, model_name, self.number(database, model_name, version))
        answer = self._answer(database, model_name)
        self._notes.say(model_name, answer.note)
        if answer.version is None:
            assert answer.failure is not None, "what does not answer has a reason"
            raise answer.failure
        return answer.version

    def number(self, database: str, model_name: str, version: int | str) -> int:
        """Return the number that is meant, whether or not that version can answer.

        Raises:
            DamagedError, FailedPreconditionError: an alias was asked for, and the file of them cannot be read.
            NotFoundError: there is no such model or alias.
        """
        if isinstance(version, int):
            return version
        aliases = self._aliases(database, model_name).versions
        if version not in aliases:
            raise self._not_found(database, model_name, f"no alias `{version}`")
        return aliases[version]

    def version(self, database: str, model_name: str, number: int) -> Version:
        """Return one version of a model.

        Raises:
            DamagedError: its manifest is not what was written.
            FailedPreconditionError: a newer bridge wrote it.
            NotFoundError: there is no such model, or no such version of it.
        """
        if number not in self.versions(database, model_name):
            raise self._not_found(database, model_name, f"no version {number}")
        found = open_version(self._layout.version(database, model_name, number))
        if (found.model_name, found.number, found.manifest.store_key) != (model_name, number, database):
            raise DamagedError(
                f"What is stored as version {number} of model `{model_name}` is version {found.number} of "
                f"`{found.model_name}` in `{found.manifest.database}`. Restore the folder from a backup, or drop "
                "the model and train it again.",
                reason="MODEL_DAMAGED",
                model=model_name,
            )
        return found

    def signs(self, database: str, model_name: str) -> list[Path]:
        """Return the paths of which one changes its stat whenever another version of the model may answer, and
        whenever `database_key` may say something else."""
        layout = self._layout
        aliases = layout.model(database, model_name) / ALIASES_NAME
        return [layout.models, aliases, layout.versions(database, model_name)]

    def check_sound(self, version: Version) -> None:
        """Hash the files of a version, unless they were and have not changed since.

        Raises:
            DamagedError: a file is not what was written.
            NotFoundError: the version was dropped.
        """
        self._soundness.check(version)

    def condemn(self, version: Version, damage: DamagedError) -> None:
        """Have a version answer no more: its files are what was written, but loading it has failed."""
        self._soundness.condemn(version, damage)

    def verify_aliased(self) -> list[ModelEntry]:
        """Hash the files of every version that `champion` or `previous` names; return the models with damage.

        Raises:
            DamagedError: the folder of all models cannot be read.
        """
        entries: list[ModelEntry] = []
        for database in self._layout.databases():
            try:
                entries += self.models(database)
            except DamagedError as error:  # the other databases' models can answer
                _log.error("%s", error.message)
        damaged = [entry for entry in entries if entry.error]
        for entry in damaged:
            self._notes.say(entry.model_name, entry.error)
        return damaged

    def _answer(self, database: str, model_name: str) -> _Answer:
        """Find the version that answers; a version dropped meanwhile has lost its aliases before."""
        for _ in range(_ATTEMPTS):
            named = self._candidates(database, model_name)
            answer = self._first_sound(database, model_name, *named)
            if answer.failure is None or named == self._candidates(database, model_name):
                break
        return answer

    def _candidates(self, database: str, model_name: str) -> tuple[list[int], str]:
        """Return the versions that may answer, the best first, and what is wrong with the aliases."""
        numbers = self.versions(database, model_name)
        try:
            aliases = read_aliases(self._layout.model(database, model_name))
        except BridgeError as error:
            return numbers[::-1], error.message
        if aliases is None:
            return numbers[::-1], ""
        return [aliases.versions[name] for name in (CHAMPION, PREVIOUS) if name in aliases.versions], ""

    def _first_sound(self, database: str, model_name: str, numbers: Sequence[int], note: str) -> _Answer:
        failure: BridgeError | None = None
        for number in numbers:
            try:
                version = self._sound(database, model_name, number)
            except BridgeError as error:
                failure = failure or error
                continue
            notes = [text for text in (note, failure.message if failure else "") if text]
            instead = [f"Version {number} answers meanwhile."] if notes else []
            return _Answer(number, version, failure, " ".join(notes + instead))
        assert failure is not None, "a model has a version"
        notes = [text for text in (note, failure.message, "No version can answer.") if text]
        return _Answer(numbers[0], None, failure, " ".join(notes))

    def _sound(self, database: str, model_name: str, number: int) -> Version:
        version = self.version(database, model_name, number)
        self._soundness.check(version)
        return version

    def _aliases(self, database: str, model_name: str) -> Aliases:
        numbers = self.versions(database, model_name)
        found = read_aliases(self._layout.model(database, model_name))
        return Aliases(versions={CHAMPION: numbers[-1]}) if found is None else found

    def _not_found(self, database: str, model_name: str, what: str) -> NotFoundError:
        try:
            aliases = [f"`{alias}` ({number})" for alias, number in self.aliases(database, model_name).items()]
        except BridgeError:
            aliases = []
        named = f"; its aliases are {', '.join(aliases)}" if aliases else ""
        return NotFoundError(
            f"Model `{model_name}` has {what}, only {_listed(self.versions(database, model_name))}{named}.",
            reason="VERSION_NOT_FOUND",
            model=model_name,
        )


def _listed(numbers: list[int]) -> str:
    listed = ", ".join(map(str, numbers)) if len(numbers) <= 10 else f"{numbers[0]} to {numbers[-1]}"
    return f"the version{'' if len(numbers) == 1 else 's'} {listed}"
