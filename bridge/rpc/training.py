"""Trainings for operators: start them, follow them, end them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import grpc

from bridge.actions.create_training import create_training
from bridge.actions.retrain import recipes, retrain
from bridge.actions.services import Services
from bridge.core.errors import InvalidArgumentError
from bridge.retrain.recipe import Recipe
from bridge.rpc.convert import from_map, to_map
from bridge.rpc.job_messages import from_states, to_job, to_report
from bridge.rpc.paging import Paging
from bridge.rpc.prediction import to_question
from bridge.v1 import training_service_pb2 as wire
from bridge.v1 import training_service_pb2_grpc as service

LONGEST_WAIT = timedelta(seconds=60)
"""A proxy between client and server may end a call that is silent for longer."""


class TrainingServicer(service.TrainingServiceServicer):
    """Decode, act, encode. What a method raises becomes its status in `outcome`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def CreateTraining(
        self, request: wire.CreateTrainingRequest, context: grpc.aio.ServicerContext
    ) -> wire.CreateTrainingResponse:
        """Train a model's next version on the projection of an earlier one."""
        question = to_question(request.name, request.model_version)
        given = from_map(request.configuration)
        job = await create_training(question, given, request.request_id, self._services)
        return wire.CreateTrainingResponse(job=to_job(job))

    async def Retrain(self, request: wire.RetrainRequest, context: grpc.aio.ServicerContext) -> wire.RetrainResponse:
        """Run a recipe."""
        parameters = from_map(request.parameters)
        record = await retrain(request.recipe, parameters, request.request_id, self._services)
        return wire.RetrainResponse(job=to_job(record))

    async def ListRecipes(
        self, request: wire.ListRecipesRequest, context: grpc.aio.ServicerContext
    ) -> wire.ListRecipesResponse:
        """List the recipes."""
        return wire.ListRecipesResponse(recipes=[_to_recipe(each) for each in await recipes(self._services)])

    async def ListJobs(self, request: wire.ListJobsRequest, context: grpc.aio.ServicerContext) -> wire.ListJobsResponse:
        """List jobs, the newest first."""
        states = from_states(request.states)
        paging = Paging[wire.JobRecord](request, "jobs", states, shape=(int,))
        before = int(paging.after[0]) if paging.after else None
        found = await self._services.all_jobs.page(states, paging.size + 1, before)
        jobs, token = paging.cut(((number,), to_job(record)) for number, record in found)
        return wire.ListJobsResponse(jobs=jobs, next_page_token=token)

    async def GetJob(self, request: wire.GetJobRequest, context: grpc.aio.ServicerContext) -> wire.GetJobResponse:
        """Show one job."""
        return wire.GetJobResponse(job=to_job(await self._services.all_jobs.record(request.job)))

    async def WaitJob(self, request: wire.WaitJobRequest, context: grpc.aio.ServicerContext) -> wire.WaitJobResponse:
        """Answer when the job has ended, or when the time is over."""
        record = await self._services.all_jobs.wait(request.job, _most(request.timeout_millis))
        return wire.WaitJobResponse(job=to_job(record))

    async def WatchJob(
        self, request: wire.WatchJobRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[wire.WatchJobResponse]:
        """Send the job after every change, each report once."""
        async for record, reports in self._services.all_jobs.watch(request.job, request.after_report):
            yield wire.WatchJobResponse(job=to_job(record), reports=[to_report(each) for each in reports])

    async def CancelJob(
        self, request: wire.CancelJobRequest, context: grpc.aio.ServicerContext
    ) -> wire.CancelJobResponse:
        """Ask a job to end."""
        return wire.CancelJobResponse(job=to_job(await self._services.all_jobs.cancel(request.job)))


def _most(timeout_millis: int) -> timedelta:
    """Return how long to wait at most.

    Raises:
        InvalidArgumentError: the time is negative.
    """
    if timeout_millis < 0:
        raise InvalidArgumentError(
            f"`timeout_millis` was {timeout_millis}, but must be 0 or more; 0 waits as long as it may, 60,000.",
            reason="INVALID_TIMEOUT",
        )
    longest = LONGEST_WAIT // timedelta(milliseconds=1)
    return timedelta(milliseconds=min(timeout_millis or longest, longest))


def _to_recipe(recipe: Recipe) -> wire.Recipe:
    return wire.Recipe(name=recipe.name, description=recipe.description, parameters=to_map(recipe.parameters))
