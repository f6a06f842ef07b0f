"""The one table from what can go wrong to the wire."""

from __future__ import annotations

import logging
import secrets

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from bridge.core import errors

STATUS: dict[type[errors.BridgeError], int] = {
    errors.InvalidArgumentError: code_pb2.INVALID_ARGUMENT,
    errors.FailedPreconditionError: code_pb2.FAILED_PRECONDITION,
    errors.NotFoundError: code_pb2.NOT_FOUND,
    errors.AlreadyExistsError: code_pb2.ALREADY_EXISTS,
    errors.PermissionDeniedError: code_pb2.PERMISSION_DENIED,
    errors.UnauthenticatedError: code_pb2.UNAUTHENTICATED,
    errors.ResourceExhaustedError: code_pb2.RESOURCE_EXHAUSTED,
    errors.CancelledError: code_pb2.CANCELLED,
    errors.TrainerFailedError: code_pb2.ABORTED,
    errors.DamagedError: code_pb2.DATA_LOSS,
    errors.UnavailableError: code_pb2.UNAVAILABLE,
}

DOMAIN = "bridge"

MOST_TEXT_BYTES = 5_000
"""What a message may take on the wire. It travels in HTTP/2 trailers, twice, and gRPC gives up on trailers of more
than 8 KiB."""

_MOST_VALUE_CHARACTERS = 120

_log = logging.getLogger(__name__)


def to_status(error: Exception, doing: str) -> grpc.Status:
    """Turn an error into what leaves the server. One that nobody foresaw is logged whole and leaves as its id."""
    if isinstance(error, errors.BridgeError):
        return _status(STATUS[type(error)], error.message, error.reason, error.metadata)
    number = secrets.token_hex(4)
    _log.error("internal error %s in %s", number, doing, exc_info=error)
    text = f"The bridge server failed at `{doing}` in a way that nobody foresaw. Its log has the whole under {number}."
    return _status(code_pb2.INTERNAL, text, "INTERNAL", {"id": number})


def _status(code: int, message: str, reason: str, metadata: dict[str, str]) -> grpc.Status:
    message = _shortened(message)
    short = {key: value[:_MOST_VALUE_CHARACTERS] for key, value in metadata.items()}
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=short))
    return rpc_status.to_status(status_pb2.Status(code=code, message=message, details=[detail]))


def _shortened(message: str) -> str:
    """Cut a message from its middle, so that what came stays, and what to do next."""
    kept = len(message)
    while _wire_bytes(text := message if kept == len(message) else _ends(message, kept)) > MOST_TEXT_BYTES:
        kept = kept * 3 // 4
    return text


def _ends(message: str, kept: int) -> str:
    first = kept * 2 // 3
    return f"{message[:first]} … {message[len(message) - (kept - first) :]}"


def _wire_bytes(message: str) -> int:
    """Size as `grpc-message`, percent-encoded, and once more in the base64 of `grpc-status-details-bin`."""
    encoded = message.encode("utf-8", "replace")
    escaped = sum(not 0x20 <= byte <= 0x7E or byte == 0x25 for byte in encoded)
    return len(encoded) + 2 * escaped + 4 * len(encoded) // 3
