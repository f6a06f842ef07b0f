"""bridge/client/trainings.py: jobs started, waited for and watched, over restarts of the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bridge.client import Address, Client
from bridge.client.values import from_map
from bridge.core.errors import NotFoundError, UnavailableError
from bridge.v1 import training_service_pb2 as wire
from tests.client.examples import ended, job, report
from tests.client.fake import Fake, serving


def client(port: int) -> Client:
    """Return a client of a server on this machine."""
    return Client(Address(f"127.0.0.1:{port}"))


def waiting(*jobs: wire.JobRecord) -> Fake:
    """Answer WaitJob with these, one after the other."""
    left = list(jobs)
    return Fake(WaitJob=lambda request: wire.WaitJobResponse(job=left.pop(0)))


def test_waiting_goes_on_until_the_job_has_ended() -> None:
    """By polls of a minute; from the first answer on by the key, since the id may be used again."""
    fake = waiting(job(), job("PUBLISHING"), ended("REJECTED", error="Worse."))
    with serving(fake) as port, client(port) as bridge:
        found = bridge.trainings.wait_job("night")
    assert (found.status, found.error, found.finished) == ("REJECTED", "Worse.", True)
    assert [each.job for each in fake.asked] == ["night", "a" * 32, "a" * 32]
    assert {each.timeout_millis for each in fake.asked} == {60_000}


def test_waiting_ends_when_the_time_is_over() -> None:
    """With the job as it stands; the server is asked to wait no longer than is left."""
    fake = Fake(WaitJob=lambda request: time.sleep(request.timeout_millis / 1000) or wire.WaitJobResponse(job=job()))
    with serving(fake) as port, client(port) as bridge:
        found = bridge.trainings.wait_job("night", timeout=timedelta(seconds=0.2))
    assert found.status == "RUNNING"
    assert all(0 < each.timeout_millis <= 200 for each in fake.asked)


def test_waiting_outlives_a_restart_of_the_server() -> None:
    """The server goes in the middle of a poll, is away, and is back on its port: the same job is asked for again."""
    held = threading.Event()
    before = Fake(WaitJob=lambda request: held.wait(120) and wire.WaitJobResponse(job=job()))
    after, ends = waiting(ended()), []
    with serving(before) as port, client(port) as bridge:
        waiter = threading.Thread(target=lambda: ends.append(bridge.trainings.wait_job("night")))
        waiter.start()
        while not before.asked:
            time.sleep(0.01)
        stop_and_return(before, port, held, after, waiter)
    assert [each.status for each in ends] == ["SUCCEEDED"]
    assert [each.job for each in after.asked] == ["night"]


def stop_and_return(before: Fake, port: int, held: threading.Event, after: Fake, waiter: threading.Thread) -> None:
    """Stop the one server, be away for a moment, serve as the other until the waiter has its answer."""
    before.server.stop(0).wait(10)
    held.set()
    time.sleep(0.7)
    with serving(after, port=port):
        waiter.join(300)


def test_a_server_that_stays_away_is_given_up() -> None:
    """After the time that was given."""
    with client(1) as bridge, pytest.raises(UnavailableError, match="Start it"):
        bridge.trainings.wait_job("night", outage=timedelta(seconds=0.1))
    with client(1) as bridge, pytest.raises(UnavailableError, match="Start it"):
        list(bridge.trainings.watch_job("night", outage=timedelta(seconds=0.1)))


def test_a_job_that_is_gone_is_not_waited_for() -> None:
    """What the server refuses, asking again would not change."""

    def gone(request: Any) -> Any:
        raise NotFoundError("There is no job `night`.", reason="JOB_NOT_FOUND")

    fake = Fake(WaitJob=gone, WatchJob=gone)
    with serving(fake) as port, client(port) as bridge:
        with pytest.raises(NotFoundError, match="no job `night`"):
            bridge.trainings.wait_job("night")
        with pytest.raises(NotFoundError, match="no job `night`"):
            list(bridge.trainings.watch_job("night"))
    assert len(fake.asked) == 2


def test_a_broken_watch_goes_on_after_the_last_report() -> None:
    """A server that ends the stream, and one that tells a report twice: each is told once, in order."""
    streams = [
        [wire.WatchJobResponse(job=job(), reports=[report(1), report(2)]), wire.WatchJobResponse(job=job())],
        [],
        [
            wire.WatchJobResponse(job=job(), reports=[report(2), report(3)]),
            wire.WatchJobResponse(job=ended(), reports=[report(4)]),
            wire.WatchJobResponse(job=ended()),
        ],
    ]
    fake = Fake(WatchJob=lambda request: iter(streams.pop(0)))
    with serving(fake) as port, client(port) as bridge:
        changes = list(bridge.trainings.watch_job("night"))
    assert [each.number for change in changes for each in change.reports] == [1, 2, 3, 4]
    assert [change.job.status for change in changes] == ["RUNNING", "RUNNING", "RUNNING", "SUCCEEDED"]
    assert [(each.job, each.after_report) for each in fake.asked] == [("night", 0), ("a" * 32, 2), ("a" * 32, 2)]


def test_a_watch_that_is_left_ends_its_stream() -> None:
    """Nothing is kept open on the server for who has seen enough."""
    over = threading.Event()

    def answer(request: Any) -> Iterator[Any]:
        try:
            while True:
                yield wire.WatchJobResponse(job=job())
                time.sleep(0.01)
        finally:
            over.set()

    with serving(Fake(WatchJob=answer)) as port, client(port) as bridge:
        changes = bridge.trainings.watch_job("night")
        next(changes)
        changes.close()
        assert over.wait(10)


def test_a_job_is_started_with_its_parameters_and_request_id() -> None:
    """Integers stay integers; the job is the server's."""
    fake = Fake(
        Retrain=lambda request: wire.RetrainResponse(job=job("QUEUED")),
        CreateTraining=lambda request: wire.CreateTrainingResponse(job=job("QUEUED")),
        CancelJob=lambda request: wire.CancelJobResponse(job=job("CANCELLING")),
        GetJob=lambda request: wire.GetJobResponse(job=job()),
    )
    with serving(fake) as port, client(port) as bridge:
        started = bridge.trainings.retrain("movielens", {"epochs": 3, "rate": 1.0}, request_id="r1")
        bridge.trainings.create_training("m", {"epochs": 3}, request_id="r2", model_version=2)
        assert bridge.trainings.cancel_job("night").status == "CANCELLING"
        assert bridge.trainings.get_job("night").progress == 0.5
    assert (started.status, started.job_id, started.model_version) == ("QUEUED", "night", None)
    retrain, create, *_ = fake.asked
    assert (retrain.recipe, retrain.request_id) == ("movielens", "r1")
    assert repr(from_map(retrain.parameters)) == "{'epochs': 3, 'rate': 1.0}"
    assert (create.name.model, create.model_version, create.request_id) == ("m", "2", "r2")


def test_jobs_are_listed_by_state() -> None:
    """Page by page, and no further than somebody reads."""
    fake = Fake(ListJobs=lambda request: wire.ListJobsResponse(jobs=[job()], next_page_token="more"))
    with serving(fake) as port, client(port) as bridge:
        found = bridge.trainings.list_jobs(["RUNNING", "QUEUED"])
        assert [next(found).job_id, next(found).job_id] == ["night", "night"]
    assert len(fake.asked) == 2
    assert list(fake.asked[0].states) == [wire.JOB_STATE_RUNNING, wire.JOB_STATE_QUEUED]
