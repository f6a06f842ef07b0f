"""The jobs a server knows: who runs what, how far it is, and how it ended."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from bridge.core.errors import AlreadyExistsError, NotFoundError, ResourceExhaustedError
from bridge.jobs.background import Background
from bridge.jobs.job import Job
from bridge.jobs.recorder import DiskRecorder
from bridge.jobs.requests import digests
from bridge.jobs.status import JobRecord, JobReport
from bridge.jobs.store import JobStore

_log = logging.getLogger(__name__)

DEFAULT_KEEP = 100
"""Finished jobs that stay in memory, each with up to 10,000 reports; those in the store are found there."""

MOST_LISTED = 1_000
"""Jobs that a list shows."""

Request = tuple[str, str]
"""Whose request, and its id."""


@dataclass(frozen=True)
class NewJob:
    """What a job is when it is entered."""

    name: str
    """The procedure's, without `bridge.`."""
    user: str
    """Empty when authentication is off."""
    database: str
    configuration: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[str, ...] = ("run",)
    job_id: str | None = None
    """None for a random one."""
    request_id: str = ""
    """What `create_once` knows a repeated request by."""
    asked: Mapping[str, Any] = field(default_factory=dict)
    """All that the request asks for, by which `check_same` tells it from another of its id."""
    graph_name: str = ""
    """The projection that it works on; empty for none."""


class Jobs:
    """The table of jobs. Everyone sees and cancels only their own.

    Those at work are in memory; all of them, with those of earlier servers, are in the store if there is one.
    Jobs are entered on one event loop; every other method may be called from any thread.
    """

    def __init__(self, store: JobStore | None = None, keep: int = DEFAULT_KEEP) -> None:
        self.background = Background()
        """Runs the jobs that outlive their call."""
        self._store = store
        self._recorder = None if store is None else DiskRecorder(store)
        self._keep = keep
        self._jobs: dict[tuple[str, str], Job] = {}
        self._entering: dict[Request, asyncio.Future[Job | JobRecord]] = {}
        self._lock = threading.Lock()

    async def create(self, new: NewJob, *, on_disk: bool = True) -> Job:
        """Enter a job and return when it is on disk; use it as a context manager, whose end is the job's.

        Without `on_disk` a job that the disk does not take is in memory alone.

        Raises:
            AlreadyExistsError: this user has an unfinished job of this id.
            ResourceExhaustedError: the disk does not take it.
        """
        new = replace(new, request_id="")
        job = self._reserve(new, self._recorder)
        try:
            await self._enter(job)
        except ResourceExhaustedError as error:
            if on_disk:
                raise
            _log.warning("job %s (%s) goes on in memory alone: %s", job.id, job.name, error.message)
            return self._reserve(new, None)
        return job

    async def create_once(self, new: NewJob) -> tuple[Job | JobRecord, bool]:
        """Enter a job unless this user's request has one already, from an earlier server too; otherwise as `create`.

        A request whose job ended before it was accepted has none any more.

        Returns:
            the job, and whether it is a new one; one that is not in memory any more as its record.
        """
        if not new.request_id:
            return await self.create(new), True
        request = (new.user, new.request_id)
        if (entering := self._entering.get(request)) is not None:
            return await asyncio.shield(entering), False
        if (same := self._in_memory(*request)) is not None:
            return same, False
        job = self._reserve(new, self._recorder)
        entered = self._entering[request] = asyncio.get_running_loop().create_future()
        try:
            there = await self._enter(job)
        except BaseException as error:
            entered.set_exception(error if isinstance(error, Exception) else _given_up(job))
            entered.exception()  # it may be that nobody else waits
            raise
        finally:
            del self._entering[request]
        found = job if there is None else self.live(there)
        entered.set_result(found)
        return found, there is None

    async def of_request(self, user: str, request_id: str) -> Job | JobRecord | None:
        """Return the job that a user's request has, as `create_once` would; None when it has none."""
        if not request_id:
            return None
        if (entering := self._entering.get((user, request_id))) is not None:
            return await asyncio.shield(entering)
        if (same := self._in_memory(user, request_id)) is not None or self._store is None:
            return same
        kept = await asyncio.to_thread(self._store.of_request, user, request_id)
        return kept and self.live(kept)

    async def accept(self, job: Job) -> None:
        """Promise that a job goes on without its caller; the promise is on disk when this returns.

        Raises:
            ResourceExhaustedError: the disk does not take it.
        """
        job.accept()
        await self.settle()

    async def settle(self) -> None:
        """Wait until the store has all that happened to jobs until now.

        Raises:
            ResourceExhaustedError: the disk does not take it.
        """
        if self._recorder is not None:
            await asyncio.wrap_future(self._recorder.settle())

    def list(self, user: str, database: str | None = None) -> list[Job]:
        """Return a user's jobs that are in memory, oldest first; those of one database when it is given."""
        return [job for job in self._in_order() if job.user == user and database in (None, job.database)]

    def on_graphs(self, prefix: str) -> Sequence[Job]:
        """Return all users' jobs in memory on projections whose names begin so, oldest first."""
        return [job for job in self._in_order() if job.graph_name.startswith(prefix)]

    def wake(self) -> None:
        """Have everyone look again who watches a job."""
        for job in self._in_order():
            job.wake()

    async def records(self, user: str, database: str | None = None) -> Sequence[JobRecord]:
        """Return a user's MOST_LISTED newest jobs, the newest first, those of earlier servers too."""
        live = {job.key: job for job in self.list(user, database)}
        if self._store is None:
            return [job.record for job in live.values()][::-1][:MOST_LISTED]
        kept = await asyncio.to_thread(self._store.newest, user, database, MOST_LISTED)
        return [live[each.key].record if each.key in live else each for each in kept]

    def get(self, job_id: str, user: str) -> Job:
        """Return one of a user's jobs that are in memory.

        Raises:
            NotFoundError: this user has no such job, whether or not somebody else has.
        """
        with self._lock:
            job = self._jobs.get((user, job_id))
        if job is None:
            raise self._not_found(job_id, user)
        return job

    async def find(self, job_id: str, user: str) -> JobRecord:
        """Return a user's newest job of that id, of an earlier server too.

        Raises:
            NotFoundError: this user has no such job, whether or not somebody else has.
        """
        with self._lock:
            job = self._jobs.get((user, job_id))
        if job is not None:
            return job.record
        kept = None if self._store is None else await asyncio.to_thread(self._store.find, job_id, user)
        if kept is None:
            raise self._not_found(job_id, user)
        return kept

    async def history(self, job_id: str, user: str) -> Sequence[JobReport]:
        """Return the reports with figures of a user's newest job of that id, in the order in which they came.

        Raises:
            NotFoundError: this user has no such job, whether or not somebody else has.
        """
        with self._lock:
            job = self._jobs.get((user, job_id))
        if job is not None:
            return list(job.history)
        record = await self.find(job_id, user)
        return [] if self._store is None else await asyncio.to_thread(self._store.history, record.key)

    async def cancel(self, job_id: str, user: str) -> JobRecord:
        """Ask for the end of one of a user's jobs; a finished one stays as it is.

        Raises:
            NotFoundError: this user has no such job.
        """
        with self._lock:
            job = self._jobs.get((user, job_id))
        if job is not None:
            job.cancel()
        return await self.find(job_id, user)

    def live(self, record: JobRecord) -> Job | JobRecord:
        """Return the job of a record while it is in memory, else the record."""
        with self._lock:
            job = self._jobs.get((record.user, record.id))
        return job if job is not None and job.key == record.key else record

    async def close(self) -> None:
        """End what runs in the background, write what is left, let go of the store."""
        await self.background.close()
        if self._recorder is not None and self._store is not None:
            await asyncio.to_thread(self._recorder.close)
            await asyncio.to_thread(self._store.close)

    def _reserve(self, new: NewJob, recorder: DiskRecorder | None) -> Job:
        job = Job(
            new.job_id or str(uuid.uuid4()), new.name, user=new.user, database=new.database,
            configuration=new.configuration, steps=new.steps, request_id=new.request_id, asked=digests(new.asked),
            graph_name=new.graph_name, recorder=recorder,
        )  # fmt: skip
        key = (job.user, job.id)
        with self._lock:
            taken = self._jobs.get(key)
            if taken is not None and not taken.state.finished:
                raise AlreadyExistsError(f"There's already a job running with jobId '{job.id}'", reason="JOB_EXISTS")
            self._jobs.pop(key, None)
            self._jobs[key] = job
            for old in list(self._beyond_bound()):
                del self._jobs[old]
        return job

    async def _enter(self, job: Job) -> JobRecord | None:
        """Write a reserved job down; return the one that is there in its place."""
        if self._recorder is None:
            return None
        try:
            there = await asyncio.wrap_future(self._recorder.enter(job))
        except BaseException:
            job.end_cancelled()  # who asked for it may be gone while it is written
            self._forget(job)
            raise
        if there is not None:
            self._forget(job)
        return there

    def _forget(self, job: Job) -> None:
        with self._lock:
            if self._jobs.get((job.user, job.id)) is job:
                del self._jobs[job.user, job.id]

    def _in_order(self) -> Sequence[Job]:
        """Return all jobs in memory, oldest first."""
        with self._lock:
            return [*self._jobs.values()]

    def _in_memory(self, user: str, request_id: str) -> Job | None:
        return next((job for job in self._in_order() if job.user == user and job.answers(request_id)), None)

    def _not_found(self, job_id: str, user: str) -> NotFoundError:
        own = ", ".join(f"`{other.id}`" for other in self.list(user) if not other.state.finished) or "none"
        return NotFoundError(
            f"No job with jobId `{job_id}` was found. Your unfinished jobs: {own}. "
            "`CALL bridge.job.list()` shows the finished ones too.",
            reason="JOB_NOT_FOUND",
            jobId=job_id,
        )

    def _beyond_bound(self) -> Iterator[tuple[str, str]]:
        finished = [key for key, job in self._jobs.items() if job.state.finished]
        return islice(finished, max(0, len(finished) - self._keep))


def _given_up(job: Job) -> AlreadyExistsError:
    return AlreadyExistsError(
        f"Another call asked for the job `{job.id}` at the same moment and was cancelled. Call again.",
        reason="JOB_EXISTS",
    )
