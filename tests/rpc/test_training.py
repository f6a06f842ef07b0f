"""bridge/rpc/training.py: trainings as operators follow and end them."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from bridge.actions.services import Services
from bridge.jobs.job import Job
from bridge.jobs.table import NewJob
from bridge.rpc.convert import from_map
from bridge.v1 import training_service_pb2 as wire
from bridge.v1 import training_service_pb2_grpc as service


def stub(channel: grpc.aio.Channel) -> service.TrainingServiceStub:
    return service.TrainingServiceStub(channel)  # type: ignore[no-untyped-call]


async def create(services: Services, job_id: str, user: str = "ada", **configuration: Any) -> Job:
    return await services.jobs.create(NewJob("gnn.train", user, "neo4j", configuration, job_id=job_id))


def reason(error: grpc.aio.AioRpcError) -> str:
    """Return the reason in the ErrorInfo of a failure."""
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(error).details[0].Unpack(info)
    return info.reason


async def test_a_job_is_shown_whole_and_without_secrets(services: Services, channel: grpc.aio.Channel) -> None:
    """Whoever owns it; its configuration as it was asked for."""
    job = await create(services, "j", modelName="m", epochs=3, nested={"apiKey": "k", "rate": 0.5}, dbPassword="p")
    job.report(0, 0.5, "epoch 1 of 2", {"loss": 2.0})
    job.made("m", 4)
    shown = (await stub(channel).GetJob(wire.GetJobRequest(job="j"))).job
    assert (shown.key, shown.id, shown.user, shown.database, shown.name) == (job.key, "j", "ada", "neo4j", "gnn.train")
    assert (shown.state, shown.progress, shown.detail) == (wire.JOB_STATE_RUNNING, 0.5, "epoch 1 of 2")
    assert (shown.model, shown.version, dict(shown.figures)) == ("m", 4, {"loss": 2.0})
    assert 0 < shown.created_millis <= shown.started_millis
    assert shown.finished_millis == 0
    assert from_map(shown.configuration) == {
        "modelName": "m", "epochs": 3, "nested": {"apiKey": "(hidden)", "rate": 0.5}, "dbPassword": "(hidden)",
    }  # fmt: skip
    job.reject("Worse than version 3.", "WORSE")
    ended = (await stub(channel).WaitJob(wire.WaitJobRequest(job=job.key))).job
    assert (ended.state, ended.error, ended.reason) == (wire.JOB_STATE_REJECTED, "Worse than version 3.", "WORSE")
    assert ended.finished_millis >= shown.started_millis


async def test_jobs_are_listed_page_by_page(services: Services, channel: grpc.aio.Channel) -> None:
    """The newest first; those that come meanwhile move nobody. The last page has no token."""
    for name in "abcde":
        await create(services, name, user=name)
    first = await stub(channel).ListJobs(wire.ListJobsRequest(page_size=2))
    await create(services, "f")
    second = await stub(channel).ListJobs(wire.ListJobsRequest(page_size=2, page_token=first.next_page_token))
    third = await stub(channel).ListJobs(wire.ListJobsRequest(page_size=2, page_token=second.next_page_token))
    assert [[job.id for job in page.jobs] for page in (first, second, third)] == [["e", "d"], ["c", "b"], ["a"]]
    assert third.next_page_token == ""
    every = await stub(channel).ListJobs(wire.ListJobsRequest())
    assert (len(every.jobs), every.next_page_token) == (6, "")


async def test_jobs_are_listed_by_state(services: Services, channel: grpc.aio.Channel) -> None:
    (await create(services, "a")).run()
    await create(services, "b")
    asked = wire.ListJobsRequest(states=[wire.JOB_STATE_RUNNING, wire.JOB_STATE_FAILED], page_size=1)
    assert [job.id for job in (await stub(channel).ListJobs(asked)).jobs] == ["a"]


@pytest.mark.parametrize(
    ("request_", "reason_", "said"),
    [
        (wire.ListJobsRequest(page_token="nonsense"), "INVALID_PAGE_TOKEN", "`page_token` was `nonsense`"),
        (wire.ListJobsRequest(page_token="ä"), "INVALID_PAGE_TOKEN", "`page_token` was `ä`"),
        (wire.ListJobsRequest(page_size=-1), "INVALID_PAGE_SIZE", "`page_size` was -1"),
        (wire.ListJobsRequest(states=[0]), "INVALID_STATE", "`states` has 0"),
        (wire.ListJobsRequest(states=[99]), "INVALID_STATE", "must have values of JobState, 1 to 9"),
    ],
)
async def test_what_is_no_page_is_told(
    channel: grpc.aio.Channel, request_: wire.ListJobsRequest, reason_: str, said: str
) -> None:
    """With a constant for programs in the details."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub(channel).ListJobs(request_)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(raised.value) == reason_
    assert said in str(raised.value.details())


async def test_the_token_of_another_list_is_refused(services: Services, channel: grpc.aio.Channel) -> None:
    """Its place means nothing here."""
    for name in "ab":
        await create(services, name)
    page = await stub(channel).ListJobs(wire.ListJobsRequest(page_size=1))
    other = wire.ListJobsRequest(page_size=1, page_token=page.next_page_token, states=[wire.JOB_STATE_QUEUED])
    with pytest.raises(grpc.aio.AioRpcError, match="none of this list"):
        await stub(channel).ListJobs(other)


async def test_a_watcher_whose_stream_broke_goes_on_after_its_last_report(
    services: Services, channel: grpc.aio.Channel
) -> None:
    """It ends with the job; together the two streams have each report once."""
    job = await create(services, "j")
    job.report(0, 0.1, figures={"loss": 3.0})
    job.report(0, 0.2, figures={"loss": 2.0})
    first = stub(channel).WatchJob(wire.WatchJobRequest(job="j"))
    answer = await first.read()
    first.cancel()
    seen = [report.number for report in answer.reports]
    second = stub(channel).WatchJob(wire.WatchJobRequest(job="j", after_report=seen[-1]))
    states = []
    async for answer in second:
        if not states:
            job.report(0, 0.3, figures={"loss": 1.0})
            job.succeed()
        seen += [report.number for report in answer.reports]
        states.append(answer.job.state)
    assert seen == [1, 2, 3]
    assert states[-1] == wire.JOB_STATE_SUCCEEDED


async def test_a_wait_returns_when_its_time_is_over(services: Services, channel: grpc.aio.Channel) -> None:
    await create(services, "j")
    answer = await stub(channel).WaitJob(wire.WaitJobRequest(job="j", timeout_millis=10))
    assert answer.job.state == wire.JOB_STATE_QUEUED
    with pytest.raises(grpc.aio.AioRpcError, match="`timeout_millis` was -1"):
        await stub(channel).WaitJob(wire.WaitJobRequest(job="j", timeout_millis=-1))


async def test_an_operator_cancels_anyones_job(services: Services, channel: grpc.aio.Channel) -> None:
    """Its work is told at once."""
    job = await create(services, "j", "bob")
    answer = await stub(channel).CancelJob(wire.CancelJobRequest(job="j"))
    assert answer.job.state == wire.JOB_STATE_CANCELLING
    async with asyncio.timeout(120):
        await job.cancelled.wait()


async def test_a_job_that_is_not_there_is_told_with_its_reason(channel: grpc.aio.Channel) -> None:
    for method, request in (("GetJob", wire.GetJobRequest(job="x")), ("CancelJob", wire.CancelJobRequest(job="x"))):
        with pytest.raises(grpc.aio.AioRpcError, match="No job has the key or the id `x`") as raised:
            await getattr(stub(channel), method)(request)
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND
        assert reason(raised.value) == "JOB_NOT_FOUND"
    with pytest.raises(grpc.aio.AioRpcError, match="`job` was empty"):
        await stub(channel).WatchJob(wire.WatchJobRequest()).read()
