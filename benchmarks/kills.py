"""SIGKILL of the server, or of its training process, at random points of a training's life.

Each round submits a training of a second, kills, and looks: whether every version is whole, whether the aliases name
what they may, whether the version of before answers (after a server's death: from the wish for the next server on), how
the job ended and whether that is true, and which processes are left. `BENCHMARK_KILLS` says how many kills,
`BENCHMARK_SEED` chooses their moments.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

import grpc
import psutil

from benchmarks.aftermath import (
    END_SECONDS,
    World,
    job_row,
    look_at_answer,
    look_at_job,
    look_at_store,
    look_at_versions,
    phase,
)
from benchmarks.figure import Figure, main, median, say
from benchmarks.server_process import Cradle, alive, cradle
from benchmarks.trainings import RANKS, VECTORS, answer, prediction, submit, train
from bridge.jobs.status import FINISHED
from tests.database import CallError, people_and_films

TITLE = "killed at random points"

KILLS = int(os.environ.get("BENCHMARK_KILLS", 200))
SEED = int(os.environ.get("BENCHMARK_SEED", 1))
MODELS = (VECTORS, RANKS)

ANSWER_SECONDS = 5.0
"""Within which the old version answers after a restart."""
LIFE_SECONDS = 1.0
"""About what a training takes from its submission to its end."""


def measure() -> Iterator[Figure]:
    """Kill, and count what is wrong."""
    with tempfile.TemporaryDirectory() as folder, cradle() as starter:
        world = World(starter, Path(folder), random.Random(SEED))
        asyncio.run(rounds(world, KILLS))
        yield Figure("kills", world.hit.total(), "", "higher", bar=KILLS)
        for interrupted, times in sorted(world.hit.items()):
            yield Figure(f"kills: {interrupted}", times, "", "higher")
        for name, texts in world.faults.items():
            yield Figure(name, len(texts), "", "lower", bar=0)
        restart = "answer after a restart, modules loaded"
        yield Figure(f"slowest {restart}", max(world.seconds), "s", "lower", bar=ANSWER_SECONDS)
        yield Figure(f"median {restart}", median(world.seconds), "s", "lower")
        world.running.kill()
        seconds, computing = asyncio.run(_cold(world))
        yield Figure("restart from nothing: answer after", seconds, "s", "lower", bar=ANSWER_SECONDS)
        yield Figure("restart from nothing: the server's computing until then", computing, "CPU s", "lower")


async def rounds(world: World, kills: int) -> None:
    """Train a first version of each model, then kill so many times, and look each time."""
    world.start()
    async with world.running.channel() as channel:
        for model in MODELS:
            await train(channel, world.database, model, 0)
            world.known[model, 1] = await answer(channel, world.database, model)
    for number in count(1):
        model = world.generator.choice(MODELS)
        strike = world.generator.choice([_server, _server, _trainer])
        await strike(world, model, number)
        done = world.hit.total()
        wrong = sum(map(len, world.faults.values()))
        say(f"{done} kills, {wrong} faults, {sum(len(world.versions(each)) for each in MODELS)} versions")
        if done >= kills:
            break
    for model in MODELS:
        look_at_versions(world, model, world.versions(model))


async def _server(world: World, model: str, number: int) -> None:
    """Kill the server, start the next one."""
    before = world.aliases(model), world.versions(model)
    server = world.running
    aim = world.generator.choice([_any_time, _while_staged, _while_published])
    async with _training(world, model, number):
        await aim(world)
        family = server.family()
        server.kill()
    died = time.monotonic()
    world.hit[f"server, {phase(world, before, model, number)}"] += 1
    began = time.monotonic()
    world.start()
    async with world.running.channel() as channel:
        await look_at_answer(world, channel, model, before)
        world.seconds.append(time.monotonic() - began)
        await look_at_job(world, channel, model, number, before)
    look_at_store(world, model, before)
    if left := world.staged():
        world.fault("files left in staging", f"kill {number}: {left}")
    while any(map(alive, family)) and time.monotonic() < died + END_SECONDS:
        await asyncio.sleep(0.05)
    if left := [each.pid for each in family if alive(each)]:
        world.fault("processes that outlived their server", f"kill {number}: {left}")


async def _trainer(world: World, model: str, number: int) -> None:
    """Kill the training process; the server goes on."""
    before = world.aliases(model), world.versions(model)
    async with _training(world, model, number), world.running.channel() as channel:
        later = world.generator.random() < 0.5
        seconds = world.generator.uniform(0, 0.05 if later else 0.3)
        struck = await _kill_trainer(world, channel, number, later, seconds)
        if struck:
            world.hit[f"trainer, {struck}"] += 1
        await look_at_job(world, channel, model, number, before)
        await look_at_answer(world, channel, model, before)
    look_at_store(world, model, before)


async def _kill_trainer(world: World, channel: grpc.aio.Channel, number: int, later: bool, seconds: float) -> str:
    """Kill the first process of the job, or the one after it that checks.

    Returns:
        which it was, or empty text when the job had ended before.
    """
    seen: list[int] = []
    await _until(lambda: bool(world.running.trainers()))
    while (row := await job_row(world, channel, number)) is None or row["status"] not in FINISHED:
        for process in world.running.trainers():
            if process.pid not in seen:
                seen.append(process.pid)
                if later and len(seen) == 1:
                    continue
                await asyncio.sleep(seconds)
                with suppress(ProcessLookupError):
                    os.kill(process.pid, 9)
                    return "checking" if len(seen) > 1 else "training"
        await asyncio.sleep(0.002)
    return ""


@asynccontextmanager
async def _training(world: World, model: str, number: int) -> AsyncIterator[None]:
    """Submit a training, and let its call end as it may."""

    async def ask() -> None:
        async with world.running.channel() as channel:
            with suppress(CallError, grpc.aio.AioRpcError, asyncio.InvalidStateError):
                await submit(channel, people_and_films(), model, number, f"kill-{number}")

    asked = asyncio.create_task(ask())
    try:
        yield
    finally:
        await asyncio.wait([asked], timeout=END_SECONDS)
        asked.cancel()


async def _any_time(world: World) -> None:
    await asyncio.sleep(world.generator.uniform(0, LIFE_SECONDS))


async def _while_staged(world: World) -> None:
    await _until(lambda: bool(world.staged()))
    await asyncio.sleep(world.generator.uniform(0, 0.2))


async def _while_published(world: World) -> None:
    await _until(lambda: "manifest.json" in world.staged())
    time.sleep(world.generator.uniform(0, 0.03))  # nothing may come between


async def _until(condition: Callable[[], bool]) -> None:
    """Wait for a moment that is gone in another; for a few lives of a training at most."""
    end = time.monotonic() + 5 * LIFE_SECONDS
    while not condition() and time.monotonic() < end:
        await asyncio.sleep(0.0005)


async def _cold(world: World) -> tuple[float, float]:
    """Return the seconds from the start of a new Python to the old version's answer, and the server's CPU seconds."""
    began = time.monotonic()
    process, port, seconds = Cradle.cold(world.data)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await prediction(channel, RANKS)
            taken = time.monotonic() - began
        spent = psutil.Process(process.pid).cpu_times()
        computing = spent.user + spent.system
        say(f"from nothing: listening after {seconds:.1f} s, answered after {taken:.1f} s, {computing:.1f} CPU seconds")
        say(f"the machine's load average was {os.getloadavg()[0]:.1f}")
        return taken, computing
    finally:
        process.terminate()
        process.wait(END_SECONDS)


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
