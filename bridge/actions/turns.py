"""Taking turns at a model without holding a thread while waiting."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from bridge.registry.version import Key


class Turns:
    """A lock for each version of a model. All of it happens on the event loop."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    def of(self, version: Key) -> asyncio.Lock:
        """Return the version's lock; it is there for as long as somebody has it or waits for it."""
        lock = self._locks.get(version)
        if lock is None:
            lock = self._locks[version] = asyncio.Lock()
        return lock
