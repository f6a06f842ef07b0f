"""One request sent a thousand times by sixteen clients at once, before, while and after its job runs: one job.

First as `CALL bridge.job.submit`, then as `TrainingService.CreateTraining`; each client sends both once more to the
next server. Jobs are counted in the file of them, versions in the store.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import grpc

from benchmarks.figure import Figure, main, say
from benchmarks.server_process import Cradle, ServerProcess, cradle
from benchmarks.trainings import VECTORS, submit
from bridge.v1 import model_service_pb2
from bridge.v1 import training_service_pb2 as wire
from bridge.v1 import training_service_pb2_grpc as service
from tests.database import CallError, people_and_films

TITLE = "one request, many times"

REQUESTS, CLIENTS = 1_000, 16
WAIT_MILLIS = 60_000

Send = Callable[[grpc.aio.Channel], Awaitable[str]]
"""Sends the request; returns what tells its job from every other."""


def measure() -> Iterator[Figure]:
    """Send, start the next server, send again, count."""
    with tempfile.TemporaryDirectory() as folder, cradle() as starter:
        data = Path(folder) / "data"
        told: dict[str, list[str]] = {name: [] for name in SENDS}
        for requests in (REQUESTS, CLIENTS):
            asyncio.run(served(starter, data, requests, told))
        for name, replies in told.items():
            yield Figure(f"{name}: requests sent", len(replies), "", "higher", bar=REQUESTS + CLIENTS)
            yield Figure(f"{name}: requests that failed", replies.count(""), "", "lower", bar=0)
            yield Figure(f"{name}: jobs that the replies name", len(set(replies)), "", "lower", bar=1)
        yield Figure("jobs in the table", _jobs(data), "", "lower", bar=len(SENDS))
        versions = list(data.glob(f"models/*/{VECTORS}/versions/*"))
        yield Figure("versions in the store", len(versions), "", "lower", bar=len(SENDS))


async def _submitted(channel: grpc.aio.Channel) -> str:
    row = await submit(channel, people_and_films(), VECTORS, 1, "nightly")
    return f"{row['jobId']} of {row['timeCreated']}"


async def _created(channel: grpc.aio.Channel) -> str:
    name = model_service_pb2.ModelReference(database="neo4j", model=VECTORS)
    request = wire.CreateTrainingRequest(name=name, request_id="nightly-again")
    reply = await service.TrainingServiceStub(channel).CreateTraining(request)
    return str(reply.job.key)


SENDS: dict[str, Send] = {"job.submit": _submitted, "CreateTraining": _created}


async def served(starter: Cradle, data: Path, requests: int, told: dict[str, list[str]]) -> None:
    """Start a server and have the clients share the requests of each kind, when the job of the other has ended."""
    server = starter.start(data, data.parent / "server.log", trainer_niceness=0)
    try:
        for name, send in SENDS.items():
            began = time.monotonic()
            told[name] += await _sent(server, requests, send)
            say(f"{name}: {requests / (time.monotonic() - began):.0f} requests a second")
            async with server.channel() as channel:
                await _all_ended(channel)
    finally:
        server.stop()


async def _sent(server: ServerProcess, requests: int, send: Send) -> list[str]:
    """Return the replies of the clients, an empty one for each failure."""
    left = iter(range(requests))
    replies: list[str] = []

    async def client() -> None:
        async with server.channel() as channel:
            for _ in left:
                try:
                    replies.append(await send(channel))
                except (CallError, grpc.aio.AioRpcError) as error:
                    say(f"failed: {error}")
                    replies.append("")

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return replies


async def _all_ended(channel: grpc.aio.Channel) -> None:
    operator = service.TrainingServiceStub(channel)
    for job in (await operator.ListJobs(wire.ListJobsRequest())).jobs:
        await operator.WaitJob(wire.WaitJobRequest(job=job.key, timeout_millis=WAIT_MILLIS))


def _jobs(data: Path) -> int:
    connection = sqlite3.connect(data / "jobs.sqlite")
    try:
        return int(connection.execute("SELECT count(*) FROM jobs").fetchone()[0])
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
