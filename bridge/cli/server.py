"""How the commands for operators reach a bridge server."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.core.errors import InvalidArgumentError, PermissionDeniedError, UnauthenticatedError
from bridge.runtime import server
from bridge.runtime.home import Checkout, Home

if TYPE_CHECKING:
    from bridge.client import Client


_HERE = "This command takes it from `--token-file`, BRIDGE_OPERATOR_TOKEN_FILE or BRIDGE_OPERATOR_TOKEN."


def server_options() -> argparse.ArgumentParser:
    """Return the options that say which server is meant, as a parent parser."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("server", "By default that of the home in .bridge/home, or in BRIDGE_HOME.")
    option = group.add_argument
    option("--address", metavar="HOST:PORT", help="of the bridge server (environment BRIDGE_ADDRESS)")
    option("--home", metavar="DIR", help="folder of a local runtime whose server is meant")
    option(
        "--token-file",
        metavar="FILE",
        help="the operator token is its first line (environment BRIDGE_OPERATOR_TOKEN_FILE, or the token itself in "
        "BRIDGE_OPERATOR_TOKEN)",
    )
    option("--tls", action="store_true", help="encrypt, trusting well-known authorities")
    option(
        "--tls-ca-file",
        metavar="FILE",
        help="encrypt, trusting the certificates in this PEM file (environment BRIDGE_TLS_CA_FILE)",
    )
    option("--insecure", action="store_true", help="show the token to another machine without encryption")
    return parser


@contextmanager
def connected(options: argparse.Namespace) -> Iterator[Client]:
    """Lend a client of the server that is meant; nothing is sent yet.

    Raises:
        InvalidArgumentError: the address is none, a file cannot be read, or the token would be shown to a network.
        UnauthenticatedError, PermissionDeniedError: the block asked with no token or a wrong one.
    """
    # What gRPC's own code writes to the terminal is said again, in our words, by the error.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # gRPC takes a third of a second to load, and the other commands do not need it.
    from bridge.client import Address, Client

    environment = os.environ
    authorities = options.tls_ca_file or environment.get("BRIDGE_TLS_CA_FILE")
    address = Address(
        target=_target(options, environment),
        token=_token(options, environment),
        tls=options.tls,
        tls_ca=_content(authorities, "the certificates", "--tls-ca-file") if authorities else b"",
        insecure=options.insecure,
    )
    with Client(address) as client:
        try:
            yield client
        except (UnauthenticatedError, PermissionDeniedError) as error:
            if error.reason not in ("NO_TOKEN", "WRONG_TOKEN"):
                raise
            raise type(error)(f"{error.message} {_HERE}", reason=error.reason) from error


def _target(options: argparse.Namespace, environment: Mapping[str, str]) -> str:
    """Return host:port. What was typed goes before the environment, an address before a home."""
    address = options.address or (None if options.home else environment.get("BRIDGE_ADDRESS"))
    if address:
        return str(address)
    home = options.home or environment.get("BRIDGE_HOME") or Checkout.here().default_home
    known = server.environment(Home.at(home))
    return f"{known['BRIDGE_HOST']}:{known['BRIDGE_PORT']}"


def _token(options: argparse.Namespace, environment: Mapping[str, str]) -> str:
    if not options.token_file and environment.get("BRIDGE_OPERATOR_TOKEN"):
        return environment["BRIDGE_OPERATOR_TOKEN"]
    file = options.token_file or environment.get("BRIDGE_OPERATOR_TOKEN_FILE")
    if not file:
        return ""
    lines = _content(file, "the token", "--token-file").decode("utf-8", "replace").splitlines()
    token = lines[0].strip() if lines else ""
    if not (token and token.isascii() and token.isprintable()):
        raise InvalidArgumentError(
            f"The first line of `{file}` is no token: write the server's BRIDGE_OPERATOR_TOKEN there.",
            reason="BAD_TOKEN_FILE",
        )
    return token


def _content(file: str, what: str, option: str) -> bytes:
    try:
        return Path(file).expanduser().read_bytes()
    except OSError as error:
        raise InvalidArgumentError(
            f"Cannot read {what} from `{file}`: {error.strerror}. Give a file that you may read by `{option}`.",
            reason="UNREADABLE_FILE",
        ) from error
