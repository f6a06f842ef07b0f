"""The jobs of the caller: list, cancel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bridge.actions.rows import send_row, send_rows
from bridge.core.call import Call
from bridge.core.config import Config, ModelName
from bridge.core.procedure import Procedure, Row

if TYPE_CHECKING:
    from bridge.actions.services import Services
    from bridge.jobs.job import Job


class JobRow(Row):
    """One job of the caller's."""

    model_name: str | None
    """The model of its configuration; null when there is none."""
    model_version: int | None
    """The version that it asks by number; null when it asks none, or by an alias."""
    job_id: str
    """Its id, as in gds.listProgress."""
    job_name: str
    """The procedure, without `bridge.`."""
    status: str
    """QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLING or CANCELLED."""
    step: str
    """The running part."""
    progress: float
    """How much of the whole is done, 0 to 1."""
    detail: str
    """A word on it: the epoch, the place in the queue, the error."""
    figures: dict[str, Any]
    """The latest metrics of a training."""
    time_created: datetime
    """When it was asked for."""
    time_started: datetime | None
    """When it began to run."""
    time_finished: datetime | None
    """When it ended."""


class JobListConfig(Config):
    """The caller's jobs, the newest first."""

    job_id: str = ""
    """Only this job; all when empty."""


class JobCancelConfig(Config):
    """Cancel a running or waiting job of the caller's."""

    job_id: ModelName
    """The job to cancel."""


async def list_jobs(request: JobListConfig, call: Call, services: Services) -> None:
    """Answer with a row a job."""
    caller = call.caller
    if request.job_id:
        jobs = [services.jobs.get(request.job_id, caller.user)]
    else:
        jobs = services.jobs.list(caller.user, caller.database)[::-1]
    await send_rows(call, JobRow, [_row(job) for job in jobs])


async def cancel(request: JobCancelConfig, call: Call, services: Services) -> None:
    """Ask a job to end, and answer with its state."""
    await send_row(call, _row(services.jobs.cancel(request.job_id, call.caller.user)))


def _row(job: Job) -> JobRow:
    status = job.status
    version = job.configuration.get("modelVersion")
    return JobRow(
        model_name=job.configuration.get("modelName"),
        model_version=version if isinstance(version, int) else None,
        job_id=job.id,
        job_name=job.name,
        status=status.state.value,
        step=status.step,
        progress=status.progress,
        detail=status.error or status.detail,
        figures=dict(status.figures),
        time_created=_time(status.created_millis),
        time_started=status.started_millis and _time(status.started_millis),
        time_finished=status.finished_millis and _time(status.finished_millis),
    )


def _time(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)


JOB_LIST = Procedure("bridge.job.list", JobListConfig, {"": JobRow}, list_jobs, positional=True)
JOB_CANCEL = Procedure("bridge.job.cancel", JobCancelConfig, {"": JobRow}, cancel, positional=True)
