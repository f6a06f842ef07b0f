"""Fifty promotions and rollbacks while eight clients ask without a pause: every call answered, each by one version.

A reply mixes versions when the number that it names and the values that it holds are not of one version: what each
version answers is recorded before.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import grpc

from benchmarks.figure import Figure, main, say
from benchmarks.server_process import ServerProcess, cradle
from benchmarks.trainings import RANKS, VECTORS, Answer, answer, prediction, train
from bridge.v1 import model_service_pb2 as wire
from bridge.v1 import model_service_pb2_grpc as service
from tests.database import CallError, people_and_films

TITLE = "versions swapped while clients ask"

SWAPS, CLIENTS = 50, 8
MODELS = (VECTORS, RANKS)


Asked = tuple[str, str, int]
"""Which service, which model, which version answered."""

CALLED, PREDICTED = "ProcedureService", "PredictionService"


@dataclass
class Replies:
    """What the clients were told."""

    answered: Counter[Asked] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    mixed: int = 0
    ended: bool = False


def measure() -> Iterator[Figure]:
    """Train two versions of two models, then swap them while clients ask both."""
    with tempfile.TemporaryDirectory() as folder, cradle() as starter:
        server = starter.start(Path(folder) / "data", Path(folder) / "server.log", trainer_niceness=0)
        replies = asyncio.run(swapped(server, SWAPS))
        say(f"replies: {dict(replies.answered)}; failures: {replies.failed[:3]}")
        yield Figure("swaps under calls", SWAPS * len(MODELS), "", "higher", bar=SWAPS)
        yield Figure("calls answered", replies.answered.total(), "", "higher")
        yield Figure("versions × services that answered", len(replies.answered), "", "higher", bar=4 * len(MODELS))
        yield Figure("calls failed", len(replies.failed), "", "lower", bar=0)
        yield Figure("replies mixing versions", replies.mixed, "", "lower", bar=0)
        server.stop()


async def swapped(server: ServerProcess, swaps: int) -> Replies:
    """Train two versions of each model and swap them so many times while clients ask; return what these were told."""
    known: dict[Asked, Answer] = {}
    async with server.channel() as channel:
        for model in MODELS:
            for seed in (1, 2):
                await train(channel, people_and_films(), model, seed)
                known[CALLED, model, seed] = await answer(channel, people_and_films(), model)
                known[PREDICTED, model, seed] = await prediction(channel, model)
    assert known[CALLED, VECTORS, 1][1] != known[CALLED, VECTORS, 2][1], "versions that answer alike show nothing"
    replies = Replies()
    ways = list(product((CALLED, PREDICTED), MODELS))
    clients = [asyncio.create_task(_client(server, replies, known, *ways[n % len(ways)])) for n in range(CLIENTS)]
    try:
        await _swap(server, replies, swaps)
    finally:
        replies.ended = True
        await asyncio.gather(*clients)
    return replies


async def _client(
    server: ServerProcess, replies: Replies, known: dict[Asked, Answer], way: str, model: str
) -> None:
    database = people_and_films()
    async with server.channel() as channel:
        while not replies.ended:
            try:
                asked = prediction(channel, model) if way == PREDICTED else answer(channel, database, model)
                found = await asked
            except AssertionError:
                replies.mixed += 1
            except (CallError, grpc.aio.AioRpcError) as error:
                replies.failed.append(str(error))
            else:
                replies.answered[way, model, found[0]] += 1
                replies.mixed += found != known[way, model, found[0]]


async def _swap(server: ServerProcess, replies: Replies, swaps: int) -> None:
    """Promote and roll back by turns, from Cypher and as an operator, when some calls have been answered between."""
    database = people_and_films()
    async with server.channel() as channel:
        operator = service.ModelServiceStub(channel)
        for number in range(swaps):
            for model in MODELS:
                name = wire.ModelReference(database="neo4j", model=model)
                if number % 4 == 0:
                    await database.call(channel, "bridge.model.rollback", modelName=model)
                elif number % 4 == 1:
                    await database.call(channel, "bridge.model.promote", modelName=model, modelVersion=2)
                elif number % 4 == 2:
                    await operator.RollbackModel(wire.RollbackModelRequest(name=name))
                else:
                    await operator.PromoteVersion(wire.PromoteVersionRequest(name=name, model_version="2"))
            enough = replies.answered.total() + CLIENTS
            while replies.answered.total() < enough and not replies.failed:
                await asyncio.sleep(0.005)


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
