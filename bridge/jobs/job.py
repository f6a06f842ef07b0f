"""One job: its state, its progress, its cancellation, and those who watch it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from bridge.core.errors import BridgeError, CancelledError
from bridge.core.progress import Progress

HEARTBEAT_SECONDS = 5.0
"""A watched job says at least this often that it lives."""

HISTORY_LENGTH = 10_000
"""Reports with figures that a job remembers, newest kept."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "QUEUED"
    """Nothing has begun, or it waits for a trainer slot."""
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLING = "CANCELLING"
    """Somebody asked for its end; its process may still live."""
    CANCELLED = "CANCELLED"

    @property
    def finished(self) -> bool:
        """Nothing of this job runs any more."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True)
class JobStatus:
    """A job at one moment."""

    state: JobState
    step: str
    """The step's name, one of the job's `steps`."""
    step_index: int
    fraction: float
    """0 to 1, of the step."""
    progress: float
    """0 to 1, of all steps, each counted the same."""
    detail: str
    """A word for people: `epoch 12 of 200`, `waiting: 1 job before this one`."""
    figures: Mapping[str, float]
    """Metrics of the latest report that had any."""
    error: str
    """Why it failed or was cancelled, for the user; empty otherwise."""
    created_millis: int
    started_millis: int | None
    """When it first ran, None while it never has. Milliseconds since 1970, as all three."""
    finished_millis: int | None


class Job:
    """A run of a procedure that takes time.

    As a context manager it ends with its block: SUCCEEDED, FAILED with the error's text, or CANCELLED.
    Its methods may be called from any thread; it is made and watched on one event loop.
    """

    def __init__(
        self,
        job_id: str,
        name: str,
        *,
        user: str = "",
        database: str = "",
        configuration: Mapping[str, Any] | None = None,
        steps: tuple[str, ...] = ("run",),
    ) -> None:
        self.id = job_id
        self.name = name
        self.user = user
        self.database = database
        self.configuration = dict(configuration or {})
        self.steps = steps
        self.history: deque[dict[str, float]] = deque(maxlen=HISTORY_LENGTH)
        """The figures of every report that had any, in order: an epoch each."""
        self.cancelled = asyncio.Event()
        """Set once somebody has asked for the end."""
        self._loop = asyncio.get_running_loop()
        self._watchers: set[asyncio.Event] = set()
        self._lock = threading.Lock()
        self._state = JobState.QUEUED
        self._step, self._fraction, self._detail, self._error = 0, 0.0, "", ""
        self._figures: dict[str, float] = {}
        self._created = _now_millis()
        self._started: int | None = None
        self._finished: int | None = None

    @property
    def state(self) -> JobState:
        """Where the job stands now."""
        return self._state

    @property
    def cancel_requested(self) -> bool:
        """Somebody has asked for the end, whether or not it has come."""
        return self._state in (JobState.CANCELLING, JobState.CANCELLED)

    @property
    def status(self) -> JobStatus:
        """The job at this moment."""
        with self._lock:
            done = (self._step + self._fraction) / len(self.steps)
            return JobStatus(
                state=self._state,
                step=self.steps[self._step],
                step_index=self._step,
                fraction=self._fraction,
                progress=1.0 if self._state is JobState.SUCCEEDED else done,
                detail=self._detail,
                figures=dict(self._figures),
                error=self._error,
                created_millis=self._created,
                started_millis=self._started,
                finished_millis=self._finished,
            )

    def run(self) -> None:
        """Say that work has begun, or goes on after waiting."""
        with self._lock:
            if self._state is JobState.QUEUED:
                self._state = JobState.RUNNING
                self._started = self._started or _now_millis()
                self._detail = ""
        self._changed()

    def wait(self, detail: str) -> None:
        """Say that the job waits for its turn, and behind what."""
        with self._lock:
            if self._state in (JobState.QUEUED, JobState.RUNNING):
                self._state = JobState.QUEUED
                self._detail = detail
        self._changed()

    def record(self, step: int, fraction: float, detail: str = "", figures: Mapping[str, float] | None = None) -> None:
        """Note how far the job is: `fraction` (0 to 1) of `steps[step]`. Out of range is moved into it."""
        with self._lock:
            if self._state.finished:
                return
            self._step = min(max(step, 0), len(self.steps) - 1)
            self._fraction = min(max(fraction, 0.0), 1.0)
            self._detail = detail
            if figures:
                self._figures = dict(figures)
                self.history.append(self._figures)
        self._changed()

    def report(self, step: int, fraction: float, detail: str = "", figures: Mapping[str, float] | None = None) -> None:
        """Record progress of work that happens in the server.

        Raises:
            CancelledError: somebody asked for the end of this job.
        """
        self.raise_if_cancelled()
        self.run()
        self.record(step, fraction, detail, figures)

    def progress(self, step: int) -> Progress:
        """Return what work in the server reports a step's progress to, from any thread."""

        def report(fraction: float, detail: str = "", **figures: float) -> None:
            self.report(step, fraction, detail, figures)

        return report

    def raise_if_cancelled(self) -> None:
        """Stop here when somebody asked for the end.

        Raises:
            CancelledError: somebody did.
        """
        if self.cancel_requested:
            raise CancelledError(f"The job `{self.id}` was cancelled.", reason="JOB_CANCELLED", jobId=self.id)

    def cancel(self) -> None:
        """Ask for the end. The job is CANCELLED once its work has stopped; a finished job stays as it is."""
        with self._lock:
            if self._state.finished:
                return
            self._state = JobState.CANCELLING
        self._on_loop(self.cancelled.set)
        self._changed()

    def succeed(self) -> None:
        """End as SUCCEEDED."""
        self._finish(JobState.SUCCEEDED)

    def fail(self, message: str) -> None:
        """End as FAILED, with a text for the user."""
        self._finish(JobState.FAILED, message)

    def end_cancelled(self) -> None:
        """End as CANCELLED."""
        self._finish(JobState.CANCELLED, f"The job `{self.id}` was cancelled.")

    async def changes(self, heartbeat: float = HEARTBEAT_SECONDS) -> AsyncIterator[JobStatus]:
        """Yield the status now, after every change, and every `heartbeat` seconds without one; last the final one.

        A slow reader misses what lies between: it always gets the latest.
        """
        changed = asyncio.Event()
        self._watchers.add(changed)
        try:
            while True:
                changed.clear()
                status = self.status
                yield status
                if status.state.finished:
                    return
                try:
                    # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with a change.
                    async with asyncio.timeout(heartbeat):
                        await changed.wait()
                except TimeoutError:
                    continue
        finally:
            self._watchers.discard(changed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.succeed()
        elif isinstance(error, (CancelledError, asyncio.CancelledError, GeneratorExit)):
            self.end_cancelled()
        else:
            # Any other text may hold what a user must not see.
            self.fail(error.message if isinstance(error, BridgeError) else "An internal error; see the server's log.")

    def _finish(self, state: JobState, error: str = "") -> None:
        with self._lock:
            if self._state.finished:
                return
            self._state = state
            self._error = error
            self._finished = _now_millis()
        self._changed()

    def _changed(self) -> None:
        self._on_loop(self._wake)

    def _wake(self) -> None:
        for watcher in self._watchers:
            watcher.set()

    def _on_loop(self, call: Any) -> None:
        if not self._loop.is_closed():  # a worker thread may report after the server has stopped
            self._loop.call_soon_threadsafe(call)


def _now_millis() -> int:
    return time.time_ns() // 1_000_000
