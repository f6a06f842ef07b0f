"""Models in memory: each loaded once, the least recently used ones let go."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from bridge.registry.version import Key, Version

T = TypeVar("T")


@dataclass
class _Place(Generic[T]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    model: T | None = None
    loaded: bool = False
    size_bytes: int = 0
    callers: int = 0
    """Those who load it now, or wait for that."""


class Live(Generic[T]):
    """Loaded models by version. Safe to use from any thread; `get` blocks, so call it in an executor.

    A model that was let go goes on serving whoever holds it.
    """

    def __init__(self, max_models: int = 8, max_bytes: int | None = None) -> None:
        self._max_models = max_models
        self._max_bytes = max_bytes
        self._places: OrderedDict[Key, _Place[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, version: Version, load: Callable[[], T], size_bytes: int | None = None) -> T:
        """Return a version's model, loading it when nobody has; those who come meanwhile wait for that one load.

        `size_bytes` is what it takes in memory, by default the size of its files. What `load` raises comes through,
        and the next caller tries again.
        """
        with self._lock:
            place = self._places.setdefault(version.key, _Place())
            self._places.move_to_end(version.key)
            place.callers += 1
        try:
            with place.lock:
                if not place.loaded:
                    place.model = load()
                    place.size_bytes = version.size_bytes if size_bytes is None else size_bytes
                    place.loaded = True
                    self._make_room(version.key)
                return cast(T, place.model)
        finally:
            self._leave(version.key, place)

    def peek(self, version: Version) -> T | None:
        """Return a version's model if it is loaded, as the most recently used; never waits for a load."""
        with self._lock:
            place = self._places.get(version.key)
            if place is None or not place.loaded:
                return None
            self._places.move_to_end(version.key)
            return place.model

    def drop(self, database: str, model_name: str, number: int | None = None) -> int:
        """Let go one version of a model, or all; return how many there were. `database` is a manifest's `store_key`."""
        with self._lock:
            keys = [key for key in self._places if key[:2] == (database, model_name) and number in (None, key[2])]
            return sum(self._places.pop(key).loaded for key in keys)

    def keys(self) -> list[Key]:
        """Return which versions are loaded, the most recently used last."""
        with self._lock:
            return [key for key, place in self._places.items() if place.loaded]

    @property
    def size_bytes(self) -> int:
        """Size of all loaded models."""
        with self._lock:
            return self._loaded_bytes()

    def _leave(self, key: Key, place: _Place[T]) -> None:
        """Keep no place of a model that could not be loaded: its version is perhaps never asked for again."""
        with self._lock:
            place.callers -= 1
            if not place.loaded and not place.callers and self._places.get(key) is place:
                del self._places[key]

    def _make_room(self, keep: Key) -> None:
        """Let go the least recently used until the bounds hold; the one just loaded stays whatever its size."""
        with self._lock:
            for key in [key for key, place in self._places.items() if place.loaded and key != keep]:
                count = sum(place.loaded for place in self._places.values())
                if count <= self._max_models and (self._max_bytes is None or self._loaded_bytes() <= self._max_bytes):
                    return
                del self._places[key]

    def _loaded_bytes(self) -> int:
        return sum(place.size_bytes for place in self._places.values() if place.loaded)
