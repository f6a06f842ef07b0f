"""One request sent a thousand times by sixteen clients at once, before, while and after its job runs: one job.

Each client sends it once more to the next server. Jobs are counted in the file of them, versions in the store.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc

from benchmarks.figure import Figure, main
from benchmarks.server_process import Cradle, cradle
from benchmarks.trainings import VECTORS, submit
from tests.database import people_and_films

TITLE = "one request, many times"

REQUESTS, CLIENTS = 1_000, 16
JOB = "nightly"


def measure() -> Iterator[Figure]:
    """Send, count, start the next server, send again, count again."""
    with tempfile.TemporaryDirectory() as folder, cradle() as starter:
        data = Path(folder) / "data"
        began = time.monotonic()
        replies = asyncio.run(_served(starter, data, REQUESTS))
        seconds = time.monotonic() - began
        replies += asyncio.run(_served(starter, data, CLIENTS))
        yield Figure("requests sent", len(replies), "", "higher", bar=REQUESTS + CLIENTS)
        yield Figure("requests a second", REQUESTS / seconds, "/s", "higher")
        yield Figure("requests that failed", sum(reply is None for reply in replies), "", "lower", bar=0)
        named = {(reply["jobId"], str(reply["timeCreated"])) for reply in replies if reply}
        yield Figure("jobs that the replies name", len(named), "", "lower", bar=1)
        yield Figure("jobs in the table", _jobs(data), "", "lower", bar=1)
        versions = list(data.glob(f"models/*/{VECTORS}/versions/*"))
        yield Figure("versions in the store", len(versions), "", "lower", bar=1)


async def _served(starter: Cradle, data: Path, requests: int) -> list[dict[str, Any] | None]:
    """Start a server, have the clients share the requests, wait for the job's end; return the replies."""
    server = starter.start(data, data.parent / "server.log", trainer_niceness=0)
    left = iter(range(requests))
    replies: list[dict[str, Any] | None] = []

    async def client() -> None:
        async with server.channel() as channel:
            for _ in left:
                try:
                    replies.append(await submit(channel, people_and_films(), VECTORS, 1, JOB))
                except Exception:
                    replies.append(None)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    async with server.channel() as channel:
        await _ended(channel)
    server.stop()
    return replies


async def _ended(channel: grpc.aio.Channel) -> None:
    while True:
        (row,) = await people_and_films().call(channel, "bridge.job.list", jobId=JOB)
        if row["status"] in ("SUCCEEDED", "FAILED", "CANCELLED", "REJECTED"):
            return
        await asyncio.sleep(0.05)


def _jobs(data: Path) -> int:
    connection = sqlite3.connect(data / "jobs.sqlite")
    try:
        return int(connection.execute("SELECT count(*) FROM jobs").fetchone()[0])
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
