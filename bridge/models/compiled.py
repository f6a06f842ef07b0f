"""Compilation of the functions that are too slow in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")

CANNOT_CACHE = "no locator available"


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile at the first call, without the interpreter's lock, keeping the machine code on disk where one may write.

    Threads come from Python: the thread pools of numba's own `prange` do not survive a fork, and trainers are forked.
    """
    try:
        cached: Callable[P, R] = numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})(function)
        return cached
    except RuntimeError as error:
        if CANNOT_CACHE not in str(error):
            raise
        in_memory: Callable[P, R] = numba.njit(nogil=True, fastmath={"reassoc", "contract"})(function)
        return in_memory
