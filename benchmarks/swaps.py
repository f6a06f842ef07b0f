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
from pathlib import Path

from benchmarks.figure import Figure, main, say
from benchmarks.server_process import ServerProcess, cradle
from benchmarks.trainings import RANKS, VECTORS, Answer, answer, train
from tests.database import CallError, people_and_films

TITLE = "versions swapped while clients ask"

SWAPS, CLIENTS = 50, 8
MODELS = (VECTORS, RANKS)


@dataclass
class Replies:
    """What the clients were told."""

    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    """By model and version."""
    failed: list[str] = field(default_factory=list)
    mixed: int = 0
    ended: bool = False


def measure() -> Iterator[Figure]:
    """Train two versions of two models, then swap them while clients ask both."""
    with tempfile.TemporaryDirectory() as folder, cradle() as starter:
        server = starter.start(Path(folder) / "data", Path(folder) / "server.log", trainer_niceness=0)
        replies = asyncio.run(_swapped(server))
        say(f"replies by model and version: {dict(replies.answered)}; failures: {replies.failed[:3]}")
        yield Figure("swaps under calls", SWAPS * len(MODELS), "", "higher", bar=SWAPS)
        yield Figure("calls answered", replies.answered.total(), "", "higher")
        yield Figure("versions that answered", len(replies.answered), "", "higher", bar=2 * len(MODELS))
        yield Figure("calls failed", len(replies.failed), "", "lower", bar=0)
        yield Figure("replies mixing versions", replies.mixed, "", "lower", bar=0)
        server.stop()


async def _swapped(server: ServerProcess) -> Replies:
    known: dict[tuple[str, int], Answer] = {}
    async with server.channel() as channel:
        for model in MODELS:
            for seed in (1, 2):
                await train(channel, people_and_films(), model, seed)
                known[model, seed] = await answer(channel, people_and_films(), model)
    assert known[VECTORS, 1][1] != known[VECTORS, 2][1], "two versions that answer alike show nothing"
    replies = Replies()
    clients = [asyncio.create_task(_client(server, replies, known, MODELS[n % 2])) for n in range(CLIENTS)]
    try:
        await _swap(server, replies)
    finally:
        replies.ended = True
        await asyncio.gather(*clients)
    return replies


async def _client(server: ServerProcess, replies: Replies, known: dict[tuple[str, int], Answer], model: str) -> None:
    database = people_and_films()
    async with server.channel() as channel:
        while not replies.ended:
            try:
                found = await answer(channel, database, model)
            except AssertionError:
                replies.mixed += 1
            except CallError as error:
                replies.failed.append(str(error))
            else:
                replies.answered[model, found[0]] += 1
                replies.mixed += found != known[model, found[0]]


async def _swap(server: ServerProcess, replies: Replies) -> None:
    """Promote and roll back by turns, each time when some calls have been answered in between."""
    database = people_and_films()
    async with server.channel() as channel:
        for number in range(SWAPS):
            for model in MODELS:
                if number % 2:
                    await database.call(channel, "bridge.model.promote", modelName=model, modelVersion=2)
                else:
                    await database.call(channel, "bridge.model.rollback", modelName=model)
            enough = replies.answered.total() + CLIENTS
            while replies.answered.total() < enough and not replies.failed:
                await asyncio.sleep(0.005)


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
