"""A job around the work of a call: shown while it runs, ended with it, its progress sent to the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bridge.core.call import Call
from bridge.jobs.background import cancelled_with
from bridge.jobs.job import Job
from bridge.jobs.table import NewJob

if TYPE_CHECKING:
    from bridge.actions.base_config import GraphConfig
    from bridge.actions.services import Services


@asynccontextmanager
async def running_job(
    name: str, request: GraphConfig, steps: Sequence[str], call: Call, services: Services, *, on_disk: bool = False
) -> AsyncIterator[Job]:
    """Enter a job into the table, forward its progress to the plugin, end it with the block.

    `name` is the procedure's, without `bridge.` and the mode. The job's end is on disk when this returns. A full disk
    keeps no model from answering: only what needs the disk anyway asks for its job to be there, by `on_disk`.

    Raises:
        AlreadyExistsError: the caller has a running job of that id.
        CancelledError: the job was cancelled by another call; the block's work is cancelled with it.
        ResourceExhaustedError: with `on_disk`, the disk does not take the job.
    """
    job = await services.jobs.create(new_job(f"{name}.{call.mode}", request, steps, call), on_disk=on_disk)
    try:
        with job:
            async with told(job, call, log=request.log_progress), cancelled_with(job):
                job.run()
                yield job
    finally:
        await job.ended()


def new_job(name: str, request: GraphConfig, steps: Sequence[str], call: Call) -> NewJob:
    """Return the job of a request; `name` is the procedure's, without `bridge.`."""
    return NewJob(
        name,
        call.caller.user,
        call.caller.database,
        request.effective(),
        tuple(steps),
        job_id=request.job_id,
        graph_name=call.graph_name,
    )


@asynccontextmanager
async def told(job: Job, call: Call, *, log: bool) -> AsyncIterator[None]:
    """Send the job's progress to the plugin during the block; with `log`, name the job to GDS."""
    if log:
        await call.job(job.id, job.name, job.steps)
    forward = asyncio.create_task(_forward(job, call))
    try:
        yield
    finally:
        forward.cancel()
        await asyncio.gather(forward, return_exceptions=True)  # a stream that broke has ended the work already


async def _forward(job: Job, call: Call) -> None:
    async for status in job.changes():
        await call.progress(status.step_index, status.fraction, status.detail)


def effective(request: GraphConfig, job: Job, **chosen: Any) -> Mapping[str, Any]:
    """Return the configuration that was in force, with what was chosen for the user."""
    return request.effective() | {"jobId": job.id} | chosen
