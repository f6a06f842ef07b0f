"""From a failed call to an error with the server's own words."""

from __future__ import annotations

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from bridge.core import errors

KINDS: dict[grpc.StatusCode, type[errors.BridgeError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: errors.InvalidArgumentError,
    grpc.StatusCode.FAILED_PRECONDITION: errors.FailedPreconditionError,
    grpc.StatusCode.NOT_FOUND: errors.NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: errors.AlreadyExistsError,
    grpc.StatusCode.PERMISSION_DENIED: errors.PermissionDeniedError,
    grpc.StatusCode.UNAUTHENTICATED: errors.UnauthenticatedError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.ResourceExhaustedError,
    grpc.StatusCode.CANCELLED: errors.CancelledError,
    grpc.StatusCode.ABORTED: errors.TrainerFailedError,
    grpc.StatusCode.DATA_LOSS: errors.DamagedError,
    grpc.StatusCode.UNAVAILABLE: errors.UnavailableError,
}
"""What the server means by a status. Any other is a failure that nobody foresaw."""

LOST = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN})
"""What gRPC itself says, without the server's words, of a server that is not there or goes."""


def to_error(failure: grpc.RpcError, target: str) -> errors.BridgeError:
    """Return what the server said; where it said nothing, what became of the call."""
    code = failure.code()
    info = _info(failure)
    if info is not None:
        kind = KINDS.get(code, errors.FailedPreconditionError)
        return kind(failure.details() or "", reason=info.reason, **info.metadata)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return errors.UnavailableError(
            f"The bridge server at {target} did not answer in time. Ask again, or look into its log.", reason="TOO_SLOW"
        )
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return errors.FailedPreconditionError(
            f"The bridge server at {target} does not know this question: it is older than this client. Update it.",
            reason="SERVER_TOO_OLD",
        )
    if code in LOST:
        return errors.UnavailableError(
            f"No bridge server answers at {target}. Start it by `bridge up` or `bridge serve`, or give the address of "
            "one that runs, with TLS if it asks for it.",
            reason="NOT_RUNNING",
        )
    return errors.FailedPreconditionError(
        f"What answers at {target} is no bridge server, or one that failed: {failure.details()}", reason="NOT_OURS"
    )


def _info(failure: grpc.RpcError) -> error_details_pb2.ErrorInfo | None:
    try:
        status = rpc_status.from_call(failure)
    except ValueError:  # the details contradict the status: not our server's
        return None
    for detail in status.details if status else ():
        found = error_details_pb2.ErrorInfo()
        if detail.Unpack(found):
            return found
    return None
