"""bridge/rpc/server.py: where it listens, and how it is secured."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from bridge.actions.services import Services
from bridge.core.errors import InvalidArgumentError
from bridge.rpc.auth import Tokens
from bridge.rpc.server import MAX_MESSAGE_BYTES, SERVICES, Endpoint, Server
from bridge.v1 import procedure_service_pb2 as wire
from bridge.v1 import procedure_service_pb2_grpc as service
from bridge.v1 import value_pb2
from tests.database import CallError, begun, people_and_films

TOKEN = Tokens(plugin="plug")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_alone_needs_neither_token_nor_tls(host: str) -> None:
    Endpoint(host, 0, Tokens()).check()


@pytest.mark.parametrize(
    ("endpoint", "missing"),
    [
        (Endpoint("0.0.0.0", 0, Tokens()), "needs a plugin token (BRIDGE_PLUGIN_TOKEN) and TLS"),
        (Endpoint("::", 0, TOKEN), "needs TLS (BRIDGE_TLS_CERTIFICATE and BRIDGE_TLS_KEY)."),
        (Endpoint("bridge", 0, Tokens(), b"c", b"k"), "needs a plugin token (BRIDGE_PLUGIN_TOKEN)."),
    ],
)
def test_any_other_address_needs_both(endpoint: Endpoint, missing: str) -> None:
    """The text says what is missing, and the way out."""
    with pytest.raises(InvalidArgumentError) as raised:
        endpoint.check()
    assert missing in raised.value.message
    assert "--insecure" in raised.value.message


def test_whoever_accepts_the_risk_says_so() -> None:
    Endpoint("0.0.0.0", 0, Tokens(), insecure=True).check()


def test_half_of_tls_is_refused() -> None:
    """A certificate without its key must not end in a plain-text port."""
    for half in (Endpoint("127.0.0.1", 0, Tokens(), certificate=b"c"), Endpoint("::1", 0, Tokens(), private_key=b"k")):
        with pytest.raises(InvalidArgumentError, match="only one of them"):
            half.check()


def test_an_operators_token_without_the_plugins_is_refused() -> None:
    """It would close the plugin out, and blame a token that does not exist."""
    with pytest.raises(InvalidArgumentError, match="BRIDGE_OPERATOR_TOKEN was set without BRIDGE_PLUGIN_TOKEN"):
        Endpoint("127.0.0.1", 0, Tokens(operator="o")).check()


def test_one_token_for_both_is_refused() -> None:
    """The plugin's would open what is for operators."""
    with pytest.raises(InvalidArgumentError, match="BRIDGE_OPERATOR_TOKEN is the same as BRIDGE_PLUGIN_TOKEN"):
        Endpoint("127.0.0.1", 0, Tokens(plugin="same", operator="same")).check()


async def test_a_taken_port_is_told_in_words(services: Services) -> None:
    """A second server must not share the port of the first."""
    first = Server(services, Endpoint("127.0.0.1", 0, Tokens()))
    port = await first.start()
    second = Server(services, Endpoint("127.0.0.1", port, Tokens()))
    with pytest.raises(InvalidArgumentError, match=f"127.0.0.1:{port}") as raised:
        await second.start()
    assert raised.value.reason == "PORT_TAKEN"
    await second.stop(timedelta(0))
    await first.stop(timedelta(0))


async def test_an_ipv6_address_can_be_listened_on(services: Services) -> None:
    server = Server(services, Endpoint("::1", 0, Tokens()))
    port = await server.start()
    async with grpc.aio.insecure_channel(f"[::1]:{port}") as channel:
        assert await people_and_films().call(channel, "bridge.health")
    await server.stop(timedelta(0))


async def test_a_token_travels_over_tls(services: Services, tmp_path: Path) -> None:
    """With a certificate, a plain-text client is not answered."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    server = Server(services, Endpoint("127.0.0.1", 0, TOKEN, certificate.read_bytes(), key.read_bytes()))
    port = await server.start()
    database = people_and_films()
    database.token = "plug"
    credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
    async with grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
        assert (await database.call(channel, "bridge.health"))[0]["status"] == "SERVING"
    async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
        assert raised.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    await server.stop(timedelta(0))


async def test_health_says_serving_while_the_server_runs(channel: grpc.aio.Channel) -> None:
    for name in ("", *SERVICES):
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_who_watches_the_health_is_told_of_the_stop_and_does_not_hold_it(services: Services) -> None:
    """A load balancer watches for as long as it runs, also services that there are not."""
    server = Server(services, Endpoint("127.0.0.1", 0, Tokens()))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{await server.start()}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        watches = [stub.Watch(health_pb2.HealthCheckRequest(service=name)) for name in ("", "none")]
        first = [(await anext(aiter(watch))).status for watch in watches]
        async with asyncio.timeout(60):
            await server.stop(timedelta(hours=1))
        told = health_pb2.HealthCheckResponse
        assert first == [told.SERVING, told.SERVICE_UNKNOWN]
        assert [[each.status async for each in watch] for watch in watches] == [
            [told.NOT_SERVING], [told.SERVICE_UNKNOWN],
        ]  # fmt: skip
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.Check(health_pb2.HealthCheckRequest(), timeout=20)
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_the_health_of_no_service_is_not_found(channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="has no service `none`") as raised:
        await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="none"))
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


async def test_reflection_lists_the_services(channel: grpc.aio.Channel) -> None:
    """`grpcurl list` works without a copy of the proto files."""
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    calls = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    names = {each.name async for answer in calls for each in answer.list_services_response.service}
    assert names == {
        "bridge.v1.ModelService", "bridge.v1.PredictionService", "bridge.v1.ProcedureService",
        "bridge.v1.TrainingService", "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection",
    }  # fmt: skip


async def test_a_message_beyond_the_limit_ends_its_call_and_no_other(channel: grpc.aio.Channel) -> None:
    arguments = value_pb2.MapValue(fields={"modelName": value_pb2.Value(string="m" * (MAX_MESSAGE_BYTES + 1))})
    start = wire.CallRequest(start=wire.Start(procedure="bridge.version", arguments=arguments))
    try:
        code = await (await begun(service.ProcedureServiceStub(channel).Call, start)).code()
    except CallError as error:  # while the message was on its way
        code = error.code
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert await people_and_films().call(channel, "bridge.version")
