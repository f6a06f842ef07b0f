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

    `name` is the procedure's, without `bridge.` and the mode.

    Raises:
        AlreadyExistsError: the caller has a running job of that id.
        CancelledError: the job was cancelled by another call; the block's work is cancelled with it.
    """
    caller = call.caller
    job = services.jobs.create(
        request.job_id, f"{name}.{call.mode}", caller.user, caller.database, request.effective(), steps=tuple(steps)
    )
    with job:
        if request.log_progress:
            await call.job(job.id, job.name, steps)
        work = asyncio.current_task()
        assert work is not None, "an action runs in a task"
        beside = [asyncio.create_task(_forward(job, call)), asyncio.create_task(_cancel_with(job, work))]
        try:
            job.run()
            yield job
        except asyncio.CancelledError:
            if not job.cancel_requested:
                raise  # the client is gone: nobody is left to be told
            work.uncancel()
            job.raise_if_cancelled()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)  # a stream that broke has ended the work already


async def _forward(job: Job, call: Call) -> None:
    async for status in job.changes():
        await call.progress(status.step_index, status.fraction, status.detail)


async def _cancel_with(job: Job, work: asyncio.Task[Any]) -> None:
    await job.cancelled.wait()
    work.cancel()


def effective(request: GraphConfig, job: Job, **chosen: Any) -> Mapping[str, Any]:
    """Return the configuration that was in force, with what was chosen for the user."""
    return request.effective() | {"jobId": job.id} | chosen
