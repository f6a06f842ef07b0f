"""One job: its state, its progress, its cancellation, and those who watch it."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from bridge.core.errors import BridgeError, CancelledError
from bridge.core.progress import Progress
from bridge.jobs.recording import Recorder
from bridge.jobs.status import AT_WORK, JobRecord, JobReport, JobState, JobStatus, now_millis
from bridge.jobs.watchers import Watchers

HEARTBEAT_SECONDS = 5.0
"""A watched job says at least this often that it lives."""

HISTORY_LENGTH = 10_000
"""Reports with figures that a job remembers, newest kept."""

INTERNAL = "An internal error; see the server's log."
"""What a user reads of an error whose own text may hold what they must not see."""


class Job:
    """A run of a procedure that takes time.

    As a context manager it ends with its block: SUCCEEDED, FAILED with the error's text, or CANCELLED. With a
    recorder nobody sees the end before it is on disk: await `ended()`.
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
        request_id: str = "",
        asked: Mapping[str, str] | None = None,
        graph_name: str = "",
        recorder: Recorder | None = None,
    ) -> None:
        # Over 40 lines: a line for each attribute, and nothing else.
        self.key = uuid.uuid4().hex
        self.id = job_id
        self.name = name
        self.user = user
        self.database = database
        self.configuration = dict(configuration or {})
        self.steps = steps
        self.request_id = request_id
        self.asked = dict(asked or {})
        self.graph_name = graph_name
        """The projection that it works on; empty for none. Not kept beyond this server's life."""
        self.accepted = False
        """The caller was promised that the job goes on without them."""
        self.history: deque[JobReport] = deque(maxlen=HISTORY_LENGTH)
        """Every report that had figures, in order: an epoch each."""
        self.cancelled = asyncio.Event()
        """Set once somebody has asked for the end."""
        self._recorder = recorder
        self._watchers = Watchers()
        self._lock = threading.Lock()
        self._model_name = ""
        self._model_version: int | None = None
        self._now = JobStatus(
            state=JobState.QUEUED, step=steps[0], step_index=0, fraction=0.0, progress=0.0, detail="", figures={},
            error="", reason="", created_millis=now_millis(), started_millis=None, finished_millis=None,
        )  # fmt: skip
        self._end: JobStatus | None = None
        """The final status, set once; `_now` becomes it when it is on disk."""
        self._unrecorded: list[JobReport] = []

    @property
    def state(self) -> JobState:
        """Where the job stands now."""
        return self._now.state

    @property
    def cancel_requested(self) -> bool:
        """Somebody has asked for the end, whether or not it has come."""
        return self._now.state in (JobState.CANCELLING, JobState.CANCELLED)

    @property
    def status(self) -> JobStatus:
        """The job at this moment."""
        return self._now

    def answers(self, request_id: str) -> bool:
        """Whether who sends this request again is to get this job."""
        return self.request_id == request_id and (self.accepted or not self._now.state.finished)

    @property
    def record(self) -> JobRecord:
        """All that is kept of the job, at this moment."""
        with self._lock:
            return self._record(self._now)

    def run(self) -> None:
        """Say that work has begun, or goes on after waiting."""
        with self._lock:
            if self._now.state is not JobState.QUEUED or self._end:
                return
            started = self._now.started_millis or now_millis()
            self._now = replace(self._now, state=JobState.RUNNING, started_millis=started, detail="")
        self._changed(now=True)

    def phase(self, state: JobState) -> None:
        """Say what the work is about now: RUNNING, EVALUATING or PUBLISHING."""
        with self._lock:
            if self._now.state not in AT_WORK or self._end:
                return
            self._now = replace(self._now, state=state, started_millis=self._now.started_millis or now_millis())
        self._changed(now=True)

    def wait(self, detail: str) -> None:
        """Say that the job waits for its turn, and behind what."""
        with self._lock:
            if self._now.state not in (JobState.QUEUED, JobState.RUNNING) or self._end:
                return
            self._now = replace(self._now, state=JobState.QUEUED, detail=detail)
        self._changed(now=False)

    def note(self, step: int, fraction: float, detail: str = "", figures: Mapping[str, float] | None = None) -> None:
        """Note how far the job is: `fraction` (0 to 1) of `steps[step]`. Out of range is moved into it."""
        with self._lock:
            if self._end:
                return
            step = min(max(step, 0), len(self.steps) - 1)
            fraction = min(max(fraction, 0.0), 1.0)
            self._now = replace(
                self._now, step=self.steps[step], step_index=step, fraction=fraction,
                progress=(step + fraction) / len(self.steps), detail=detail, figures=figures or self._now.figures,
            )  # fmt: skip
            if figures:
                number = self.history[-1].number + 1 if self.history else 1
                self.history.append(JobReport(number, now_millis(), self.steps[step], dict(figures)))
                if self._recorder is not None:
                    self._unrecorded.append(self.history[-1])
        self._changed(now=False)

    def report(self, step: int, fraction: float, detail: str = "", figures: Mapping[str, float] | None = None) -> None:
        """Note progress of work that happens in the server.

        Raises:
            CancelledError: somebody asked for the end of this job.
        """
        self.raise_if_cancelled()
        self.run()
        self.note(step, fraction, detail, figures)

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

    def accept(self) -> None:
        """Promise that the job goes on without its caller. From now on its request id is taken for good."""
        self.accepted = True
        self._changed(now=True)

    def made(self, model_name: str, model_version: int) -> None:
        """Say which version of which model the job has stored."""
        self._model_name, self._model_version = model_name, model_version
        self._changed(now=True)

    def cancel(self) -> None:
        """Ask for the end. The job is CANCELLED once its work has stopped; a finished job stays as it is."""
        with self._lock:
            if self._end:
                return
            self._now = replace(self._now, state=JobState.CANCELLING)
        self._watchers.on_loop(self.cancelled.set)
        self._changed(now=True)

    def succeed(self) -> None:
        """End as SUCCEEDED."""
        self._finish(JobState.SUCCEEDED)

    def reject(self, message: str, reason: str) -> None:
        """End as REJECTED: the work is done, but its result is not to be served. The text is for the user."""
        self._finish(JobState.REJECTED, message, reason)

    def fail(self, message: str, reason: str = "") -> None:
        """End as FAILED, with a text for the user."""
        self._finish(JobState.FAILED, message, reason)

    def end_cancelled(self) -> None:
        """End as CANCELLED."""
        self._finish(JobState.CANCELLED, f"The job `{self.id}` was cancelled.", "JOB_CANCELLED")

    def end_with(self, error: BaseException | None) -> None:
        """End as the work did: with an error, or with None well."""
        if error is None:
            self.succeed()
        elif isinstance(error, (CancelledError, asyncio.CancelledError, GeneratorExit)):
            self.end_cancelled()
        elif isinstance(error, BridgeError):
            self.fail(error.message, error.reason)
        else:
            self.fail(INTERNAL, "INTERNAL")

    async def ended(self) -> None:
        """Wait until the end is on disk and everyone sees it."""
        async for _ in self.changes():
            pass

    async def changes(self, heartbeat: float = HEARTBEAT_SECONDS) -> AsyncGenerator[JobStatus, None]:
        """Yield the status now, after every change, and every `heartbeat` seconds without one; last the final one.

        A slow reader misses what lies between: it always gets the latest.
        """
        async with aclosing(self._watchers.watch(heartbeat)) as beats:
            async for _ in beats:
                status = self.status
                yield status
                if status.state.finished:
                    return

    def take(self) -> tuple[JobRecord, list[JobReport]]:
        """Return what the recorder writes: the record, its end even if nobody sees that yet, and the new reports."""
        with self._lock:
            reports, self._unrecorded = self._unrecorded, []
            return self._record(self._end or self._now), reports

    def give_back(self, reports: list[JobReport]) -> None:
        """Take reports back that the recorder could not write, to `take` them again."""
        with self._lock:
            self._unrecorded = [*reports, *self._unrecorded][-HISTORY_LENGTH:]

    def show_end(self) -> None:
        """Let everyone see the end. The recorder calls it when the end is on disk."""
        with self._lock:
            if self._end:
                self._now = self._end
        self._watchers.wake()

    def wake(self) -> None:
        """Have everyone look again who watches the job."""
        self._watchers.wake()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_with(error)

    def _record(self, status: JobStatus) -> JobRecord:
        # A job that ended before its caller was promised anything must not be the answer to a second try.
        void = status.state.finished and not self.accepted
        return JobRecord(
            key=self.key, id=self.id, user=self.user, database=self.database, name=self.name,
            request_id="" if void else self.request_id, accepted=self.accepted, configuration=self.configuration,
            steps=self.steps, status=status, model_name=self._model_name, model_version=self._model_version,
            asked=self.asked,
        )  # fmt: skip

    def _finish(self, state: JobState, error: str = "", reason: str = "") -> None:
        with self._lock:
            if self._end:
                return
            progress = 1.0 if state in (JobState.SUCCEEDED, JobState.REJECTED) else self._now.progress
            self._end = replace(
                self._now, state=state, progress=progress, error=error, reason=reason, finished_millis=now_millis()
            )
        if self._recorder is None:
            self.show_end()
        else:
            self._recorder.end(self)

    def _changed(self, *, now: bool) -> None:
        if self._recorder is not None:
            self._recorder.note(self, now=now)
        self._watchers.wake()
