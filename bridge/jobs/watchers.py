"""Those who wait for news, on one event loop, woken from any thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable


class Watchers:
    """Everyone who waits for the next change of one thing. Made on the event loop that they wait on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed: set[asyncio.Event] = set()

    def __len__(self) -> int:
        return len(self._changed)

    def wake(self) -> None:
        """Say that something has changed; from any thread."""
        self.on_loop(self._wake)

    def on_loop(self, call: Callable[[], None]) -> None:
        """Call something on the event loop; from any thread."""
        if not self._loop.is_closed():  # a worker thread may report after the server has stopped
            self._loop.call_soon_threadsafe(call)

    async def watch(self, heartbeat: float) -> AsyncGenerator[None, None]:
        """Yield at once, after every change, and every `heartbeat` seconds without one.

        Changes that come while the reader is busy are one.
        """
        changed = asyncio.Event()
        self._changed.add(changed)
        try:
            while True:
                changed.clear()
                yield
                try:
                    # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with a change.
                    async with asyncio.timeout(heartbeat):
                        await changed.wait()
                except TimeoutError:
                    continue
        finally:
            self._changed.discard(changed)

    def _wake(self) -> None:
        for changed in self._changed:
            changed.set()
