"""Who may call which method."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc

from bridge.core.errors import BridgeError, PermissionDeniedError, UnauthenticatedError
from bridge.rpc.errors import to_status

PLUGIN, OPERATOR, ANYONE = "plugin", "operator", "anyone"

ROLES: Mapping[str, frozenset[str]] = {
    "/bridge.v1.ProcedureService/": frozenset({PLUGIN}),
    "/bridge.v1.ModelService/": frozenset({OPERATOR}),
    "/bridge.v1.TrainingService/": frozenset({OPERATOR}),
    "/bridge.v1.PredictionService/": frozenset({OPERATOR}),
    "/grpc.health.v1.Health/": frozenset({ANYONE}),
    "/grpc.reflection.v1alpha.ServerReflection/": frozenset({OPERATOR}),
    "/grpc.reflection.v1.ServerReflection/": frozenset({OPERATOR}),
}
"""By method prefix, the roles that may call it. What is not here, nobody may."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of a server. Without any, everyone has every role; once there is one, a role without a token is
    closed to all."""

    plugin: str = ""
    operator: str = ""

    def roles(self, given: str) -> frozenset[str]:
        """Return the roles that a token opens."""
        if not (self.plugin or self.operator):
            return frozenset({ANYONE, PLUGIN, OPERATOR})
        opened = {ANYONE}
        for role, token in ((PLUGIN, self.plugin), (OPERATOR, self.operator)):
            if token and hmac.compare_digest(given.encode(), token.encode()):
                opened.add(role)
        return frozenset(opened)


class TokenInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpc ships no types
    """Refuses calls whose token does not open the method."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """Let the call through, or answer in the method's place."""
        metadata = dict(handler_call_details.invocation_metadata or ())
        given = str(metadata.get("authorization", "")).removeprefix("Bearer ")
        method = handler_call_details.method
        if _allowed(method) & self._tokens.roles(given):
            return await continuation(handler_call_details)
        return _refusal(_why(method, given, self._tokens), method)


def _allowed(method: str) -> frozenset[str]:
    return next((roles for prefix, roles in ROLES.items() if method.startswith(prefix)), frozenset())


def _why(method: str, given: str, tokens: Tokens) -> BridgeError:
    if given and OPERATOR in _allowed(method) and not tokens.operator:
        return PermissionDeniedError(
            f"`{method}` is for operators, and this server has no token for them. Set BRIDGE_OPERATOR_TOKEN in the "
            "server's environment, then send it as `authorization: Bearer TOKEN`.",
            reason="NO_OPERATORS",
        )
    if given:
        return PermissionDeniedError(
            f"The token does not open `{method}`. Use the one of the server's settings for this kind of caller.",
            reason="WRONG_TOKEN",
        )
    if OPERATOR in _allowed(method):
        return UnauthenticatedError(
            f"`{method}` asks for a token. Send the server's BRIDGE_OPERATOR_TOKEN as `authorization: Bearer TOKEN`.",
            reason="NO_TOKEN",
        )
    return UnauthenticatedError(
        "The bridge server asks for a token. Set `token` in conf/bridge.conf (or BRIDGE_TOKEN in Neo4j's "
        "environment) to the server's plugin token.",
        reason="NO_TOKEN",
    )


def _refusal(error: BridgeError, method: str) -> grpc.RpcMethodHandler:
    async def refuse(_: Any, context: grpc.aio.ServicerContext) -> None:
        await context.abort_with_status(to_status(error, method))

    return grpc.stream_stream_rpc_method_handler(refuse)
