"""A background process: started so that it outlives the shell, found again by its pid file, stopped in order."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil

from bridge.core.errors import FailedPreconditionError
from bridge.runtime.home import write_private
from bridge.runtime.interruption import undivided

START_TIME_TOLERANCE_SECONDS = 2.0
"""How far two readings of one process's start time may differ (the system clock may have been set)."""


@dataclass(frozen=True)
class Background:
    """A process that runs in the background, or may."""

    name: str
    """For messages, such as `Neo4j`."""
    pid_file: Path
    """JSON: the pid and when that process started, so that a stranger with a re-used pid is never taken for ours."""
    log: Path
    """Where the process's output goes; each start begins a new one."""

    def process(self) -> psutil.Process | None:
        """Return the running process, None when there is none; a stale pid file is passed over."""
        try:
            noted = json.loads(self.pid_file.read_text(encoding="utf-8"))
            process = psutil.Process(noted["pid"])
            same = abs(process.create_time() - noted["started"]) <= START_TIME_TOLERANCE_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (FileNotFoundError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
            return None

    def start(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        """Start the command in a session of its own, with its output in the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as out, undivided():  # else nobody could find what was started
            child = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            # Popen would warn about a child that still runs when it is collected; psutil watches it from here on.
            child.returncode = 0
            started = psutil.Process(child.pid).create_time()
            write_private(self.pid_file, json.dumps({"pid": child.pid, "started": started}))

    def wait_until(self, ready: Callable[[], bool], timeout: timedelta) -> None:
        """Wait until `ready` says so.

        Raises FailedPreconditionError with the log's last lines when the process ends first or the time is up.
        """
        deadline = time.monotonic() + timeout.total_seconds()
        while not ready():
            if self.process() is None:
                raise FailedPreconditionError(f"{self.name} stopped while starting. {self.last_words()}")
            if time.monotonic() > deadline:
                raise FailedPreconditionError(
                    f"{self.name} was not ready after {timeout.total_seconds():.0f} s. {self.last_words()}"
                )
            time.sleep(0.2)

    def stop(self, patience: timedelta) -> bool:
        """Ask the process to end, insist after `patience`; return whether one was running."""
        process = self.process()
        if process is None:
            self.pid_file.unlink(missing_ok=True)
            return False
        children = process.children(recursive=True)
        process.terminate()
        try:
            process.wait(patience.total_seconds())
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(10)
        _end(children)
        self.pid_file.unlink(missing_ok=True)
        return True

    def last_words(self, lines: int = 15) -> str:
        """Return the log's last lines, with its path, for an error text."""
        try:
            tail = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
        except FileNotFoundError:
            tail = []
        return f"The end of its log, {self.log}:\n" + ("\n".join(f"  {line}" for line in tail) or "  (empty)")


def _end(orphans: list[psutil.Process]) -> None:
    """End what a process left behind; psutil itself refuses when a pid now belongs to another process."""
    for orphan in orphans:
        try:
            orphan.terminate()
        except psutil.NoSuchProcess:
            continue
    for survivor in psutil.wait_procs(orphans, timeout=5)[1]:
        survivor.kill()
