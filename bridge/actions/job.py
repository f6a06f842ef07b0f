"""The jobs of the caller: list, history, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bridge.actions.rows import send_row, send_rows
from bridge.core.call import Call
from bridge.core.config import Config, ModelName
from bridge.core.procedure import Procedure, Row

if TYPE_CHECKING:
    from bridge.actions.services import Services
    from bridge.jobs.status import JobRecord


class JobRow(Row):
    """One job of the caller's."""

    model_name: str | None
    """The model of its configuration; null when there is none."""
    model_version: int | None
    """The version that it made, or asks by number; null when it has made none, asks none, or asks by an alias."""
    job_id: str
    """Its id, as in gds.listProgress."""
    job_name: str
    """The procedure, without `bridge.`."""
    status: str
    """QUEUED, RUNNING, EVALUATING, PUBLISHING or CANCELLING; at the end SUCCEEDED, REJECTED, FAILED or CANCELLED."""
    step: str
    """The running part."""
    progress: float
    """How much of the whole is done, 0 to 1."""
    detail: str
    """A word on it: the epoch, the place in the queue, the error."""
    reason: str
    """Why it ended so, as a constant for programs: TRAINER_LOST, SERVER_RESTARTED, …; empty when all went well."""
    figures: dict[str, Any]
    """The latest metrics of a training; `bridge.job.history` has those of every epoch."""
    time_created: datetime
    """When it was asked for."""
    time_started: datetime | None
    """When it began to run."""
    time_finished: datetime | None
    """When it ended."""


class JobReportRow(Row):
    """One report of a job, such as an epoch's."""

    job_id: str
    """The job."""
    number: int
    """From 1 on, in the order in which they came."""
    time_reported: datetime
    """When it came."""
    step: str
    """The part that it was about."""
    figures: dict[str, Any]
    """Its metrics."""


class JobListConfig(Config):
    """The caller's jobs, the 1,000 newest, the newest first, those of before a restart of the server too."""

    job_id: str = ""
    """Only this job; all when empty. Of several that had this name, the newest."""


class JobHistoryConfig(Config):
    """What a job reported while it ran, such as the loss of every epoch: the newest 10,000 reports."""

    job_id: ModelName
    """The job."""


class JobCancelConfig(Config):
    """Cancel a running or waiting job of the caller's; a finished one stays as it is."""

    job_id: ModelName
    """The job to cancel."""


async def list_jobs(request: JobListConfig, call: Call, services: Services) -> None:
    """Answer with a row a job."""
    caller = call.caller
    if request.job_id:
        jobs: Sequence[JobRecord] = [await services.jobs.find(request.job_id, caller.user)]
    else:
        jobs = await services.jobs.records(caller.user, caller.database)
    await send_rows(call, JobRow, [row_of(job) for job in jobs])


async def history(request: JobHistoryConfig, call: Call, services: Services) -> None:
    """Answer with a row a report."""
    reports = await services.jobs.history(request.job_id, call.caller.user)
    rows = [
        JobReportRow(
            job_id=request.job_id,
            number=each.number,
            time_reported=_time(each.millis),
            step=each.step,
            figures=dict(each.figures),
        )
        for each in reports
    ]
    await send_rows(call, JobReportRow, rows)


async def cancel(request: JobCancelConfig, call: Call, services: Services) -> None:
    """Ask a job to end, and answer with its state."""
    await send_row(call, row_of(await services.jobs.cancel(request.job_id, call.caller.user)))


def row_of(job: JobRecord) -> JobRow:
    """Show a job."""
    status = job.status
    asked: Any = job.configuration.get("modelVersion")
    name: Any = job.configuration.get("modelName")
    return JobRow(
        model_name=job.model_name or name,
        model_version=asked if job.model_version is None and isinstance(asked, int) else job.model_version,
        job_id=job.id,
        job_name=job.name,
        status=status.state.value,
        step=status.step,
        progress=status.progress,
        detail=status.error or status.detail,
        reason=status.reason,
        figures=dict(status.figures),
        time_created=_time(status.created_millis),
        time_started=status.started_millis and _time(status.started_millis),
        time_finished=status.finished_millis and _time(status.finished_millis),
    )


def _time(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)


JOB_LIST = Procedure("bridge.job.list", JobListConfig, {"": JobRow}, list_jobs, positional=True)
JOB_HISTORY = Procedure("bridge.job.history", JobHistoryConfig, {"": JobReportRow}, history, positional=True)
JOB_CANCEL = Procedure("bridge.job.cancel", JobCancelConfig, {"": JobRow}, cancel, positional=True)
