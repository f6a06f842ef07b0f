"""A bridge server in the test's process, on a free port, with a folder of its own: fixtures for rpc and actions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from bridge.actions.services import Services
from bridge.app import make_services
from bridge.jobs.process import Trainers
from bridge.jobs.worker import Limits
from bridge.rpc.auth import Tokens
from bridge.rpc.server import Endpoint, Server
from bridge.settings import Settings


@pytest.fixture(scope="session")
def trainers() -> Trainers:
    """Start the fork server once, before any gRPC object exists."""
    trainers = Trainers(["bridge.trainer"], limits=Limits(niceness=0, threads=1))
    trainers.start()
    return trainers


@pytest.fixture
async def services(tmp_path: Path, trainers: Trainers) -> AsyncIterator[Services]:
    """Make the parts of a server in a folder of the test's own."""
    services = make_services(Settings(data=tmp_path / "server", threads=1), trainers)
    yield services
    await services.jobs.background.close()
    await trainers.close()
    await services.jobs.close()
    services.answering.shutdown(wait=True, cancel_futures=True)
    services.scoring.close()
    services.executor.shutdown(wait=True, cancel_futures=True)
    services.store.close()


@pytest.fixture
async def channel(services: Services) -> AsyncIterator[grpc.aio.Channel]:
    """Start a server and connect to it."""
    server = Server(services, Endpoint("127.0.0.1", 0, Tokens()))
    port = await server.start()
    options = [("grpc.max_receive_message_length", 64 * 2**20)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        yield channel
    await server.stop(timedelta(seconds=1))
