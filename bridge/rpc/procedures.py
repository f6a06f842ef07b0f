"""The plugin's service: one method, which runs a procedure."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Annotated, Any

import grpc
from pydantic import Field

from bridge import __version__
from bridge.actions.services import Services
from bridge.core.call import FictitiousGraph
from bridge.core.config import Config, type_name
from bridge.core.errors import BridgeError, FailedPreconditionError, InvalidArgumentError, NotFoundError, did_you_mean
from bridge.core.procedure import ESTIMATE, Procedure
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
        self._estimates = {
            f"{name}.{ESTIMATE}": (each, mode) for name, (each, mode) in self._modes.items() if each.estimate
        }

    async def Call(self, request_iterator: Any, context: grpc.aio.ServicerContext) -> None:
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
        arguments, caller = from_map(start.arguments), from_caller(start.caller)
        if start.procedure in self._estimates:
            procedure, mode = self._estimates[start.procedure]
            assert procedure.estimate is not None  # or it would not be among them
            graph, given = _estimate_arguments(arguments)
            name, fictitious = ("", graph) if isinstance(graph, FictitiousGraph) else (graph, None)
            call = WireCall(context, caller, mode, name, fictitious)
            await procedure.estimate(procedure.config.parse(given), call, self._services)
        elif start.procedure in self._modes:
            procedure, mode = self._modes[start.procedure]
            name, given = _arguments(procedure, arguments)
            call = WireCall(context, caller, mode, name)
            await procedure.run(procedure.config.parse(given), call, self._services)
        else:
            names = [*self._modes, *self._estimates]
            raise NotFoundError(
                f"There is no procedure `{start.procedure}`.{did_you_mean(start.procedure, names)}",
                reason="PROCEDURE_NOT_FOUND",
            )

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
    return _graph_name(arguments, "graphName"), _map(arguments, "configuration")


def _estimate_arguments(arguments: dict[str, Any]) -> tuple[str | FictitiousGraph, dict[str, Any]]:
    """Take the projection's name, or the counts that stand for one, and the configuration out of the arguments."""
    key = "graphNameOrConfiguration"
    graph = arguments.get(key)
    given = _map(arguments, "algoConfiguration")
    if isinstance(graph, dict):
        counts = FictitiousConfig.parse(graph)
        return FictitiousGraph(counts.node_count, counts.relationship_count), given
    if graph is not None and not isinstance(graph, str):
        raise InvalidArgumentError(
            f"The value of `{key}` must be of type `String` or `Map` but was `{type_name(graph)}`.",
            reason="INVALID_ARGUMENT",
        )
    return _graph_name(arguments, key), given


Count = Annotated[int, Field(ge=0)]


class FictitiousConfig(Config):
    """The graph that an estimate is made for. What GDS takes beside the counts says nothing of the memory here."""

    node_count: Count
    """Its nodes."""
    relationship_count: Count
    """Its relationships."""
    node_projection: Any = None
    """Accepted as GDS does; has no effect."""
    relationship_projection: Any = None
    """Accepted as GDS does; has no effect."""
    node_properties: Any = None
    """Accepted as GDS does; has no effect."""
    relationship_properties: Any = None
    """Accepted as GDS does; has no effect."""


def _graph_name(arguments: dict[str, Any], key: str) -> str:
    name = arguments.get(key)
    if not isinstance(name, str) or not name.strip():
        given = "null" if name is None else name
        raise InvalidArgumentError(f"`{key}` can not be null or blank, but it was `{given}`", reason="INVALID_ARGUMENT")
    if name != name.strip():
        raise InvalidArgumentError(
            f"`{key}` must not end or begin with whitespace characters, but got `{name}`.",
            reason="INVALID_ARGUMENT",
        )
    return name


def _map(arguments: dict[str, Any], key: str) -> dict[str, Any]:
    given = arguments.get(key) or {}
    if not isinstance(given, dict):
        raise InvalidArgumentError(
            f"The value of `{key}` must be of type `Map` but was `{type_name(given)}`.",
            reason="INVALID_ARGUMENT",
        )
    return given
