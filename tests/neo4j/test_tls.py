"""Plugin and server over TLS: they find each other by certificate and token, and say in words when they do not."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bridge.runtime import WantedPorts
from bridge.runtime.local import Runtime
from tests.neo4j.stack import Stack, ended_in_order, eventually

TOKEN = "a-token-of-the-plugin"

LIVES = "UNWIND range(1, 20) AS k CREATE (:Secret {k: k})-[:HAS {weight: k * 0.5}]->(:Thing {k: k})"
PROJECT = """
CALL gds.graph.project('secrets', ['Secret', 'Thing'], {HAS: {properties: ['weight']}}) YIELD nodeCount
RETURN nodeCount
"""
SNAPSHOT = "CALL bridge.snapshot.stats('secrets', {relationshipProperties: ['weight'], nodeKeys: {Secret: 'k'}})"


@dataclass(frozen=True)
class Authority:
    """Who signs certificates, and one of 127.0.0.1 that it signed."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Authority:
        """Make one with openssl, which every Java on Debian brings along, valid for two days."""
        folder.mkdir()
        new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        for arguments in (
            [*new, "-x509", "-days", "2", "-subj", f"/CN={folder.name}", "-keyout", "ca.key", "-out", "ca.pem"],
            [*new, "-subj", "/CN=bridge", "-keyout", "key.pem", "-out", "request"],
            ["x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
             "-extfile", "names", "-out", "certificate.pem"],
        ):  # fmt: skip
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
        return cls(folder)

    @property
    def trusted(self) -> dict[str, str]:
        """What makes the plugin trust it."""
        return {"BRIDGE_TLS_CA_FILE": str(self.folder / "ca.pem")}

    @property
    def served(self) -> dict[str, str]:
        """What makes the server show its certificate."""
        return {
            "BRIDGE_TLS_CERTIFICATE": str(self.folder / "certificate.pem"),
            "BRIDGE_TLS_KEY": str(self.folder / "key.pem"),
        }


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="module")
def secured(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start a Neo4j that trusts the authority alone and a server that asks for the token, both on a home of their own.

    The plugin reads its settings once, so that the Neo4j of the other tests can not be taken.
    """
    home = tmp_path_factory.mktemp("secured") / "home"
    runtime = Runtime(home, ports=WantedPorts(0, 0, 0), java_options="-Xms128m -Xmx512m", token=TOKEN)
    with ended_in_order(), pytest.MonkeyPatch.context() as patch:
        for name, value in (authority.trusted | authority.served).items():
            patch.setenv(name, value)
        try:
            stack = Stack(runtime, runtime.up())
            with stack.driver:
                stack.rows(LIVES)
                stack.rows(PROJECT)
                yield stack
        finally:
            runtime.down()


def test_a_call_goes_through_tls_both_ways(secured: Stack) -> None:
    """The server answers, asks the plugin, and gets the projection."""
    row = secured.row("CALL bridge.health()")
    assert (row["status"], row["detail"]) == ("SERVING", "")
    row = secured.row(SNAPSHOT)
    assert (row["nodeCount"], row["relationshipCount"]) == (40, 20)


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_port_answers_only_who_speaks_tls(secured: Stack, authority: Authority, encrypted: bool) -> None:
    """Health is open to anyone, so that only the encryption can be what is missing."""
    address = secured.status.bridge_address
    trusted = grpc.ssl_channel_credentials((authority.folder / "ca.pem").read_bytes())
    with grpc.secure_channel(address, trusted) if encrypted else grpc.insecure_channel(address) as channel:
        ask = health_pb2_grpc.HealthStub(channel).Check
        if encrypted:
            assert ask(health_pb2.HealthCheckRequest(), timeout=60).status == health_pb2.HealthCheckResponse.SERVING
        else:
            with pytest.raises(grpc.RpcError) as refused:
                ask(health_pb2.HealthCheckRequest(), timeout=60)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_server_that_can_not_be_trusted_is_told_in_words(secured: Stack, tmp_path: Path) -> None:
    """A certificate that nobody vouches for, then none at all: nothing is sent, the text says why, and the right one
    is found again."""
    stranger = Authority.make(tmp_path / "stranger").served
    secured.stop_server()
    try:
        for why, environment in (("certification path", stranger), ("SSL", dict.fromkeys(stranger, ""))):
            secured.start_server(environment)
            text = secured.error("CALL bridge.version()")
            row = secured.row("CALL bridge.health()")
            secured.stop_server()
            assert f"The bridge server at {secured.status.bridge_address} is not reachable" in text
            assert why in text
            assert TOKEN not in text
            assert (row["status"], row["detail"]) == ("UNREACHABLE", text)
    finally:
        secured.stop_server()
        secured.start_server()
    assert eventually(lambda: secured.row("CALL bridge.health()")["status"] == "SERVING")
