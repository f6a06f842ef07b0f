"""A job around the work of a call: shown while it runs, ended with it, its progress sent to the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bridge.core.call import Call
from bridge.jobs.job import Job

if TYPE_CHECKING:
    from bridge.actions.base_config import GraphConfig
    from bridge.actions.services import Services


@asynccontextmanager
async def running_job(
    name: str, request: GraphConfig, steps: Sequence[str], call: Call, services: Services
) -> AsyncIterator[Job]:
    """Enter a job into the table, forward its progress to the plugin, end it with the block.

    Raises:
        AlreadyExistsError: the caller has a running job of that id.
        CancelledError: the job was cancelled by another call; the block's work is cancelled with it.
    """
    caller = call.caller
    job = services.jobs.create(
        request.job_id, name, caller.user, caller.database, request.effective(), steps=tuple(steps)
    )
    with job:
        if request.log_progress:
            await call.job(job.id, name, steps)
        work = asyncio.current_task()
        forwarding = asyncio.create_task(_forward(job, call))
        watching = asyncio.create_task(_cancel_with(job, work)) if work else None
        try:
            job.run()
            yield job
        except asyncio.CancelledError:
            if not job.cancel_requested:
                raise  # the client is gone: nobody is left to be told
            if work:
                work.uncancel()
            job.raise_if_cancelled()
        finally:
            tasks = [task for task in (forwarding, watching) if task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)  # a stream that broke has ended the work already


async def _forward(job: Job, call: Call) -> None:
    async for status in job.changes():
        await call.progress(status.step_index, status.fraction, status.detail)


async def _cancel_with(job: Job, work: asyncio.Task[Any]) -> None:
    await job.cancelled.wait()
    work.cancel()


def effective(request: GraphConfig, job: Job, **chosen: Any) -> Mapping[str, Any]:
    """Return the configuration that was in force, with what was chosen for the user."""
    return request.effective() | {"jobId": job.id} | chosen
