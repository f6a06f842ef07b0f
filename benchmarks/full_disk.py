"""A disk that fills up: nothing is published, the error says so, the champion answers, and space makes all well again.

The data folder is on a small file system in memory, which takes root to mount; without root there are no figures.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import grpc

from benchmarks.figure import Figure, main, say
from benchmarks.server_process import Cradle, ServerEndedError, cradle
from benchmarks.trainings import RANKS, VECTORS, Answer, answer, prediction, train
from tests.database import CallError, people_and_films

TITLE = "full disk"

MIB = 2**20
MODELS = (VECTORS, RANKS)
DISK_BYTES = 16 * MIB
LEFT = (0, 4_096, 16_384, 65_536)
"""Bytes left when a training begins: the disk is full at its first write, or later."""


def measure() -> Iterator[Figure]:
    """Fill the disk to each degree, train both models, free it, train again."""
    if os.geteuid() != 0:
        say("a file system can be mounted by root alone: nothing was measured")
        return
    with tempfile.TemporaryDirectory() as folder, mounted(Path(folder)), cradle() as starter:
        faults = asyncio.run(_filled(starter, Path(folder)))
        yield Figure("trainings on a full disk", 2 * len(LEFT), "", "higher", bar=2 * len(LEFT))
        yield Figure("trainings, answers and starts that were not as they should be", len(faults), "", "lower", bar=0)


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """Have a small file system in a folder."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def _filled(starter: Cradle, folder: Path) -> list[str]:
    """Return what was not as it should be."""
    faults: list[str] = []
    log = Path(tempfile.gettempdir()) / f"full-disk-{os.getpid()}.log"
    start = partial(starter.start, folder / "data", log, trainer_niceness=0)
    server = start()
    async with server.channel() as channel:
        for model in MODELS:
            await train(channel, people_and_films(), model, 1)
        known = {model: await _answers(channel, model) for model in MODELS}
    for left in LEFT:
        for model in MODELS:
            free(folder)
            async with server.channel() as channel:
                await _answers(channel, model)  # its projection has been read before
                fill(folder, left)
                faults += [f"{left} bytes left, {model}: {text}" for text in await _refused(channel, model, known)]
        server.kill()
        try:
            server = start()
        except ServerEndedError as error:
            faults.append(f"{left} bytes left: no start: {error}")
            free(folder)
            server = start()
        async with server.channel() as channel:
            for model in MODELS:
                # Not by CALL: a projection read anew needs room.
                if await prediction(channel, model) != known[model][1]:
                    faults.append(f"{left} bytes left, {model}: another answer after a restart")
    free(folder)
    async with server.channel() as channel:
        for model in MODELS:
            if await train(channel, people_and_films(), model, 3) != 2:
                faults.append(f"{model}: another number after the disk was full")
    server.stop()
    if left_over := [str(path) for path in folder.glob("data/staging/*")]:
        faults.append(f"left in staging: {left_over}")
    log.unlink()
    for text in faults:
        say(text)
    return faults


async def _refused(channel: grpc.aio.Channel, model: str, known: Mapping[str, tuple[Answer, Answer]]) -> list[str]:
    """Train on the full disk, then ask; return what was not as it should be."""
    faults = []
    try:
        await train(channel, people_and_films(), model, 2)
        faults.append("a training found room")
    except CallError as error:
        say(f"{model}: {error}")
        if error.reason != "DISK_FULL":
            faults.append(str(error))
    try:
        if await _answers(channel, model) != known[model]:
            faults.append("another answer")
    except CallError as error:
        faults.append(f"no answer: {error}")
    return faults


async def _answers(channel: grpc.aio.Channel, model: str) -> tuple[Answer, Answer]:
    """Ask from Cypher and as an operator."""
    return await answer(channel, people_and_films(), model), await prediction(channel, model)


def fill(folder: Path, left: int) -> None:
    """Leave so many bytes on the disk."""
    free(folder)
    free_bytes = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    (folder / "filler").write_bytes(bytes(max(0, free_bytes - left)))


def free(folder: Path) -> None:
    """Give back what `fill` took."""
    (folder / "filler").unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
