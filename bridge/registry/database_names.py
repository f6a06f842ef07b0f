"""The databases of a store by their names, whereas models are filed under ids."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from bridge.core.errors import BridgeError, DamagedError, InvalidArgumentError, NotFoundError, did_you_mean
from bridge.registry.layout import Layout
from bridge.registry.version import open_version

SETTLED_NANOS = 10**9
"""A folder whose time of change is as old as this has not changed since, however coarse the file system's clock is."""


@dataclass(frozen=True)
class _Seen:
    """What was found, and when the folder of all models had last changed."""

    changed_nanos: int = -1
    keys: Mapping[str, str] = field(default_factory=dict)


class DatabaseNames:
    """Which database has which name. A database that was dropped and made anew has the old name and another id."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[str, str] = {}
        """Names by what models are filed under. A database keeps its name for life, so none is asked twice."""
        self._seen = _Seen()

    def keys(self) -> dict[str, str]:
        """Return what each database with models is filed under, by its name, sorted.

        Databases that share a name go by what they are filed under, as one does of which no manifest can be read.
        """
        changed = self._layout.changed_nanos()
        there = self._layout.databases()
        names = {key: self._name(key) for key in there if self._has_models(key)}
        times = Counter(names.values())
        keys = dict(sorted((name if times[name] == 1 else key, key) for key, name in names.items()))
        if names.keys() == set(there) == self._known.keys() & set(there):
            self._seen = _Seen(changed, keys)
        return keys

    def key(self, name: str) -> str:
        """Return what the models of a database are filed under. The name may be empty where there is one alone.

        Raises:
            InvalidArgumentError: several databases may be meant.
            NotFoundError: no such database has models.
        """
        if (key := self._seen_key(name)) is not None:
            return key
        keys = self.keys()
        for spelled in (name, name.lower()):  # as Neo4j does, which keeps them in lower case
            if spelled in keys:
                return keys[spelled]
        if not name and len(keys) == 1:
            return next(iter(keys.values()))
        raise self._no_key(name, keys)

    def _seen_key(self, name: str) -> str | None:
        """Return the key as it was found last, while no database has come since; every prediction asks for one."""
        seen = self._seen
        changed = self._layout.changed_nanos()
        if changed != seen.changed_nanos or time.time_ns() - changed < SETTLED_NANOS:
            return None
        if not name and len(seen.keys) == 1:
            return next(iter(seen.keys.values()))
        return seen.keys.get(name)

    def _no_key(self, name: str, keys: Mapping[str, str]) -> BridgeError:
        there = ", ".join(f"`{each}`" for each in keys)
        if not keys:
            text = "No models are stored. Train one: `CALL bridge.gnn.train`."
            return NotFoundError(text, reason="DATABASE_NOT_FOUND")
        if not name:
            return InvalidArgumentError(
                f"`database` was empty, but models of several databases are stored: {there}. Name one of them.",
                reason="DATABASE_NOT_GIVEN",
            )
        ids = [key for key in keys.values() if self._known.get(key) in (name, name.lower())]
        if ids:
            return InvalidArgumentError(
                f"`database` was `{name}`, but models of {len(ids)} databases of that name are stored. Name one by its "
                f"id: {', '.join(f'`{each}`' for each in ids)}. Delete the models of one that is no more.",
                reason="DATABASE_AMBIGUOUS",
                database=name,
            )
        return NotFoundError(
            f"No models of a database `{name}` are stored, only of {there}.{did_you_mean(name, keys)}",
            reason="DATABASE_NOT_FOUND",
            database=name,
        )

    def _has_models(self, key: str) -> bool:
        try:
            return self._layout.has_models(key)
        except DamagedError:  # what cannot be read is not nothing
            return True

    def _name(self, key: str) -> str:
        if key not in self._known:
            found = self._read_name(key)
            if found is None:  # nothing can be read now; a restored file may tell later
                return key
            self._known[key] = found
        return self._known[key]

    def _read_name(self, key: str) -> str | None:
        """Return the database's name as the first manifest has it that can be read."""
        with suppress(DamagedError):
            for model in self._layout.model_names(key):
                for number in reversed(self._numbers(key, model)):
                    with suppress(BridgeError):
                        return open_version(self._layout.version(key, model, number)).manifest.database
        return None

    def _numbers(self, key: str, model: str) -> list[int]:
        try:
            return self._layout.numbers(key, model)
        except DamagedError:
            return []
