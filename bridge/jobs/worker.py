"""What happens inside a trainer process: limits, progress, and the way home for its result or its error."""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import os
import resource
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import forkserver
from typing import Any

from bridge.core.errors import BridgeError, CancelledError, ResourceExhaustedError
from bridge.core.progress import Progress
from bridge.jobs import frames
from bridge.jobs.scheduling import let_others_go_first

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

GO = signal.SIGUSR1
"""What a fork server that was started with this signal blocked waits for, before it loads more."""


class Reporter:
    """The progress of a trainer process. Called, it is the `Progress` of the job's first step."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._cancelled = threading.Event()

    def __call__(self, fraction: float, detail: str = "", **figures: float) -> None:
        """Report that `fraction` (0 to 1) of the job's first step is done.

        Raises:
            CancelledError: somebody asked for the end of this job.
        """
        self._report(0, fraction, detail, figures)

    def at(self, step: int) -> Progress:
        """Return the Progress of `steps[step]` of the job."""

        def report(fraction: float, detail: str = "", **figures: float) -> None:
            self._report(step, fraction, detail, figures)

        return report

    def _report(self, step: int, fraction: float, detail: str, figures: dict[str, float]) -> None:
        if self._cancelled.is_set():
            raise CancelledError("The job was cancelled.", reason="JOB_CANCELLED")
        self.send({"progress": {"step": step, "fraction": float(fraction), "detail": detail, "figures": figures}})

    def send(self, message: frames.Message) -> None:
        """Send one message to the server."""
        with self._sending:
            self._connection.sendall(frames.encode(message))

    def listen(self) -> None:
        """Take the server's word that this job is cancelled; without a server end at once."""
        while (message := frames.receive_blocking(self._connection)) is not None:
            if message.get("cancel"):
                self._cancelled.set()
        os._exit(1)


Target = Callable[[dict[str, Any], Reporter], dict[str, Any]]
"""A module-level function that a trainer process runs; what it takes and gives is JSON."""


@dataclass(frozen=True)
class Limits:
    """What a trainer process may use."""

    niceness: int = 10
    """Added to the server's own by `Trainers`: the server answers first."""
    threads: int = 0
    """Threads for numeric work; 0 leaves the libraries' own choice."""
    memory_bytes: int | None = None
    """Of private memory (RLIMIT_DATA); None for no limit."""
    prepare: Callable[[int], None] | None = None
    """A module-level function that gives the thread count to libraries the jobs package doesn't know."""


def work(connection: socket.socket, target: Target, spec: dict[str, Any], limits: Limits) -> None:
    """Run `target` in this fresh process and send home its result or its error."""
    _settle(limits)
    reporter = Reporter(connection)
    threading.Thread(target=reporter.listen, name="bridge-cancel", daemon=True).start()
    try:
        if limits.memory_bytes is not None:  # after the thread: one that finds no memory leaves start() waiting
            resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))
        if limits.prepare is not None and limits.threads:
            limits.prepare(limits.threads)
        reporter.send({"result": target(spec, reporter)})
    except BaseException as error:
        reporter.send({"error": _describe(error, limits)})


def _settle(limits: Limits) -> None:
    os.setsid()  # signals sent to it reach what it starts, and a terminal's Ctrl-C doesn't reach it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _let_go_of_server()
    end_with_parent()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the server's stdout is not a trainer's
    faulthandler.enable()
    let_others_go_first(limits.niceness)


def _let_go_of_server() -> None:
    # Python gives each child a write end of the pipe by whose EOF the fork server notices that the server is gone.
    # While a trainer holds it, neither ever ends. There is no public name for it.
    server: Any = forkserver._forkserver
    alive = getattr(server, "_forkserver_alive_fd", None)
    if alive is not None:
        os.close(alive)
        server._forkserver_alive_fd = None


def end_with_parent() -> None:
    """Have the operating system kill this process when the thread that started it ends; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _describe(error: BaseException, limits: Limits) -> dict[str, Any]:
    known = error if isinstance(error, BridgeError) else _known(error, limits)
    if known is None:
        return {"traceback": traceback.format_exc()}
    return {
        "class": type(known).__name__,
        "message": known.message,
        "reason": known.reason,
        "metadata": known.metadata,
    }


def _known(error: BaseException, limits: Limits) -> BridgeError | None:
    text = str(error)
    if type(error).__name__ == "OutOfMemoryError" or "CUDA out of memory" in text:
        return ResourceExhaustedError(
            "The GPU has too little memory for this job. Set `device: 'cpu'`, a smaller `embeddingDimension`, "
            "or project fewer nodes and relationships.",
            reason="OUT_OF_DEVICE_MEMORY",
        )
    if isinstance(error, MemoryError) or "can't allocate memory" in text or "not enough memory" in text:
        limit = "" if limits.memory_bytes is None else f" of {limits.memory_bytes / 2**20:,.0f} MiB"
        return ResourceExhaustedError(
            f"The job needs more memory than its limit{limit or ', that of the machine,'} allows. Set a smaller "
            "`embeddingDimension`, project fewer nodes and relationships, or ask the operator for a higher limit.",
            reason="OUT_OF_MEMORY",
        )
    if _is_full_disk(error):
        return ResourceExhaustedError(
            "The model server's disk is full. Drop models that are not needed (`bridge.model.drop`), "
            "or ask the operator for space.",
            reason="DISK_FULL",
        )
    return None


def _is_full_disk(error: BaseException) -> bool:
    full = (errno.ENOSPC, errno.EDQUOT)
    if isinstance(error, OSError):
        return error.errno in full
    # What safetensors writes with is no Python: its error has the number in its text alone.
    return any(f"(os error {number})" in str(error) for number in full)
