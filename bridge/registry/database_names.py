"""The databases of a store by their names, whereas models are filed under ids."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from bridge.core.errors import BridgeError, DamagedError, InvalidArgumentError, NotFoundError, did_you_mean
from bridge.registry.layout import Layout
from bridge.registry.version import open_version


class DatabaseNames:
    """Which database has which name. A database that was dropped and made anew has the old name and another id."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[str, str] = {}
        """Names by what models are filed under. A database keeps its name for life, so none is asked twice."""

    def keys(self) -> dict[str, str]:
        """Return what each database with models is filed under, by its name, sorted.

        Of several databases that had one name in turn, the one with the youngest model has it; the others go by what
        they are filed under, as one does of which no manifest can be read.
        """
        found: dict[str, list[str]] = {}
        for key in self._layout.databases():
            if self._has_models(key):
                found.setdefault(self._name(key), []).append(key)
        named: dict[str, str] = {}
        for name, keys in found.items():
            youngest = max(keys, key=self._youngest_millis) if len(keys) > 1 else keys[0]
            named |= {name if key == youngest else key: key for key in keys}
        return dict(sorted(named.items()))

    def key(self, name: str) -> str:
        """Return what the models of a database are filed under. The name may be empty where there is one alone.

        Raises:
            InvalidArgumentError: it is empty, and several databases have models.
            NotFoundError: no such database has models.
        """
        keys = self.keys()
        for spelled in (name, name.lower()):  # as Neo4j does, which keeps them in lower case
            if spelled in keys:
                return keys[spelled]
        if not keys:
            raise NotFoundError(
                "No models are stored. Train one: `CALL bridge.gnn.train`.", reason="DATABASE_NOT_FOUND"
            )
        there = ", ".join(f"`{each}`" for each in keys)
        if name:
            raise NotFoundError(
                f"No models of a database `{name}` are stored, only of {there}.{did_you_mean(name, keys)}",
                reason="DATABASE_NOT_FOUND",
                database=name,
            )
        if len(keys) == 1:
            return next(iter(keys.values()))
        raise InvalidArgumentError(
            f"`database` was empty, but models of several databases are stored: {there}. Name one of them.",
            reason="DATABASE_NOT_GIVEN",
        )

    def _has_models(self, key: str) -> bool:
        try:
            return self._layout.has_models(key)
        except DamagedError:  # what cannot be read is not nothing
            return True

    def _name(self, key: str) -> str:
        if key not in self._known:
            found = next((name for name, _ in self._facts(key)), None)
            if found is None:  # nothing can be read now; a restored file may tell later
                return key
            self._known[key] = found
        return self._known[key]

    def _youngest_millis(self, key: str) -> int:
        return max((millis for _, millis in self._facts(key)), default=0)

    def _facts(self, key: str) -> Iterator[tuple[str, int]]:
        """Yield the database name and time in the newest readable manifest of each model."""
        with suppress(DamagedError):
            for model in self._layout.model_names(key):
                yield from islice(self._manifests(key, model), 1)

    def _manifests(self, key: str, model: str) -> Iterator[tuple[str, int]]:
        with suppress(DamagedError):
            for number in reversed(self._layout.numbers(key, model)):
                with suppress(BridgeError):
                    manifest = open_version(self._layout.version(key, model, number)).manifest
                    yield manifest.database, manifest.created_millis
