"""The plugin's service: one method, which runs a procedure."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import grpc

from bridge import __version__
from bridge.actions.services import Services
from bridge.core.config import type_name
from bridge.core.errors import BridgeError, FailedPreconditionError, InvalidArgumentError, NotFoundError, did_you_mean
from bridge.core.procedure import Procedure
from bridge.rpc.convert import from_caller, from_map
from bridge.rpc.errors import to_status
from bridge.rpc.wire_call import WireCall
from bridge.v1 import procedure_service_pb2 as wire
from bridge.v1 import procedure_service_pb2_grpc as service

_log = logging.getLogger(__name__)

_SPEAKS_ANY_CONTRACT = frozenset({"bridge.health", "bridge.version"})


class ProcedureServicer(service.ProcedureServiceServicer):
    """Runs `CALL bridge.*` for the plugin."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._modes = {
            (f"{each.name}.{mode}" if mode else each.name): (each, mode)
            for each in services.procedures
            for mode in each.modes
        }

    async def Call(self, request_iterator: Any, context: grpc.aio.ServicerContext) -> None:  # noqa: N802 (gRPC's name)
        """Decode, act, encode."""
        message = await context.read()
        if message is grpc.aio.EOF:
            return  # a client that came and went
        start, began, outcome = message.start, time.perf_counter(), "OK"
        try:
            await self._run(start, context)
        except asyncio.CancelledError:
            outcome = "CANCELLED"
            raise
        except Exception as error:
            outcome = type(error).__name__ if isinstance(error, BridgeError) else "INTERNAL"
            await context.abort_with_status(to_status(error, start.procedure))
        finally:
            seconds = time.perf_counter() - began
            user, database = start.caller.user, start.caller.database
            _log.info("%s user=%s database=%s %s %.3fs", start.procedure, user, database, outcome, seconds)

    async def _run(self, start: wire.Start, context: grpc.aio.ServicerContext) -> None:
        self._check_contract(start)
        if start.procedure not in self._modes:
            raise NotFoundError(
                f"There is no procedure `{start.procedure}`.{did_you_mean(start.procedure, self._modes)}",
                reason="PROCEDURE_NOT_FOUND",
            )
        procedure, mode = self._modes[start.procedure]
        graph_name, given = _arguments(procedure, from_map(start.arguments))
        call = WireCall(context, from_caller(start.caller), mode, graph_name)
        await procedure.run(procedure.config.parse(given), call, self._services)

    def _check_contract(self, start: wire.Start) -> None:
        ours = self._services.contract
        if start.contract != ours and start.procedure not in _SPEAKS_ANY_CONTRACT:
            raise FailedPreconditionError(
                f"The plugin in Neo4j (version {start.caller.plugin_version}, contract {start.contract}) and the "
                f"bridge server (version {__version__}, contract {ours}) do not fit together. Install the plugin that "
                "came with the server and restart Neo4j, or start the server that came with the plugin.",
                reason="CONTRACT_MISMATCH",
            )


def _arguments(procedure: Procedure, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Take the projection's name and the configuration out of the arguments."""
    if procedure.positional:
        return "", arguments
    graph_name, given = arguments.get("graphName"), arguments.get("configuration") or {}
    if not isinstance(graph_name, str) or not graph_name.strip():
        raise InvalidArgumentError(
            f"`graphName` can not be null or blank, but it was `{graph_name}`", reason="INVALID_ARGUMENT"
        )
    if graph_name != graph_name.strip():
        raise InvalidArgumentError(
            f"`graphName` must not end or begin with whitespace characters, but got `{graph_name}`.",
            reason="INVALID_ARGUMENT",
        )
    if not isinstance(given, dict):
        raise InvalidArgumentError(
            f"The value of `configuration` must be of type `Map` but was `{type_name(given)}`.",
            reason="INVALID_ARGUMENT",
        )
    return graph_name, given
