"""The bridge server in the background: start it, know when it answers, stop it."""

from __future__ import annotations

import os
import sys
from datetime import timedelta

from bridge.runtime.home import Home
from bridge.runtime.ports import answers
from bridge.runtime.process import Background

START_TIMEOUT = timedelta(minutes=2)
"""Loading torch takes 4 to 7 s on a busy machine, and longer the first time."""

STOP_PATIENCE = timedelta(seconds=30)
"""Calls and trainings are told to end first; after this the process is killed."""


def background(home: Home) -> Background:
    """Return the bridge server's place among the processes."""
    return Background("The bridge server", home.run / "bridge.json", home.logs / "bridge.out")


def start(home: Home) -> None:
    """Start `bridge serve` on a home whose `bridge.conf` is written; return at once."""
    command = [sys.executable, "-m", "bridge", "serve", "--home", str(home.root)]
    background(home).start(command, dict(os.environ), home.root)


def wait(home: Home, port: int) -> None:
    """Wait until the server accepts connections, which it does when it can answer.

    Raises FailedPreconditionError with the end of its log when it stops or takes too long.
    """
    background(home).wait_until(lambda: answers(port), START_TIMEOUT)
