"""A disk that fills up: nothing is published, the error says so, the champion answers, and space makes all well again.

The data folder is on a small file system in memory, which takes root to mount; without root there are no figures.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figure import Figure, main, say
from benchmarks.server_process import Cradle, cradle
from benchmarks.trainings import RANKS, VECTORS, answer, train
from tests.database import CallError, people_and_films

TITLE = "full disk"

MIB = 2**20
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
    faults: list[str] = []
    log = Path(tempfile.gettempdir()) / f"full-disk-{os.getpid()}.log"
    server = starter.start(folder / "data", log, trainer_niceness=0)
    known = {}
    async with server.channel() as channel:
        for model in (VECTORS, RANKS):
            await train(channel, people_and_films(), model, 1)
            known[model] = await answer(channel, people_and_films(), model)
    for left in LEFT:
        for model in known:
            fill(folder, left)
            async with server.channel() as channel:
                try:
                    await train(channel, people_and_films(), model, 2)
                    say(f"{left} bytes left, {model}: trained")
                except CallError as error:
                    say(f"{left} bytes left, {model}: {error}")
                    if error.reason not in ("DISK_FULL", "STORE_FULL"):
                        faults.append(f"{left} bytes left, {model}: {error}")
                else:
                    faults.append(f"{left} bytes left, {model}: a training found room")
                if await answer(channel, people_and_films(), model) != known[model]:
                    faults.append(f"{left} bytes left, {model}: another answer")
        server.kill()
        try:
            server = starter.start(folder / "data", log, trainer_niceness=0)
            async with server.channel() as channel:
                for model, said in known.items():
                    if await answer(channel, people_and_films(), model) != said:
                        faults.append(f"{left} bytes left, {model}: another answer after a restart")
        except Exception as error:
            faults.append(f"{left} bytes left, restart: {error}")
            say(faults[-1])
            free(folder)
            server = starter.start(folder / "data", log, trainer_niceness=0)
        free(folder)
    async with server.channel() as channel:
        for model in known:
            if await train(channel, people_and_films(), model, 3) != 2:
                faults.append(f"{model}: another number after the disk was full")
    server.stop()
    if left_over := [str(path) for path in folder.glob("data/staging/*")]:
        faults.append(f"left in staging: {left_over}")
    log.unlink()
    return faults


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
