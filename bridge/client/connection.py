"""A connection to a bridge server, on which every call ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from typing import Any, TypeVar

import grpc

from bridge.client.address import Address
from bridge.client.errors import to_error
from bridge.core.errors import UnavailableError

MIB = 2**20

DEADLINE = timedelta(seconds=30)
"""How long an answer may take that needs no work."""

OUTAGE = timedelta(minutes=2)
"""How long a server may be away that is being waited for: a restart loads torch, which takes seconds."""

RETRY_SECONDS = 0.5

_OPTIONS = [
    ("grpc.max_receive_message_length", 64 * MIB),
    ("grpc.keepalive_time_ms", 20_000),  # a server whose machine is gone never says so
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1_000),  # a server that is back is found within a second
]

T = TypeVar("T")

_END = object()


class Connection:
    """A channel with the token on every call."""

    def __init__(self, address: Address) -> None:
        """Open it; nothing is sent yet.

        Raises:
            InvalidArgumentError: the address is none, or the token would be shown to a network.
        """
        address.check()
        self.target = address.target
        self._metadata = (("authorization", f"Bearer {address.token}"),) if address.token else ()
        if address.encrypted:
            credentials = grpc.ssl_channel_credentials(address.tls_ca or None)
            self.channel = grpc.secure_channel(address.target, credentials, options=_OPTIONS)
        else:
            self.channel = grpc.insecure_channel(address.target, options=_OPTIONS)

    def call(self, method: Callable[..., Any], request: object, deadline: timedelta = DEADLINE) -> Any:
        """Ask once.

        Raises:
            BridgeError: in the server's words; UnavailableError when there is none.
        """
        try:
            return _apart(lambda: method(request, timeout=deadline.total_seconds(), metadata=self._metadata))
        except grpc.RpcError as failure:
            raise to_error(failure, self.target) from failure

    def stream(self, method: Callable[..., Any], request: object, deadline: timedelta) -> Iterator[Any]:
        """Ask once for a stream of answers.

        Raises:
            BridgeError: as `call` does.
        """
        answers = _apart(lambda: method(request, timeout=deadline.total_seconds(), metadata=self._metadata))
        try:
            while (answer := _apart(lambda: next(answers, _END))) is not _END:
                yield answer
        except grpc.RpcError as failure:
            raise to_error(failure, self.target) from failure
        finally:
            answers.cancel()

    def close(self) -> None:
        """End the connection, and what is asked on it."""
        self.channel.close()


def _apart(work: Callable[[], T]) -> T:
    """Have a thread of its own do the work, and wait for it.

    Ctrl-C then ends the waiting; what was asked goes on until its deadline, or until the connection is closed. Inside
    gRPC it may strike where a call is half begun or a lock is taken, and `close` would wait for ever.
    """
    done: Future[T] = Future()
    threading.Thread(target=_settle, args=(done, work), name="bridge-call", daemon=True).start()
    return done.result()


def _settle(done: Future[T], work: Callable[[], T]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:
        done.set_exception(error)


class Patience:
    """How long a server may be away."""

    def __init__(self, limit: timedelta) -> None:
        self._limit = limit.total_seconds()
        self._since: float | None = None

    def answered(self) -> None:
        """The server is there."""
        self._since = None

    def bear(self, error: UnavailableError) -> None:
        """The server is away: sleep a moment.

        Raises:
            UnavailableError: the given one, when the server was away for too long.
        """
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if now - self._since >= self._limit:
            raise error
        time.sleep(RETRY_SECONDS)


def walked(page: Callable[[str], tuple[Iterable[T], str]]) -> Iterator[T]:
    """Yield the items of all pages; `page` takes a page's token and returns its items with the next one's."""
    token = ""
    while True:
        items, token = page(token)
        yield from items
        if not token:
            return
