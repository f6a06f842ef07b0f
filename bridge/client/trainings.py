"""Trainings: start them, follow them, end them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from bridge.client.connection import DEADLINE, OUTAGE, Connection, Patience, walked
from bridge.client.models import reference
from bridge.client.records import Change, Job, Recipe, Report
from bridge.client.values import from_map, to_map
from bridge.core.errors import UnavailableError
from bridge.v1 import training_service_pb2 as wire
from bridge.v1 import training_service_pb2_grpc as service

POLL = timedelta(seconds=60)
"""The longest that the server lets one call wait."""

CHECKED = timedelta(minutes=10)
"""How long a new training may be checked: its projection is copied, and its data are looked at."""

STREAM = timedelta(minutes=10)
"""How long one stream is listened to before it is opened anew: an end even to a stream that only seems alive."""


class Trainings:
    """Asks TrainingService. `job` is a job's key, or its id; of several with that id, the newest is meant. Every method
    raises a BridgeError in the server's words."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stub = service.TrainingServiceStub(connection.channel)  # type: ignore[no-untyped-call]

    def create_training(
        self,
        model: str,
        configuration: Mapping[str, object],
        *,
        request_id: str,
        model_version: int | str = "",
        database: str = "",
    ) -> Job:
        """Train a model's next version on the projection of an earlier one, as it was then.

        configuration: goes before that version's.
        request_id: who asks again with the same gets the same job.
        """
        request = wire.CreateTrainingRequest(
            name=reference(model, database),
            model_version=str(model_version),
            configuration=to_map(configuration),
            request_id=request_id,
        )
        found: wire.CreateTrainingResponse = self._connection.call(self._stub.CreateTraining, request, CHECKED)
        return Job.of(found.job)

    def retrain(self, recipe: str, parameters: Mapping[str, object], *, request_id: str) -> Job:
        """Run a recipe; `parameters` go before its own. Who asks again with the same request id gets the same job."""
        request = wire.RetrainRequest(recipe=recipe, parameters=to_map(parameters), request_id=request_id)
        found: wire.RetrainResponse = self._connection.call(self._stub.Retrain, request)
        return Job.of(found.job)

    def list_recipes(self) -> list[Recipe]:
        """Return the recipes by name."""
        found: wire.ListRecipesResponse = self._connection.call(self._stub.ListRecipes, wire.ListRecipesRequest())
        return [Recipe(each.name, each.description, from_map(each.parameters)) for each in found.recipes]

    def list_jobs(self, states: Iterable[str] = ()) -> Iterator[Job]:
        """Yield the jobs of all users, the newest first; `states` such as RUNNING, all when empty."""
        wanted = [f"JOB_STATE_{state}" for state in states]

        def page(token: str) -> tuple[Iterable[Job], str]:
            request = wire.ListJobsRequest(states=wanted, page_token=token)
            found: wire.ListJobsResponse = self._connection.call(self._stub.ListJobs, request)
            return map(Job.of, found.jobs), found.next_page_token

        return walked(page)

    def get_job(self, job: str) -> Job:
        """Return a job as it stands."""
        found: wire.GetJobResponse = self._connection.call(self._stub.GetJob, wire.GetJobRequest(job=job))
        return Job.of(found.job)

    def wait_job(self, job: str, *, timeout: timedelta | None = None, outage: timedelta = OUTAGE) -> Job:
        """Return a job when it has ended, or when the time is over.

        outage: how long the server may be away meanwhile; longer is an UnavailableError.
        """
        patience = Patience(outage)
        end = None if timeout is None else time.monotonic() + timeout.total_seconds()
        while True:
            left = POLL if end is None else min(POLL, max(timedelta(0), timedelta(seconds=end - time.monotonic())))
            try:
                found = self._wait(job, left)
            except UnavailableError as error:
                patience.bear(error)
                continue
            patience.answered()
            job = found.key  # its id may be used again while this waits
            if found.finished or (end is not None and time.monotonic() >= end):
                return found

    def _wait(self, job: str, most: timedelta) -> Job:
        millis = max(1, most // timedelta(milliseconds=1))  # 0 would be the longest
        request = wire.WaitJobRequest(job=job, timeout_millis=millis)
        found: wire.WaitJobResponse = self._connection.call(self._stub.WaitJob, request, most + DEADLINE)
        return Job.of(found.job)

    def watch_job(self, job: str, *, after_report: int = 0, outage: timedelta = OUTAGE) -> Iterator[Change]:
        """Yield the job now, after every change, and at its end; each report once, from after `after_report` on.

        outage: how long the server may be away meanwhile; longer is an UnavailableError.
        """
        patience = Patience(outage)
        while True:
            request = wire.WatchJobRequest(job=job, after_report=after_report)
            try:
                for found in self._connection.stream(self._stub.WatchJob, request, STREAM):
                    patience.answered()
                    change = _change(found, after_report)
                    job = change.job.key  # its id may be used again while this watches
                    after_report = change.reports[-1].number if change.reports else after_report
                    yield change
                    if change.job.finished:
                        return
                patience.bear(UnavailableError("The bridge server ended the stream before the job.", reason="LOST"))
            except UnavailableError as error:
                patience.bear(error)

    def cancel_job(self, job: str) -> Job:
        """Ask a job to end; a finished one stays as it is."""
        found: wire.CancelJobResponse = self._connection.call(self._stub.CancelJob, wire.CancelJobRequest(job=job))
        return Job.of(found.job)


def _change(found: wire.WatchJobResponse, after_report: int) -> Change:
    new = (Report.of(each) for each in found.reports if each.number > after_report)
    return Change(Job.of(found.job), tuple(new))
