"""The gRPC server: services, limits, credentials."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from bridge.actions.services import Services
from bridge.core.errors import InvalidArgumentError
from bridge.rpc.auth import TokenInterceptor, Tokens
from bridge.rpc.health import HealthServicer
from bridge.rpc.models import ModelServicer
from bridge.rpc.outcome import OutcomeInterceptor
from bridge.rpc.prediction import PredictionServicer
from bridge.rpc.procedures import ProcedureServicer
from bridge.rpc.training import TrainingServicer
from bridge.v1 import (
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
    procedure_service_pb2_grpc,
    training_service_pb2_grpc,
)

MIB = 2**20
MAX_MESSAGE_BYTES = 64 * MIB
MIN_PING_INTERVAL = timedelta(seconds=5)
"""grpcio's own 5 minutes would end a silent call whose client keeps the connection alive by pings."""
PING_INTERVAL = timedelta(seconds=30)
"""A client whose machine is gone never says so: its call ends, and its training, when a ping stays unanswered."""

SERVICES: Mapping[str, tuple[Callable[[Services], Any], Callable[[Any, grpc.aio.Server], None]]] = {
    "bridge.v1.ModelService": (ModelServicer, model_service_pb2_grpc.add_ModelServiceServicer_to_server),
    "bridge.v1.PredictionService": (
        PredictionServicer, prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server,
    ),
    "bridge.v1.ProcedureService": (
        ProcedureServicer, procedure_service_pb2_grpc.add_ProcedureServiceServicer_to_server,
    ),
    "bridge.v1.TrainingService": (TrainingServicer, training_service_pb2_grpc.add_TrainingServiceServicer_to_server),
}  # fmt: skip
"""By name, what answers for it."""


@dataclass(frozen=True)
class Endpoint:
    """Where to listen, and how it is secured."""

    host: str
    port: int
    """0 takes a free one."""
    tokens: Tokens
    certificate: bytes = b""
    private_key: bytes = b""
    insecure: bool = False
    """Listen beyond this machine without token or TLS."""

    def check(self) -> None:
        """Refuse half a setting, and to listen beyond this machine without a token and TLS.

        Raises:
            InvalidArgumentError: saying what is missing.
        """
        if bool(self.certificate) != bool(self.private_key):
            raise InvalidArgumentError(
                "TLS needs both BRIDGE_TLS_CERTIFICATE and BRIDGE_TLS_KEY, but only one of them was set.",
                reason="INCOMPLETE_TLS",
            )
        if self.tokens.operator and not self.tokens.plugin:
            raise InvalidArgumentError(
                "BRIDGE_OPERATOR_TOKEN was set without BRIDGE_PLUGIN_TOKEN: the plugin could not call any more. Set "
                "both.",
                reason="INCOMPLETE_TOKENS",
            )
        if self.tokens.operator and self.tokens.operator == self.tokens.plugin:
            raise InvalidArgumentError(
                "BRIDGE_OPERATOR_TOKEN is the same as BRIDGE_PLUGIN_TOKEN: whoever runs Neo4j would be an operator. "
                "Make two different ones.",
                reason="EQUAL_TOKENS",
            )
        if _is_loopback(self.host) or self.insecure:
            return
        missing = [
            name
            for name, there in (
                ("a plugin token (BRIDGE_PLUGIN_TOKEN)", self.tokens.plugin),
                ("TLS (BRIDGE_TLS_CERTIFICATE and BRIDGE_TLS_KEY)", self.certificate),
            )
            if not there
        ]
        if missing:
            raise InvalidArgumentError(
                f"To listen on {self.host}, beyond this machine, the server needs {' and '.join(missing)}. Set them, "
                "listen on 127.0.0.1, or accept the risk with `--insecure`.",
                reason="INSECURE_ADDRESS",
            )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Server:
    """A gRPC server that is made, started, and stopped once."""

    def __init__(self, services: Services, endpoint: Endpoint) -> None:
        endpoint.check()
        self._endpoint = endpoint
        self._health = HealthServicer(SERVICES)
        self._server = grpc.aio.server(
            interceptors=[TokenInterceptor(endpoint.tokens), OutcomeInterceptor()],
            options=[
                ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
                ("grpc.http2.min_ping_interval_without_data_ms", MIN_PING_INTERVAL // timedelta(milliseconds=1)),
                ("grpc.keepalive_time_ms", PING_INTERVAL // timedelta(milliseconds=1)),
                ("grpc.so_reuseport", 0),  # a second server on a taken port must fail, not share it
            ],
        )
        for servicer, add in SERVICES.values():
            add(servicer(services), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME]
        reflection.enable_server_reflection(names, self._server)

    async def start(self) -> int:
        """Listen; return the port.

        Raises:
            InvalidArgumentError: the port is taken.
        """
        host = self._endpoint.host
        address = f"{f'[{host}]' if ':' in host else host}:{self._endpoint.port}"
        try:
            port = self._bind(address)
        except RuntimeError as error:
            raise InvalidArgumentError(
                f"The bridge server can not listen on {address}: the port is taken, or the address is none of this "
                "machine's. Choose another one with `--bridge-port`.",
                reason="PORT_TAKEN",
            ) from error
        await self._server.start()
        return port

    def _bind(self, address: str) -> int:
        if not self._endpoint.certificate:
            return int(self._server.add_insecure_port(address))
        pair = (self._endpoint.private_key, self._endpoint.certificate)
        return int(self._server.add_secure_port(address, grpc.ssl_server_credentials([pair])))

    async def stop(self, grace: timedelta) -> None:
        """Take no new calls, give running ones `grace` to end, then cancel them."""
        self._health.stop()
        await self._server.stop(grace.total_seconds())
