"""The health of the server's services, as load balancers ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection

import grpc
from grpc_health.v1 import health_pb2 as wire
from grpc_health.v1 import health_pb2_grpc as service


class HealthServicer(service.HealthServicer):  # type: ignore[misc]  # grpc ships no types
    """Says SERVING until the server begins to stop, then NOT_SERVING. The whole server goes by the empty name.

    Not grpcio's own: its watches stay open for good, and a server that stops would wait for each of them.
    """

    def __init__(self, services: Collection[str]) -> None:
        self._known = frozenset({"", *services})
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Tell everyone who asks or watches that the server stops, and end all watches."""
        self._stopping.set()

    async def Check(
        self, request: wire.HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> wire.HealthCheckResponse:
        """Say how a service stands."""
        if request.service not in self._known:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"This server has no service `{request.service[:80]}`.")
        return self._answer(request)

    async def Watch(
        self, request: wire.HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[wire.HealthCheckResponse]:
        """Say how a service stands, and again when the server stops."""
        yield self._answer(request)
        await self._stopping.wait()
        yield self._answer(request)

    def _answer(self, request: wire.HealthCheckRequest) -> wire.HealthCheckResponse:
        stands = "NOT_SERVING" if self._stopping.is_set() else "SERVING"
        return wire.HealthCheckResponse(status=stands if request.service in self._known else "SERVICE_UNKNOWN")
