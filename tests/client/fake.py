"""A server over real gRPC that says what a test wants, in the way in which the real one says it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from bridge.core.errors import BridgeError, PermissionDeniedError
from bridge.rpc.errors import to_status
from bridge.v1 import (
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
    training_service_pb2_grpc,
)

Answer = Callable[[Any], Any]
"""Takes a request; returns the response, or for a stream an iterator of them; may raise a BridgeError."""

SERVICES = (
    model_service_pb2_grpc.add_ModelServiceServicer_to_server,
    training_service_pb2_grpc.add_TrainingServiceServicer_to_server,
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server,
)

STREAMS = ("WatchJob",)


class Fake:
    """Answers methods by the functions that a test gives, and keeps what it was asked."""

    def __init__(self, token: str = "", **answers: Answer) -> None:
        self.answers = answers
        self.token = token
        self.asked: list[Any] = []
        self.server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])

    def __getattr__(self, method: str) -> Any:
        if not method[0].isupper():
            raise AttributeError(method)
        return self._streamed(method) if method in STREAMS else self._answered(method)

    def _answered(self, method: str) -> Any:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            return self._found(method, request, context)

        return answer

    def _streamed(self, method: str) -> Any:
        def answer(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                yield from self._found(method, request, context)
            except BridgeError as error:
                context.abort_with_status(to_status(error, method))

        return answer

    def _found(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        self.asked.append(request)
        shown = str(dict(context.invocation_metadata()).get("authorization", ""))
        try:
            if self.token and not hmac.compare_digest(shown, f"Bearer {self.token}"):
                raise PermissionDeniedError("The token does not open this.", reason="WRONG_TOKEN")
            if method not in self.answers:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not implemented!")
            return self.answers[method](request)
        except BridgeError as error:
            context.abort_with_status(to_status(error, method))


@contextmanager
def serving(fake: Fake, *, port: int = 0, pair: tuple[bytes, bytes] | None = None) -> Iterator[int]:
    """Serve during the block; give the port. `pair` is a private key and a certificate."""
    server = fake.server
    for add in SERVICES:
        add(fake, server)  # type: ignore[no-untyped-call]
    place = f"127.0.0.1:{port}"
    if pair:
        bound = server.add_secure_port(place, grpc.ssl_server_credentials([pair]))
    else:
        bound = server.add_insecure_port(place)
    server.start()
    try:
        yield bound
    finally:
        server.stop(0).wait(10)
