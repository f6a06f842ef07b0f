"""How an operator's call ends: its answer or a status, a line in the log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc

from bridge.core.errors import BridgeError
from bridge.rpc.errors import to_status

OURS = "/bridge.v1."
PREDICTIONS = f"{OURS}PredictionService/"

_log = logging.getLogger(__name__)


class OutcomeInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpc ships no types
    """Lets the methods of one request raise errors of bridge: the client gets their status, with google.rpc.ErrorInfo.

    A method that reads a stream ends its calls itself.
    """

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """Put the method in a frame that sees its end."""
        method = handler_call_details.method
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_streaming or not method.startswith(OURS):
            return handler
        codecs = (handler.request_deserializer, handler.response_serializer)
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(_streamed(method, handler.unary_stream), *codecs)
        return grpc.unary_unary_rpc_method_handler(_answered(method, handler.unary_unary), *codecs)


def _answered(method: str, answer: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def framed(request: Any, context: grpc.aio.ServicerContext) -> Any:
        async with _told(method, context):
            return await answer(request, context)

    return framed


def _streamed(method: str, answers: Callable[[Any, Any], AsyncIterator[Any]]) -> Callable[[Any, Any], Any]:
    async def framed(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        async with _told(method, context):
            async for each in answers(request, context):
                yield each

    return framed


@asynccontextmanager
async def _told(method: str, context: grpc.aio.ServicerContext) -> AsyncIterator[None]:
    began, outcome = time.perf_counter(), "OK"
    try:
        yield
    except asyncio.CancelledError:
        outcome = "CANCELLED"
        raise
    except grpc.aio.AbortError:
        outcome = "ABORTED"
        raise
    except Exception as error:
        outcome = type(error).__name__ if isinstance(error, BridgeError) else "INTERNAL"
        await context.abort_with_status(to_status(error, method))
    finally:
        # Predictions come by the thousand, and a line in the log takes as long as some of them.
        level = logging.DEBUG if method.startswith(PREDICTIONS) and outcome == "OK" else logging.INFO
        _log.log(level, "%s operator %s %.3fs", method.removeprefix(OURS), outcome, time.perf_counter() - began)
