"""The jobs a server knows: who runs what, how far it is, and how it ended."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from bridge.core.errors import AlreadyExistsError, NotFoundError
from bridge.jobs.job import Job

DEFAULT_KEEP = 1_000
"""Finished jobs that stay listed."""


class Jobs:
    """The table of jobs, in memory. Everyone sees and cancels only their own. Safe to use from any thread."""

    def __init__(self, keep: int = DEFAULT_KEEP) -> None:
        self._keep = keep
        self._jobs: dict[tuple[str, str], Job] = {}
        self._lock = threading.Lock()

    def create(
        self,
        job_id: str | None,
        name: str,
        user: str,
        database: str,
        configuration: Mapping[str, Any],
        steps: tuple[str, ...] = ("run",),
    ) -> Job:
        """Enter a job; use it as a context manager, whose end is the job's. Call this on the event loop.

        Without `job_id` it gets a random one. `name` is the procedure's, `user` is empty when authentication is off.

        Raises:
            AlreadyExistsError: this user has an unfinished job of this id.
        """
        key = (user, job_id or str(uuid.uuid4()))
        job = Job(key[1], name, user=user, database=database, configuration=configuration, steps=steps)
        with self._lock:
            taken = self._jobs.get(key)
            if taken is not None and not taken.state.finished:
                raise AlreadyExistsError(f"There's already a job running with jobId '{job_id}'", reason="JOB_EXISTS")
            self._jobs.pop(key, None)
            self._jobs[key] = job
            for old in list(self._beyond_bound()):
                del self._jobs[old]
        return job

    def list(self, user: str, database: str | None = None) -> list[Job]:
        """Return a user's jobs, oldest first; those of one database when it is given."""
        with self._lock:
            jobs = list(self._jobs.values())
        return [job for job in jobs if job.user == user and database in (None, job.database)]

    def get(self, job_id: str, user: str) -> Job:
        """Return one of a user's jobs.

        Raises:
            NotFoundError: this user has no such job, whether or not somebody else has.
        """
        with self._lock:
            job = self._jobs.get((user, job_id))
        if job is None:
            own = ", ".join(f"`{other.id}`" for other in self.list(user) if not other.state.finished) or "none"
            raise NotFoundError(
                f"No job with jobId `{job_id}` was found. Your unfinished jobs: {own}. "
                "`CALL bridge.job.list()` shows the finished ones too.",
                reason="JOB_NOT_FOUND",
                jobId=job_id,
            )
        return job

    def cancel(self, job_id: str, user: str) -> Job:
        """Ask for the end of one of a user's jobs; a finished one stays as it is.

        Raises:
            NotFoundError: this user has no such job.
        """
        job = self.get(job_id, user)
        job.cancel()
        return job

    def _beyond_bound(self) -> Iterator[tuple[str, str]]:
        finished = [key for key, job in self._jobs.items() if job.state.finished]
        return islice(finished, max(0, len(finished) - self._keep))
