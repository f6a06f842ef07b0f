"""bridge/rpc/auth.py: who may call which method."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from bridge.actions.services import Services
from bridge.rpc.auth import Tokens
from bridge.rpc.server import Endpoint, Server
from tests.database import CallError, begun, people_and_films

Method = Callable[[grpc.aio.Channel, str], Awaitable[object]]


@asynccontextmanager
async def served(services: Services, tokens: Tokens) -> AsyncIterator[grpc.aio.Channel]:
    server = Server(services, Endpoint("127.0.0.1", 0, tokens))
    port = await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(timedelta(seconds=1))


def bearer(token: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {token}")] if token else []


async def procedure(channel: grpc.aio.Channel, token: str) -> object:
    database = people_and_films()
    database.token = token
    return await database.call(channel, "bridge.version")


async def health(channel: grpc.aio.Channel, token: str) -> object:
    return await health_pb2_grpc.HealthStub(channel).Check(
        health_pb2.HealthCheckRequest(service="bridge.v1.ProcedureService"), metadata=bearer(token)
    )


async def reflection(channel: grpc.aio.Channel, token: str) -> list[str]:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    question = reflection_pb2.ServerReflectionRequest(list_services="")
    call = await begun(stub.ServerReflectionInfo, question, token)
    await call.done_writing()
    return [service.name async for answer in call for service in answer.list_services_response.service]


BOTH = Tokens(plugin="plug", operator="oper")


@pytest.mark.parametrize(
    ("tokens", "method", "token"),
    [
        (Tokens(), procedure, ""), (Tokens(), reflection, ""), (Tokens(), health, ""), (Tokens(), procedure, "any"),
        (BOTH, procedure, "plug"), (BOTH, reflection, "oper"), (BOTH, health, ""), (BOTH, health, "wrong"),
    ],
)  # fmt: skip
async def test_the_right_token_opens_its_methods(
    services: Services, tokens: Tokens, method: Method, token: str
) -> None:
    """Health is open to all, so that a container can be watched without a secret."""
    async with served(services, tokens) as channel:
        assert await method(channel, token)


@pytest.mark.parametrize(
    ("tokens", "method", "token", "code"),
    [
        (BOTH, procedure, "", grpc.StatusCode.UNAUTHENTICATED),
        (BOTH, procedure, "plu", grpc.StatusCode.PERMISSION_DENIED),
        (BOTH, procedure, "oper", grpc.StatusCode.PERMISSION_DENIED),
        (BOTH, reflection, "plug", grpc.StatusCode.PERMISSION_DENIED),
        (Tokens(plugin="plug"), reflection, "", grpc.StatusCode.UNAUTHENTICATED),
    ],
)
async def test_every_other_token_is_refused(
    services: Services, tokens: Tokens, method: Method, token: str, code: grpc.StatusCode
) -> None:
    """A role whose token is not set is closed once there is another: no token must not count as the empty one."""
    async with served(services, tokens) as channel:
        with pytest.raises((CallError, grpc.aio.AioRpcError)) as raised:
            await method(channel, token)
    found = raised.value.code
    assert (found() if callable(found) else found) is code


async def test_a_missing_token_says_where_to_set_it(services: Services) -> None:
    async with served(services, BOTH) as channel:
        with pytest.raises(CallError, match=r"conf/bridge\.conf") as raised:
            await procedure(channel, "")
    assert raised.value.reason == "NO_TOKEN"
