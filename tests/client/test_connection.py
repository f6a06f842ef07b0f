"""bridge/client: how a server is reached, and what is said when it is not."""

from __future__ import annotations

import _thread
import subprocess
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.client import Address, Client
from bridge.client.connection import DEADLINE, Connection
from bridge.core import errors
from bridge.rpc.errors import STATUS
from bridge.v1 import model_service_pb2 as wire
from bridge.v1 import model_service_pb2_grpc as service
from bridge.v1 import training_service_pb2 as trainings
from bridge.v1 import training_service_pb2_grpc as training_service
from tests.client.fake import Fake, serving


def client(port: int, **given: Any) -> Client:
    """Return a client of a server on this machine."""
    return Client(Address(f"127.0.0.1:{port}", **given))


def raising(error: Exception) -> Any:
    """Return an answer that fails."""

    def answer(request: Any) -> Any:
        raise error

    return answer


@pytest.mark.parametrize("kind", STATUS)
def test_an_error_arrives_as_it_left(kind: type[errors.BridgeError]) -> None:
    """Class, words, reason and metadata, for every class that the server has."""
    fake = Fake(RollbackModel=raising(kind("`m` came. Give `n`.", reason="WHY", model="m")))
    with serving(fake) as port, client(port) as bridge, pytest.raises(kind) as raised:
        bridge.models.rollback_model("m")
    error = raised.value
    assert (type(error), error.message, error.reason, error.metadata) == (
        kind, "`m` came. Give `n`.", "WHY", {"model": "m"}
    )  # fmt: skip


def test_a_server_that_is_not_there_is_said_at_once() -> None:
    """With the address, and how to start one."""
    with client(1) as bridge, pytest.raises(errors.UnavailableError, match=r"answers at 127\.0\.0\.1:1\. Start it"):
        bridge.models.rollback_model("m")


def test_a_server_that_does_not_answer_is_not_waited_for_without_end() -> None:
    """Every call has a deadline."""
    held = threading.Event()
    fake = Fake(RollbackModel=lambda request: held.wait(20) and wire.RollbackModelResponse())
    with serving(fake) as port:
        connection = Connection(Address(f"127.0.0.1:{port}"))
        stub = service.ModelServiceStub(connection.channel)  # type: ignore[no-untyped-call]
        with pytest.raises(errors.UnavailableError, match="did not answer in time"):
            connection.call(stub.RollbackModel, wire.RollbackModelRequest(), timedelta(seconds=0.2))
        held.set()
        connection.close()


def test_a_connection_can_be_closed_whenever_ctrl_c_came() -> None:
    """Between two calls, in one that begins, in one that waits: each of these moments is met in some round."""
    changes = [trainings.WatchJobResponse()] * 20
    fake = Fake(WatchJob=lambda request: iter(changes), GetJob=lambda request: trainings.GetJobResponse())
    with serving(fake) as port:
        for number in range(100):
            connection = Connection(Address(f"127.0.0.1:{port}"))
            interrupt = threading.Timer(number * 6e-5, _thread.interrupt_main)
            with pytest.raises(KeyboardInterrupt):
                _ask_without_end(connection, interrupt)
            closing = threading.Thread(target=connection.close, daemon=True)
            closing.start()
            closing.join(20)
            assert not closing.is_alive(), f"interrupted after {interrupt.interval * 1000:.2f} ms"


def _ask_without_end(connection: Connection, interrupt: threading.Timer) -> None:
    stub = training_service.TrainingServiceStub(connection.channel)  # type: ignore[no-untyped-call]
    interrupt.start()
    while True:
        connection.call(stub.GetJob, trainings.GetJobRequest())
        for _ in connection.stream(stub.WatchJob, trainings.WatchJobRequest(), DEADLINE):
            pass


def test_an_older_server_is_said_to_be_older() -> None:
    """It does not know the method."""
    with serving(Fake()) as port, client(port) as bridge, pytest.raises(errors.FailedPreconditionError, match="older"):
        bridge.trainings.list_recipes()


def test_the_token_travels_with_every_call() -> None:
    """A wrong one is refused in the server's words, on streams too."""
    fake = Fake(token="s3cret", ListModels=lambda request: wire.ListModelsResponse())
    with serving(fake) as port:
        with client(port, token="s3cret") as bridge:
            assert list(bridge.models.list_models()) == []
        with client(port, token="other") as bridge:
            with pytest.raises(errors.PermissionDeniedError, match="does not open this"):
                list(bridge.models.list_models())
            with pytest.raises(errors.PermissionDeniedError, match="does not open this"):
                list(bridge.trainings.watch_job("j"))


@pytest.mark.parametrize("target", ["", "localhost", "localhost:", ":7690", "localhost:0", "localhost:http", "h:70000"])
def test_what_is_no_address_is_refused_with_an_example(target: str) -> None:
    """Before gRPC tries to look it up."""
    with pytest.raises(errors.InvalidArgumentError, match=r"give host and port, such as 127\.0\.0\.1:7690"):
        Client(Address(target))


def test_a_token_is_shown_to_no_network() -> None:
    """Only to this machine, encrypted, or by explicit wish; and no text shows it."""
    address = Address("bridge.example:7690", token="s3cret")
    with pytest.raises(errors.InvalidArgumentError, match="Encrypt by TLS") as raised:
        Client(address)
    assert "s3cret" not in f"{raised.value.message} {address}"
    for allowed in (
        Address("127.0.0.1:1", token="t"), Address("[::1]:1", token="t"), Address("localhost:1", token="t"),
        Address("bridge.example:1", token="t", insecure=True), Address("bridge.example:1", token="t", tls=True),
    ):  # fmt: skip
        Client(allowed).close()


def test_tls_is_spoken_with_whom_the_file_vouches_for(tmp_path: Path) -> None:
    """Without the file, or without TLS, nothing is sent, and the text says that TLS may be missing."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    fake = Fake(ListModels=lambda request: wire.ListModelsResponse())
    with serving(fake, pair=(key.read_bytes(), certificate.read_bytes())) as port:
        with client(port, tls_ca=certificate.read_bytes()) as bridge:
            assert list(bridge.models.list_models()) == []
        assert len(fake.asked) == 1
        for wrong in ({}, {"tls": True}):
            with client(port, **wrong) as bridge, pytest.raises(errors.UnavailableError, match="with TLS if it asks"):
                list(bridge.models.list_models())
    assert len(fake.asked) == 1
