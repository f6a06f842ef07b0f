"""The one thread that writes jobs down, so that nobody else waits for the disk unless they want to."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from bridge.core.errors import BridgeError, ResourceExhaustedError
from bridge.jobs.job import Job
from bridge.jobs.status import JobRecord, JobReport
from bridge.jobs.store import Change, JobStore

INTERVAL_SECONDS = 0.5
"""Progress that comes within this time is written once."""

RETRY_SECONDS = 30.0
"""From one try to write to the next, when the disk does not take it."""

PRUNE_SECONDS = 24 * 60 * 60.0
"""From one forgetting of old jobs to the next."""

Found = JobRecord | None
"""None for a job that was entered; the job that is there in its place otherwise."""

_log = logging.getLogger(__name__)


@dataclass
class _Batch:
    entering: list[tuple[Job, Future[Found]]] = field(default_factory=list)
    changed: list[Job] = field(default_factory=list)
    ending: list[Job] = field(default_factory=list)
    settling: list[Future[None]] = field(default_factory=list)
    prune: bool = False
    taken: list[tuple[Job, list[JobReport]]] = field(default_factory=list)
    """The jobs whose changes are written, with the reports that they handed over for it."""

    def give_up(self) -> None:
        """Tell those who wait that nothing was written."""
        for _, entered in self.entering:
            if not entered.done():
                entered.set_exception(_unwritten())
        for settled in self.settling:
            if not settled.done():
                settled.set_exception(_unwritten())


class DiskRecorder:
    """Writes jobs to their store in the order of what happens to them, all that is due at once in one transaction."""

    def __init__(
        self, store: JobStore, *, interval: float = INTERVAL_SECONDS, prune_interval: float = PRUNE_SECONDS
    ) -> None:
        self._store = store
        self._interval = interval
        self._prune_interval = prune_interval
        self._wake = threading.Condition()
        self._closing = self._closed = False
        self._entering: list[tuple[Job, Future[Found]]] = []
        self._ending: list[Job] = []
        self._settling: list[Future[None]] = []
        self._due: dict[Job, float] = {}
        """When each changed job is to be written, by the monotonic clock."""
        self._next_prune = time.monotonic() + prune_interval
        self._thread = threading.Thread(target=self._work, name="job-recorder", daemon=True)
        self._thread.start()

    def enter(self, job: Job) -> Future[Found]:
        """Write a new job down; the result is there when it is on disk.

        Raises (the future):
            ResourceExhaustedError: the disk does not take it.
        """
        future: Future[Found] = Future()
        with self._wake:
            if self._closed:
                future.set_exception(_unwritten())
            self._entering.append((job, future))
            self._wake.notify()
        return future

    def note(self, job: Job, *, now: bool) -> None:
        """Write a change down, with now=False together with those of the next moment."""
        due = time.monotonic() + (0.0 if now else self._interval)
        with self._wake:
            if due < self._due.get(job, due + 1):
                self._due[job] = due
                self._wake.notify()

    def end(self, job: Job) -> None:
        """Write a job's end down, then show it."""
        with self._wake:
            self._due.pop(job, None)
            if not self._closed:
                self._ending.append(job)
                self._wake.notify()
                return
        job.show_end()  # the server is gone, and on the next start this job is one that it left unfinished

    def settle(self) -> Future[None]:
        """Write everything noted until now; the result is there when it is on disk.

        Raises (the future):
            ResourceExhaustedError: the disk does not take it.
        """
        future: Future[None] = Future()
        with self._wake:
            if self._closed:
                future.set_exception(_unwritten())
            self._settling.append(future)
            self._wake.notify()
        return future

    def close(self) -> None:
        """Write what is left, then end. Blocks."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while (batch := self._next()) is not None:
            try:
                self._write(batch)
            except Exception:  # a full disk or worse: the next batch may be well, and this thread is the only one
                _log.exception("jobs could not be written: %d new, %d ended", len(batch.entering), len(batch.ending))
                batch.give_up()
                self._write_later(batch)
            for job in batch.ending:
                job.show_end()

    def _next(self) -> _Batch | None:
        with self._wake:
            while not self._ready(time.monotonic()):
                if self._closing:
                    self._closed = True
                    return None
                soonest = min([*self._due.values(), self._next_prune])
                self._wake.wait(max(0.0, soonest - time.monotonic()))
            now = time.monotonic()
            at_once = self._closing or bool(self._settling)
            changed = [job for job, due in self._due.items() if at_once or due <= now]
            for job in changed:
                del self._due[job]
            # Who was cancelled meanwhile has ended its job: there is nothing to enter.
            entering = [each for each in self._entering if each[1].set_running_or_notify_cancel()]
            settling = [each for each in self._settling if each.set_running_or_notify_cancel()]
            batch = _Batch(entering, changed, self._ending, settling, prune=now >= self._next_prune)
            self._entering, self._ending, self._settling = [], [], []
            if batch.prune:
                self._next_prune = now + self._prune_interval
            return batch

    def _ready(self, now: float) -> bool:
        if self._entering or self._ending or self._settling or (self._closing and self._due):
            return True
        return now >= self._next_prune or any(due <= now for due in self._due.values())

    def _write_later(self, batch: _Batch) -> None:
        """Keep what the disk did not take: a job's end, if never written, would be at work for ever in every list."""
        for job, reports in batch.taken:
            job.give_back(reports)
        with self._wake:
            if not self._closing:
                for job, _ in batch.taken:
                    self._due.setdefault(job, time.monotonic() + RETRY_SECONDS)

    def _write(self, batch: _Batch) -> None:
        changes = []
        for job in dict.fromkeys([*batch.changed, *batch.ending]):
            record, reports = job.take()
            batch.taken.append((job, reports))
            changes.append(Change(record, reports))
        found = self._store.write([job.record for job, _ in batch.entering], changes)
        for (_, future), there in zip(batch.entering, found, strict=True):
            future.set_result(there)
        for settled in batch.settling:
            settled.set_result(None)
        if batch.prune:
            self._store.prune()


def _unwritten() -> BridgeError:
    return ResourceExhaustedError(
        "The job could not be written to the server's disk, so it was not started. Ask the operator for space in the "
        "server's data folder (the server's log says more), then call again.",
        reason="DISK_FULL",
    )
