"""Work in bulk, which leaves time to whoever asks one question."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bridge.evaluation.selection import top_k

T = TypeVar("T")

PIECE_MULTIPLICATIONS = 16_000_000
"""Of one piece of a matrix product: a quarter of a millisecond."""

PIECE_ROWS = 64
"""Rows of it: few columns of many rows take less time than many columns of a few."""

PIECE_SCORES = 65_536
"""Scores among which the best are looked for at once, as long as that takes."""

RECENT_SECONDS = 0.1
"""How long after a question the next one is expected."""

PAUSE = 5
"""Pause after a piece while questions come, by the processor's time that the piece took."""

LONGEST_PAUSE_SECONDS = 0.02
"""Where a piece can not be short."""


class Unhurried:
    """Computes piece by piece in a few threads of its own, and while questions come, pauses after each piece.

    To be nice is not enough: on a Linux with autogroups the threads of a server stand before other processes, and so
    before the one that asked, with the weight of all the server (docs/decisions/0014).
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._asked = -math.inf

    def asked(self) -> None:
        """Somebody has just asked one question."""
        self._asked = time.monotonic()

    async def compute(self, pieces: Iterable[T]) -> list[T]:
        """Return the pieces, each of which is computed as it is taken; none is begun for somebody who was cancelled."""
        left = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._take, pieces, left)
        finally:
            left.set()

    async def top_k(self, scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Find the k best targets of each row, float32 [b, T], as `selection.top_k` does."""
        targets = np.empty((len(scores), k), dtype=np.int32)
        values = np.empty((len(scores), k), dtype=np.float32)
        await self.compute(_find(scores, k, targets, values))
        return targets, values

    def close(self) -> None:
        """Wait for what is at work; nothing else begins."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _take(self, pieces: Iterable[T], left: threading.Event) -> list[T]:
        taken = []
        spent = time.thread_time()
        for piece in pieces:
            taken.append(piece)
            if left.is_set():
                break
            before, spent = spent, time.thread_time()
            if time.monotonic() - self._asked < RECENT_SECONDS:
                time.sleep(min(PAUSE * (spent - before), LONGEST_PAUSE_SECONDS))
        return taken


def _find(
    scores: NDArray[np.float32], k: int, targets: NDArray[np.int32], values: NDArray[np.float32]
) -> Iterator[None]:
    for part in parts(len(scores), max(1, PIECE_SCORES // max(1, scores.shape[1]))):
        targets[part], values[part] = top_k(scores[part], k)
        yield


def parts(count: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` that cover `count`."""
    return (slice(start, start + size) for start in range(0, count, size))


def tiles(rows: int, columns: int, depth: int) -> Iterator[tuple[slice, slice]]:
    """Yield the pieces, rows and columns, of the product of [rows, depth] and [depth, columns]."""
    width = max(1, PIECE_MULTIPLICATIONS // (PIECE_ROWS * max(1, depth)))
    return ((some, stretch) for some in parts(rows, PIECE_ROWS) for stretch in parts(columns, width))
