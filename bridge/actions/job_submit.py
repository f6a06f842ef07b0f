"""Trainings that go on when their client has left."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bridge.actions.base_config import GraphConfig
from bridge.actions.job import JobRow, row_of
from bridge.actions.jobs import new_job, told
from bridge.actions.reading import Selection, quoted, snapshot_of
from bridge.actions.rows import send_row
from bridge.actions.training import Prepared, Training
from bridge.actions.trainings import TRAININGS
from bridge.actions.undisturbed import undisturbed
from bridge.core.call import Call
from bridge.core.config import Config, ModelName
from bridge.core.errors import InvalidArgumentError, did_you_mean
from bridge.core.graph import Graph
from bridge.core.procedure import Procedure
from bridge.jobs.background import cancelled_with
from bridge.jobs.job import Job
from bridge.jobs.requests import check_same
from bridge.jobs.status import JobRecord
from bridge.jobs.table import NewJob
from bridge.projection.snapshots import Snapshot

if TYPE_CHECKING:
    from bridge.actions.services import Services


class JobSubmitConfig(Config):
    """Start a training that goes on when its client has left. Returns when all is checked and the projection read."""

    procedure: str
    """The training: the full name of a procedure `*.train`."""
    configuration: dict[str, Any] = Field(default_factory=dict)
    """That procedure's configuration."""
    job_id: ModelName | None = None
    """Name of the job; a new one when not given. To submit the same again is safe: where the same user started it
    before and it is not yet forgotten, that job is returned and none is started. With other values it is refused."""


Reading = Callable[[Graph, Selection, "Services"], AbstractAsyncContextManager[tuple[Snapshot, bool]]]
"""Brings the selected columns to this machine and holds them, as `snapshot_of` does."""


@dataclass(frozen=True)
class Submission:
    """A training that is to go on by itself."""

    training: Training
    request: GraphConfig
    job: NewJob
    call: Call
    read: Reading


async def submit(request: JobSubmitConfig, call: Call, services: Services) -> None:
    """Answer with the job of this id; start it if there is none.

    Raises:
        AlreadyExistsError: the id asked for something else before.
    """
    training, inner = _training(request)
    asked = _asked(request, inner, call)
    new = new_job(f"{training.name}.train", inner, training.steps, call)
    new = replace(new, request_id=inner.job_id or "", asked=asked)
    record = await submitted(Submission(training, inner, new, call, partial(snapshot_of, call)), services)
    check_same(record, asked, f"`jobId` `{record.id}`")
    await send_row(call, row_of(record))


async def submitted(submission: Submission, services: Services) -> JobRecord:
    """Return the job of this request id; start it if there is none. It is accepted when this returns."""
    new = submission.job
    while True:
        job = await services.jobs.of_request(new.user, new.request_id)
        if job is None:
            prepared = await submission.training.prepare(submission.request, submission.call, services)
            services.trainers.check_room()  # a job that can not wait would keep its id, and nobody could try again
            job, entered = await services.jobs.create_once(new)
            if isinstance(job, Job) and entered:
                await _start(job, prepared, submission, services)
                break
        if await _accepted(job, submission.call):
            break
    return job.record if isinstance(job, Job) else job


def _training(request: JobSubmitConfig) -> tuple[Training, GraphConfig]:
    """Return the training and its own configuration.

    Raises:
        InvalidArgumentError: there is no such training, or its configuration is wrong.
    """
    training = TRAININGS.get(request.procedure)
    if training is None:
        raise InvalidArgumentError(
            f"`procedure` was `{request.procedure}`, but only trainings can be submitted: "
            f"{quoted(list(TRAININGS))}.{did_you_mean(request.procedure, TRAININGS)}",
            reason="NOT_A_TRAINING",
        )
    inner = training.config.parse(request.configuration)
    if request.job_id and inner.job_id and request.job_id != inner.job_id:
        raise InvalidArgumentError(
            f"`jobId` was `{request.job_id}`, but in `configuration` it was `{inner.job_id}`. Give it once.",
            reason="INVALID_CONFIGURATION",
        )
    return training, inner.model_copy(update={"job_id": request.job_id or inner.job_id})


def _asked(request: JobSubmitConfig, inner: GraphConfig, call: Call) -> dict[str, Any]:
    given = inner.model_dump(by_alias=True, mode="json", exclude_unset=True)
    named = {name: value for name, value in given.items() if name != "jobId"}
    return {
        "procedure": request.procedure, "database": call.caller.database, "graphName": call.graph_name,
        "configuration": named,
    }  # fmt: skip


async def _start(job: Job, prepared: Prepared, submission: Submission, services: Services) -> None:
    """Read the projection for a job, promise that it goes on, and let it."""
    goes_on = False

    async def promise(snapshot: Snapshot) -> None:
        nonlocal goes_on
        await services.jobs.accept(job)
        held = ExitStack()
        held.enter_context(services.snapshots.pin(snapshot))
        services.jobs.background.start(job, lambda job: _work(job, prepared, snapshot, held))
        goes_on = True

    try:
        job.run()
        async with (
            told(job, submission.call, log=submission.request.log_progress),
            cancelled_with(job),
            submission.read(prepared.graph, prepared.selection, services) as (snapshot, _),
        ):
            await prepared.check(snapshot)
            await undisturbed(promise(snapshot))
    except BaseException as error:
        if not goes_on:  # who leaves at the very moment of the promise leaves a job that keeps it
            job.end_with(error)
            await job.ended()
        raise


async def _work(job: Job, prepared: Prepared, snapshot: Snapshot, held: ExitStack) -> None:
    with held:
        await prepared.work(job, snapshot)


async def _accepted(job: Job | JobRecord, call: Call) -> bool:
    """Wait until another call's job goes on for good; False when it ended before."""
    if isinstance(job, Job):
        async with told(job, call, log=False):
            async for status in job.changes():
                if job.accepted or status.state.finished:
                    break
    return job.accepted


JOB_SUBMIT = Procedure("bridge.job", JobSubmitConfig, {"submit": JobRow}, submit)
