"""The registry for operators."""

from __future__ import annotations

from typing import TypeAlias

import grpc

from bridge.actions import operate_models
from bridge.actions.model import info_of
from bridge.actions.services import Services
from bridge.rpc.convert import to_map
from bridge.rpc.model_messages import from_reference, from_version, to_model, to_version
from bridge.rpc.paging import Paging
from bridge.v1 import model_service_pb2 as wire
from bridge.v1 import model_service_pb2_grpc as service

Context: TypeAlias = grpc.aio.ServicerContext


class ModelServicer(service.ModelServiceServicer):
    """Decode, act, encode. What a method raises becomes its status in `outcome`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def ListModels(self, request: wire.ListModelsRequest, context: Context) -> wire.ListModelsResponse:
        """List models by database and name."""
        paging = Paging[wire.Model](request, "models", request.database, shape=(str, str))
        after = (str(paging.after[0]), str(paging.after[1])) if paging.after else None
        found = await operate_models.list_models(request.database, after, paging.size + 1, self._services)
        models, token = paging.cut(((each.database, each.entry.model_name), to_model(each)) for each in found)
        return wire.ListModelsResponse(models=models, next_page_token=token)

    async def GetModel(self, request: wire.GetModelRequest, context: Context) -> wire.GetModelResponse:
        """Show one version of a model, whole."""
        name, wanted = from_reference(request.name), from_version(request.model_version)
        model, found = await operate_models.get_model(name, wanted, self._services)
        return wire.GetModelResponse(
            model=to_model(model),
            version=to_version(model.entry, found),
            info=to_map(info_of(model.entry, found.number, found.version)),
            configuration=to_map(found.version.manifest.configuration if found.version else {}),
        )

    async def ListVersions(self, request: wire.ListVersionsRequest, context: Context) -> wire.ListVersionsResponse:
        """List a model's versions, the newest first."""
        name = from_reference(request.name)
        paging = Paging[wire.Version](request, "versions", *name, shape=(int,))
        before = int(paging.after[0]) if paging.after else None
        entry, found = await operate_models.list_versions(name, before, paging.size + 1, self._services)
        versions, token = paging.cut(((each.number,), to_version(entry, each)) for each in found)
        return wire.ListVersionsResponse(versions=versions, next_page_token=token)

    async def PromoteVersion(
        self, request: wire.PromoteVersionRequest, context: Context
    ) -> wire.PromoteVersionResponse:
        """Put an alias on a version."""
        name, wanted = from_reference(request.name), from_version(request.model_version)
        number, before = await operate_models.promote(name, wanted, request.alias, self._services)
        return wire.PromoteVersionResponse(version=number, previous_version=before or 0)

    async def RollbackModel(self, request: wire.RollbackModelRequest, context: Context) -> wire.RollbackModelResponse:
        """Exchange champion and previous."""
        number, before = await operate_models.rollback(from_reference(request.name), self._services)
        return wire.RollbackModelResponse(version=number, previous_version=before)

    async def DeleteAlias(self, request: wire.DeleteAliasRequest, context: Context) -> wire.DeleteAliasResponse:
        """Take an alias away."""
        number = await operate_models.delete_alias(from_reference(request.name), request.alias, self._services)
        return wire.DeleteAliasResponse(version=number)

    async def DeleteModel(self, request: wire.DeleteModelRequest, context: Context) -> wire.DeleteModelResponse:
        """Throw a model or one version of it away."""
        name, wanted = from_reference(request.name), from_version(request.model_version)
        return wire.DeleteModelResponse(model=to_model(await operate_models.delete(name, wanted, self._services)))
