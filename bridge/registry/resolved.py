"""Which version a name means, remembered for as long as nothing about its model changes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bridge.core.errors import BridgeError
from bridge.registry.aliases import CHAMPION
from bridge.registry.catalog import Catalog
from bridge.registry.version import Version

RECHECK_SECONDS = 1.0
"""How old the last look at a version's files may be. Aliases and versions are looked at each time."""

MOST_KEPT = 1_000
"""Names that are remembered."""

_Name = tuple[str, str, int | str | None]
_Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class _Known:
    version: Version
    signs: tuple[str, ...]
    """Paths that tell by their stamp whether another version may be meant."""
    stamp: _Stamp
    checked: float
    """By the clock."""


class Resolved:
    """What `Catalog.resolve` said, for questions that come by the thousand. Safe between threads.

    A version that is promoted, rolled back, published or dropped, by whichever server, is seen by the next question.
    """

    def __init__(self, catalog: Catalog, clock: Callable[[], float] = time.monotonic) -> None:
        self._catalog = catalog
        self._clock = clock
        self._known: dict[_Name, _Known] = {}
        self._lock = threading.Lock()

    def find(self, database_name: str, model_name: str, version: int | str | None) -> Version | None:
        """Return the version if memory tells, at the cost of three stat calls; else ask `resolve`, off the event loop.

        Arguments as for `resolve`.
        """
        known = self._known.get((database_name, model_name, version))
        if known is None or self._clock() - known.checked > RECHECK_SECONDS:
            return None
        return known.version if _stamp(known.signs) == known.stamp else None

    def resolve(self, database_name: str, model_name: str, version: int | str | None) -> Version:
        """Find the version as `Catalog.resolve` does, which reads its manifest and may hash its files.

        `database_name` as for `Catalog.database_key`.

        Raises:
            BridgeError: as these two raise it.
        """
        name = (database_name, model_name, version)
        known = self._known.get(name)
        if known is None or not self._still(known):
            return self._anew(*name)
        self._remember(name, replace(known, checked=self._clock()))
        return known.version

    def forget(self, database_name: str, model_name: str, version: int | str | None) -> None:
        """Ask anew next time."""
        with self._lock:
            self._known.pop((database_name, model_name, version), None)

    def _still(self, known: _Known) -> bool:
        if _stamp(known.signs) != known.stamp:
            return False
        try:
            self._catalog.check_sound(known.version)
        except BridgeError:
            return False
        return True

    def _anew(self, database_name: str, model_name: str, version: int | str | None) -> Version:
        name = (database_name, model_name, version)
        self.forget(*name)
        database = self._catalog.database_key(database_name)
        signs = tuple(map(str, self._catalog.signs(database, model_name)))
        # Before: what changes from here on makes another stamp than this one.
        stamp, now = _stamp(signs), self._clock()
        found = self._catalog.resolve(database, model_name, version)
        if self._is_meant(database, found, version):
            self._remember(name, _Known(found, signs, stamp, now))
        return found

    def _is_meant(self, database: str, found: Version, version: int | str | None) -> bool:
        """Say whether no other version would answer if a file were restored."""
        try:
            wanted = self._catalog.number(database, found.model_name, CHAMPION if version is None else version)
        except BridgeError:
            return False
        return wanted == found.number

    def _remember(self, name: _Name, known: _Known) -> None:
        with self._lock:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[name] = known


def _stamp(signs: Sequence[str]) -> _Stamp:
    return tuple(map(_stamp_of, signs))


def _stamp_of(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
