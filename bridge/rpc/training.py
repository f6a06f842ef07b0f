"""Trainings for operators: start them, follow them, end them."""

from __future__ import annotations

from typing import NoReturn

import grpc

from bridge.actions.services import Services
from bridge.v1 import training_service_pb2 as wire
from bridge.v1 import training_service_pb2_grpc as service


class TrainingServicer(service.TrainingServiceServicer):
    """Decode, act, encode. What a method raises becomes its status in `outcome`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def CreateTraining(
        self, request: wire.CreateTrainingRequest, context: grpc.aio.ServicerContext
    ) -> wire.CreateTrainingResponse:
        """Train a model's next version on the projection of an earlier one."""
        return await _unimplemented(context, "CreateTraining")

    async def Retrain(
        self, request: wire.RetrainRequest, context: grpc.aio.ServicerContext
    ) -> wire.RetrainResponse:
        """Run a recipe."""
        return await _unimplemented(context, "Retrain")

    async def ListRecipes(
        self, request: wire.ListRecipesRequest, context: grpc.aio.ServicerContext
    ) -> wire.ListRecipesResponse:
        """List the recipes."""
        return await _unimplemented(context, "ListRecipes")


async def _unimplemented(context: grpc.aio.ServicerContext, method: str) -> NoReturn:
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"This bridge server can not do `{method}` yet.")
    raise AssertionError("abort raises")
