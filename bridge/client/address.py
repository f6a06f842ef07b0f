"""Where a bridge server answers."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from bridge.core.errors import InvalidArgumentError


@dataclass(frozen=True)
class Address:
    """A server's address, and what it takes to be let in."""

    target: str
    """host:port."""
    token: str = field(default="", repr=False)
    """The server's operator token; empty where it asks for none."""
    tls: bool = False
    """Encrypt, trusting the certificate authorities that gRPC brings."""
    tls_ca: bytes = field(default=b"", repr=False)
    """Encrypt, trusting the certificates in this PEM text alone."""
    insecure: bool = False
    """Send the token to another machine without encryption."""

    @property
    def encrypted(self) -> bool:
        """Whether the connection is encrypted."""
        return self.tls or bool(self.tls_ca)

    def check(self) -> None:
        """Refuse what is no address, and to show the token to a network.

        Raises:
            InvalidArgumentError: saying what to give instead.
        """
        host, colon, port = self.target.rpartition(":")
        if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) <= 65535):
            raise InvalidArgumentError(
                f"`{self.target}` is no address of a bridge server: give host and port, such as 127.0.0.1:7690.",
                reason="BAD_ADDRESS",
            )
        if self.token and not (self.encrypted or self.insecure or _is_loopback(host)):
            raise InvalidArgumentError(
                f"The token would travel to {self.target} for everyone on the way to read. Encrypt by TLS, or accept "
                "the risk with `insecure`.",
                reason="INSECURE_ADDRESS",
            )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
