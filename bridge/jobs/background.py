"""Work that goes on when the call that asked for it has ended, for as long as the server runs."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from bridge.core.errors import BridgeError, CancelledError
from bridge.jobs.job import Job

STOPPED = "The server was stopped while this job was at work. Start it again."

Work = Callable[[Job], Awaitable[None]]

_log = logging.getLogger(__name__)


class Background:
    """The tasks of the jobs that nobody's call waits for. Lives on one event loop."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], Job] = {}
        self._stopped: set[Job] = set()

    def start(self, job: Job, work: Work) -> None:
        """Run the work of a job and end the job with it.

        The work's task is cancelled when somebody cancels the job, or when the server stops: then the job is FAILED.
        """
        task = asyncio.create_task(self._run(job, work), name=f"job {job.id}")
        self._tasks[task] = job
        task.add_done_callback(self._tasks.pop)

    async def close(self) -> None:
        """Cancel all work and wait for its end."""
        self._stopped |= {job for job in self._tasks.values() if not job.cancel_requested}
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job in self._stopped:
            job.fail(STOPPED, "SERVER_STOPPED")  # one whose task had not even begun

    async def _run(self, job: Job, work: Work) -> None:
        # The job says how it ended; nobody else is there to be told.
        with suppress(Exception, asyncio.CancelledError), job:
            try:
                async with cancelled_with(job):
                    await work(job)
            except (asyncio.CancelledError, CancelledError):
                if job in self._stopped:
                    job.fail(STOPPED, "SERVER_STOPPED")
                raise
            except BridgeError:
                raise
            except Exception:
                job.fail(_logged(job), "INTERNAL")
                raise
        await job.ended()


@asynccontextmanager
async def cancelled_with(job: Job) -> AsyncIterator[None]:
    """Cancel the task that is in this block when somebody cancels the job.

    Raises:
        CancelledError: somebody did; `asyncio.CancelledError` when only the task was cancelled.
    """
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    watch = asyncio.create_task(_cancel_with(job, task))
    try:
        yield
    except asyncio.CancelledError:
        if not job.cancel_requested:
            raise
        task.uncancel()
        job.raise_if_cancelled()
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


async def _cancel_with(job: Job, task: asyncio.Task[Any]) -> None:
    await job.cancelled.wait()
    task.cancel()


def _logged(job: Job) -> str:
    error_id = secrets.token_hex(4)
    _log.exception("job %s (%s) failed, error id %s", job.id, job.name, error_id)
    return (
        f"The job `{job.id}` failed inside bridge, not through its input (error id {error_id}). The server's log has "
        "the whole under this id; please report it."
    )
