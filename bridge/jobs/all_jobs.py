"""The jobs of all users, as operators see them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import aclosing, suppress
from datetime import timedelta

from bridge.core.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError, UnavailableError
from bridge.jobs.job import HEARTBEAT_SECONDS, Job
from bridge.jobs.status import JobRecord, JobReport, JobState
from bridge.jobs.store import JobStore
from bridge.jobs.table import Jobs

OPERATOR = ":operator"
"""User of the jobs that operators ask for. No user of Neo4j has a colon in their name."""

REPORTS_AT_ONCE = 1_000
"""Reports that a watcher gets together: each part fits into a message."""

_log = logging.getLogger(__name__)


class AllJobs:
    """Every job that is running or not yet forgotten. A job goes by its key, or by its id: then the newest is meant."""

    def __init__(self, jobs: Jobs, store: JobStore) -> None:
        self._jobs = jobs
        self._store = store
        self._stopping = False

    def stop(self) -> None:
        """End all that waits for or watches a job at work, and will yet: its client asks the next server."""
        self._stopping = True
        self._jobs.wake()

    async def page(
        self, states: Collection[JobState], limit: int, before: int | None = None
    ) -> list[tuple[int, JobRecord]]:
        """Return jobs with their numbers, the newest first: those of some states, or all when there are none.

        The higher the number, the newer the job: only those with a lower one than `before`, when it is given.
        """
        with suppress(ResourceExhaustedError):  # on a full disk a list is a moment old
            await self._jobs.settle()
        return await asyncio.to_thread(self._store.page, states, before, limit)

    async def find(self, name: str) -> Job | JobRecord:
        """Return a job; one that is not in memory any more as its record.

        Raises:
            InvalidArgumentError: the name is empty.
            NotFoundError: there is none.
        """
        if not name:
            raise InvalidArgumentError(
                "`job` was empty, but must be the key or the id of a job. ListJobs shows both.", reason="INVALID_NAME"
            )
        kept = await asyncio.to_thread(self._store.look_up, name)
        if kept is None:
            raise NotFoundError(
                f"No job has the key or the id `{name}`. ListJobs shows all there are; a finished job is forgotten "
                "after BRIDGE_JOB_DAYS.",
                reason="JOB_NOT_FOUND",
                job=name,
            )
        return self._jobs.live(kept)

    async def record(self, name: str) -> JobRecord:
        """Return a job as it stands now.

        Raises:
            InvalidArgumentError, NotFoundError: as `find`.
        """
        return _record(await self.find(name))

    async def wait(self, name: str, most: timedelta) -> JobRecord:
        """Return a job when it has ended, or as it stands when the time is over.

        Raises:
            InvalidArgumentError, NotFoundError: as `find`.
            UnavailableError: the server stops.
        """
        job = await self.find(name)
        if isinstance(job, Job):
            with suppress(TimeoutError):
                async with asyncio.timeout(most.total_seconds()):
                    async for _ in self._changes(job, HEARTBEAT_SECONDS):
                        pass
        return _record(job)

    async def watch(
        self, name: str, after: int = 0, heartbeat: float = HEARTBEAT_SECONDS
    ) -> AsyncIterator[tuple[JobRecord, Sequence[JobReport]]]:
        """Yield a job now, after every change, every `heartbeat` seconds without one, and at its end.

        With it come the reports since, from the one after number `after` on. A slow reader misses what lies between
        two states, and no report of the newest 10,000.

        Raises:
            InvalidArgumentError, NotFoundError: as `find`.
            UnavailableError: the server stops.
        """
        job = await self.find(name)
        if not isinstance(job, Job):
            for part in _parts(await asyncio.to_thread(self._store.history, job.key, after)):
                yield job, part
            return
        async with aclosing(self._changes(job, heartbeat)) as changes:
            async for _ in changes:
                for part in _parts(_reports(job, after)):
                    yield job.record, part
                    after = part[-1].number if part else after

    async def _changes(self, job: Job, heartbeat: float) -> AsyncGenerator[None, None]:
        """Yield now, and as `Job.changes`, until the job ends or the server stops.

        Raises:
            UnavailableError: the server stops.
        """
        async with aclosing(job.changes(heartbeat)) as changes:
            async for status in changes:
                if self._stopping and not status.state.finished:
                    raise UnavailableError("The server is being stopped. Ask the next one.", reason="SERVER_STOPPED")
                yield

    async def cancel(self, name: str) -> JobRecord:
        """Ask a job to end; a finished one stays as it is.

        Raises:
            InvalidArgumentError, NotFoundError: as `find`.
        """
        job = await self.find(name)
        if isinstance(job, Job):
            _log.info("an operator cancels the job %s (%s) of user `%s`", job.id, job.name, job.user)
            job.cancel()
        return _record(job)


def _record(job: Job | JobRecord) -> JobRecord:
    return job.record if isinstance(job, Job) else job


def _reports(job: Job, after: int) -> list[JobReport]:
    reports = list(job.history)
    return reports[max(0, after + 1 - reports[0].number) :] if reports else []


def _parts(reports: Sequence[JobReport]) -> list[Sequence[JobReport]]:
    """Cut reports into parts; one that is empty when there are none."""
    return [reports[start : start + REPORTS_AT_ONCE] for start in range(0, max(1, len(reports)), REPORTS_AT_ONCE)]
