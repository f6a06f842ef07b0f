"""What a signal to end may interrupt: nothing is left running that nobody knows of."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDS = (signal.SIGTERM, signal.SIGHUP)
"""End a Python process at once, unless it says otherwise; SIGINT raises KeyboardInterrupt of itself."""


@contextmanager
def tidied() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise in the block, so that it can tidy up, and end the process after it.

    In another thread than the main one it does nothing: signals do not come there.
    """
    struck: list[int] = []

    def strike(number: int, frame: FrameType | None) -> None:
        if not struck:  # who tidies up is not interrupted again
            struck.append(number)
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, strike) for number in ENDS if signal.getsignal(number) == signal.SIG_DFL}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if struck:
            os.kill(os.getpid(), struck[0])


@contextmanager
def undivided() -> Iterator[None]:
    """Have SIGINT, SIGTERM and SIGHUP wait for the end of the block; what the block starts is not deaf to them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    # A handler, and no blocked signal: the blocking would be inherited by what is started here.
    before = {
        number: signal.signal(number, lambda number, frame: came.append(number))
        for number in (signal.SIGINT, *ENDS)
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            os.kill(os.getpid(), came[0])
