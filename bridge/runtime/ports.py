"""TCP ports of the local runtime: which are asked for, which are free."""

from __future__ import annotations

import errno
import socket
from dataclasses import asdict, dataclass, replace

from bridge.core.errors import FailedPreconditionError

LOOPBACK = "127.0.0.1"
"""The only address the local runtime listens on."""

ANY_FREE = 0
"""Asked for as a port: pick a free one."""


@dataclass(frozen=True)
class Ports:
    """The three ports of a local runtime; 0 asks for any free one."""

    bolt: int = 7687
    http: int = 7474
    bridge: int = 7690

    def as_dict(self) -> dict[str, int]:
        """Return the ports by name."""
        return asdict(self)


@dataclass(frozen=True)
class WantedPorts:
    """Ports somebody asked for: None is "what runs already, else the default", 0 is "any free one"."""

    bolt: int | None = None
    http: int | None = None
    bridge: int | None = None

    def over(self, ports: Ports) -> Ports:
        """Return `ports` with what was asked for in their place."""
        return replace(ports, **{name: port for name, port in asdict(self).items() if port is not None})

    def contradicts(self, running: Ports) -> dict[str, int]:
        """Return those running ports, by name, that are not the ones asked for."""
        asked = asdict(self)
        return {name: port for name, port in running.as_dict().items() if asked[name] not in (None, ANY_FREE, port)}


def settle(wanted: Ports, *, but: frozenset[str] = frozenset()) -> Ports:
    """Return `wanted` with a free port for each 0, having checked that the others are free.

    `but` names ports that are not checked, because what listens there is our own.
    Raises FailedPreconditionError naming every busy port and its option.
    """
    fixed = {name: port for name, port in wanted.as_dict().items() if port != ANY_FREE and name not in but}
    busy = {name: port for name, port in fixed.items() if not is_free(port)}
    if busy:
        taken = "; ".join(f"port {port} (choose another with `--{name}-port`)" for name, port in busy.items())
        raise FailedPreconditionError(f"Already in use by another program: {taken}. A port of 0 picks any free one.")
    free = iter(pick_free(sum(port == ANY_FREE for port in wanted.as_dict().values())))
    return replace(wanted, **{name: next(free) for name, port in wanted.as_dict().items() if port == ANY_FREE})


def is_free(port: int) -> bool:
    """Say whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def pick_free(count: int) -> list[int]:
    """Return so many different free ports; another program may still take one before it is used."""
    probes = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def answers(port: int, timeout_seconds: float = 1.0) -> bool:
    """Say whether something accepts connections on this loopback port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_seconds):
            return True
    except OSError:
        return False
