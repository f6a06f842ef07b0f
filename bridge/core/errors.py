"""What can go wrong, in words for the person who called; none of these knows a transport.

An error's text says what came, what is allowed and what to do next. `reason` is a constant for programs.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher


class BridgeError(Exception):
    """Something the caller should read. Only its subclasses are raised."""

    def __init__(self, message: str, *, reason: str = "", **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.metadata = metadata


class InvalidArgumentError(BridgeError):
    """An argument is wrong whatever the state of the database is."""


class FailedPreconditionError(BridgeError):
    """The arguments are fine, but the projection, the model or the database is not in the state they need."""


class NotFoundError(BridgeError):
    """A named thing does not exist."""


class AlreadyExistsError(BridgeError):
    """A named thing exists already."""


class PermissionDeniedError(BridgeError):
    """The caller is known but may not do this."""


class UnauthenticatedError(BridgeError):
    """The token is missing or wrong."""


class ResourceExhaustedError(BridgeError):
    """A limit was reached: memory, disk, queue."""


class CancelledError(BridgeError):
    """Somebody asked for the end of this work."""


class TrainerFailedError(BridgeError):
    """The trainer process died or reported a failure of its own."""


class DamagedError(BridgeError):
    """Stored bytes are not what was written."""


class UnavailableError(BridgeError):
    """Somebody who should answer does not, or not in time. Asking again may help."""


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return `` Did you mean `x`?`` in GDS's words, or nothing when no candidate is close to `word`."""
    close = [name for name in candidates if similar(word, name)]
    if not close:
        return ""
    if len(close) == 1:
        return f" Did you mean `{close[0]}`?"
    return f" Did you mean one of [{', '.join(f'`{name}`' for name in close)}]?"


def similar(one: str, other: str) -> bool:
    """Say whether two words are close enough that one may be a slip for the other."""
    return SequenceMatcher(None, one.lower(), other.lower()).ratio() > 0.75


class Faults:
    """Collects what is wrong with a call, so that the user reads all of it at once.

    Use `with faults:` around each check; a fault ends the check, not the call.
    """

    def __init__(self) -> None:
        self._found: list[BridgeError] = []

    def __enter__(self) -> Faults:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, (InvalidArgumentError, FailedPreconditionError)):
            self._found.append(error)
            return True
        return False

    def add(self, message: str, *, reason: str = "INVALID_CONFIGURATION") -> None:
        """Note a fault."""
        self._found.append(InvalidArgumentError(message, reason=reason))

    def raise_if_any(self) -> None:
        """Raise what was found, as one error.

        Raises:
            InvalidArgumentError: one or several faults, each on a line of its own.
            FailedPreconditionError: the only fault was one.
        """
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            lines = "".join(f"\n\t\t\t\t{fault.message}" for fault in self._found)
            text = f"Multiple errors in configuration arguments:{lines}"
            raise InvalidArgumentError(text, reason="INVALID_CONFIGURATION")
