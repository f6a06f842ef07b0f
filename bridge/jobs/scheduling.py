"""How a process tells the scheduler that others go first."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from contextlib import suppress
from pathlib import Path

SLICE_SECONDS = 1e-4
"""The shortest that Linux gives."""

_SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274}
"""Number of the system call sched_setattr, by machine."""

_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
"""The first version of its struct: size, policy, flags, nice, priority, runtime, deadline, period; sched_setattr(2)."""


def let_others_go_first(niceness: int) -> None:
    """Make this process, a session of its own, so nice; call it before there are threads.

    Whoever answers a question sleeps until it comes, and is up for less than a millisecond; a process that computes all
    the time should not be in its way.
    """
    os.nice(max(0, niceness - os.nice(0)))  # its fork server may have been that nice before
    # A session is a scheduling group of its own on many a Linux (sched_autogroup), and niceness counts within it alone:
    # against the server, which is in another, it is the group's that counts.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(niceness))
    _take_short_turns()


def _take_short_turns() -> None:
    """Do not keep a processor for the usual three milliseconds while somebody else waits for it.

    From Linux 6.12 on; elsewhere nothing changes.
    """
    number = _SET_ATTRIBUTES.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        return  # somebody has chosen another policy for the server
    nanoseconds = round(SLICE_SECONDS * 1e9)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, os.nice(0), 0, nanoseconds, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
