"""Movable names of a model's versions, in one file that is replaced whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError, model_validator

from bridge.core.config import NAME_PATTERN, ModelName
from bridge.core.errors import FailedPreconditionError, InvalidArgumentError
from bridge.registry import files
from bridge.registry.document import damaged, from_document, to_document

ALIASES_NAME = "aliases.json"
FORMAT_VERSION = 1
"""Of what this bridge writes; it reads this and older ones."""

CHAMPION = "champion"
"""The version that answers when none is asked for."""
PREVIOUS = "previous"
"""The champion before this one: what a rollback returns to, and what answers while the champion is damaged."""

_NAME = re.compile(NAME_PATTERN)
_ADVICE = "Restore the file from a backup, or say which version is to answer: `bridge.model.promote`."


class Aliases(BaseModel):
    """The aliases of one model. Moving one makes another document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: int = FORMAT_VERSION
    versions: dict[ModelName, PositiveInt]
    """By alias, the version that bears it; `champion` is always there."""
    highest: int = 0
    """The highest version that was ever dropped, so that no number comes back; 0 when none was."""

    @model_validator(mode="after")
    def _has_champion(self) -> Self:
        if CHAMPION not in self.versions:
            raise ValueError("no champion")
        return self

    def of(self, number: int) -> list[str]:
        """Return the aliases of a version, sorted."""
        return sorted(name for name, version in self.versions.items() if version == number)

    def moved(self, alias: str, number: int | None) -> Aliases:
        """Return these with an alias on another version, or without it. A champion that moves leaves `previous`."""
        versions = {name: version for name, version in self.versions.items() if name != alias}
        if number is not None:
            versions[alias] = number
        if alias == CHAMPION and number != self.versions[CHAMPION]:
            versions[PREVIOUS] = self.versions[CHAMPION]
        return self.model_copy(update={"versions": versions})

    def rolled_back(self, model_name: str) -> Aliases:
        """Return these with champion and previous exchanged.

        Raises:
            FailedPreconditionError: there is no previous.
        """
        if PREVIOUS not in self.versions:
            raise FailedPreconditionError(
                f"Model `{model_name}` has no `{PREVIOUS}` version to roll back to: version {self.versions[CHAMPION]} "
                f"is the first `{CHAMPION}`. Name the version that is to answer: `bridge.model.promote`.",
                reason="NO_PREVIOUS",
                model=model_name,
            )
        return self.moved(CHAMPION, self.versions[PREVIOUS])


def check_alias(alias: str) -> None:
    """Refuse what cannot be told from a number, what is no name, and what moves by itself.

    Raises:
        InvalidArgumentError: it is one of these.
    """
    if not _NAME.fullmatch(alias) or alias.isdecimal():
        raise InvalidArgumentError(
            f"`alias` was `{alias}`, but must be 1 to 64 letters, digits, `.`, `_` or `-`, start with a letter or "
            "digit, and not be a number, which would look like a version.",
            reason="INVALID_NAME",
        )
    if alias == PREVIOUS:
        raise InvalidArgumentError(
            f"`alias` was `{PREVIOUS}`, which follows `{CHAMPION}` by itself. Promote a version to `{CHAMPION}`, or "
            "choose another name.",
            reason="INVALID_NAME",
        )


def read_aliases(folder: Path) -> Aliases | None:
    """Return the aliases of the model in a folder; None when it has no such file, as before there were aliases.

    Raises:
        DamagedError: the file is not what was written.
        FailedPreconditionError: a newer bridge wrote it.
    """
    place = f"{folder.parent.name}/{folder.name}/{ALIASES_NAME}"
    try:
        text = files.read_plain(folder / ALIASES_NAME)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise damaged(place, f"it cannot be read ({error.strerror})", _ADVICE) from error
    content = from_document(text, place, what="list of aliases", reads_up_to=FORMAT_VERSION, advice=_ADVICE)
    try:
        return Aliases.model_validate_json(json.dumps(content))
    except ValidationError:
        raise damaged(place, "its fields are not as bridge writes them", _ADVICE) from None


def write_aliases(folder: Path, aliases: Aliases) -> None:
    """Replace the aliases of the model in a folder: after a crash there are the old ones or the new ones."""
    commit_aliases(prepare_aliases(folder, aliases))


def prepare_aliases(folder: Path, aliases: Aliases) -> Path:
    """Write aliases beside those in force, so that putting them into force needs no more space."""
    files.make_folder(folder)
    partial = folder / f"{ALIASES_NAME}.partial"
    files.write_file(partial, to_document(aliases.model_dump(mode="json")))
    return partial


def commit_aliases(partial: Path) -> None:
    """Put prepared aliases into force."""
    files.move(partial, partial.with_name(ALIASES_NAME))
