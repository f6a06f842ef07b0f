"""Files of a version to come, damaged between the training that wrote them and the process that checks them.

Nothing may be published: the job says why, the champion answers as before, staging is empty.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc

from benchmarks.damage import (
    WEIGHTS,
    edited,
    of_wrong_shape,
    truncated,
    with_nan,
)
from benchmarks.figure import Figure, main, say
from benchmarks.server_process import ServerProcess, cradle
from benchmarks.trainings import Answer, answer, train
from bridge.projection.content import CONTENT_FILE
from tests.database import CallError, people_and_films

TITLE = "damaged candidates"

LAST = CONTENT_FILE
"""What a training writes last."""
PATIENCE_SECONDS = 60.0


def _missing(folder: Path, weights: str) -> None:
    (folder / weights).unlink()


def _bad_json(folder: Path, weights: str) -> None:
    edited((folder / weights).with_suffix(".json"), lambda text: text[:-5])


DAMAGES: dict[str, Callable[[Path, str], object]] = {
    "truncated": truncated, "NaN": with_nan, "wrong shape": of_wrong_shape, "a missing file": _missing,
    "bad JSON": _bad_json,
}  # fmt: skip


def measure() -> Iterator[Figure]:
    """Train a first version of each model, then damage the second one before it is checked."""
    with tempfile.TemporaryDirectory() as folder, cradle() as starter:
        data = Path(folder) / "data"
        server = starter.start(data, Path(folder) / "log", trainer_niceness=0)
        faults = asyncio.run(_all(server, data))
        server.stop()
        yield Figure("damaged candidates", len(DAMAGES) * len(WEIGHTS), "", "higher", bar=len(DAMAGES) * len(WEIGHTS))
        yield Figure("candidates published, or refused without a reason", len(faults), "", "lower", bar=0)


async def _all(server: ServerProcess, data: Path) -> list[str]:
    faults: list[str] = []
    async with server.channel() as channel:
        for model in WEIGHTS:
            await train(channel, people_and_films(), model, 1)
            known = await answer(channel, people_and_films(), model)
            for name, damage in DAMAGES.items():
                faults += [f"{name}, {model}: {text}" for text in await _case(channel, data, model, damage, known)]
    for text in faults:
        say(text)
    return faults


async def _case(
    channel: grpc.aio.Channel, data: Path, model: str, damage: Callable[[Path, str], object], known: Answer
) -> list[str]:
    """Return what was not as it should be."""
    faults = []
    training = asyncio.create_task(train(channel, people_and_films(), model, 2))
    await _damaged(data, model, damage)
    try:
        faults.append(f"version {await training} was published")
    except CallError as error:
        say(f"{model}: {error.reason}: {error}")
        if error.reason not in ("MODEL_UNSOUND", "MODEL_DAMAGED"):
            faults.append(f"{error.reason}: {error}")
    if await answer(channel, people_and_films(), model) != known:
        faults.append("another answer")
    if left := list(data.glob("staging/*/*")):
        faults.append(f"left in staging: {left}")
    return faults


async def _damaged(data: Path, model: str, damage: Callable[[Path, str], object]) -> None:
    """Wait until the training has written everything, then damage it."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := list(data.glob(f"staging/*/*/{LAST}")):
            damage(found[0].parent, WEIGHTS[model])
            return
        await asyncio.sleep(0.001)
    raise TimeoutError("nothing was staged")


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
