"""Damaged versions of every kind: refused with the reason, while the champion, or `previous`, goes on answering.

Two models (vectors alone, and a graph neural network) have two versions each. Every kind of damage is done to the
champion, and to `previous`, before a server starts on a copy; then the server is asked what answers, what it says in
`bridge.health` and its log, and for the damaged version itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from safetensors.numpy import load_file, save_file

from benchmarks.figure import Figure, main, say
from benchmarks.server_process import Cradle, cradle
from benchmarks.trainings import RANKS, VECTORS, Answer, answer, train
from bridge.registry.manifest import MANIFEST_NAME
from tests.database import CallError, Database, people_and_films

TITLE = "damaged versions"

WEIGHTS = {VECTORS: "embedding.safetensors", RANKS: "served.safetensors"}
"""By model, the file that answers."""

ROLES = {"champion": 2, "previous": 1}

NOBODY = 65534
"""The user whose server meets files that it may not read."""

ANSWER_SECONDS = 60.0
"""Whoever waits longer hangs."""


@dataclass(frozen=True)
class Damage:
    """What is done to the folder of a version, with the name of its weights, and what is said of it."""

    do: Callable[[Path, str], object]
    words: str
    found_at_load: bool = False
    """The hashes are right: only who loads it notices."""


def rehashed(folder: Path, weights: str) -> None:
    """Make the manifest one of the files as they are now."""
    content = json.loads((folder / MANIFEST_NAME).read_bytes())
    data = (folder / weights).read_bytes()
    content["files"][weights] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    signed(folder, content)


def signed(folder: Path, content: dict[str, Any]) -> None:
    """Write a manifest with the checksum that it should have."""
    content.pop("checksum", None)
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"))
    content["checksum"] = hashlib.sha256(plain.encode()).hexdigest()
    (folder / MANIFEST_NAME).write_text(json.dumps(content))


def edited(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def truncated(folder: Path, weights: str) -> None:
    edited(folder / weights, lambda text: text[: len(text) // 2])


def _flipped(folder: Path, weights: str) -> None:
    edited(folder / weights, lambda text: text[:-5] + bytes([text[-5] ^ 4]) + text[-4:])


def _of_arrays(change: Callable[[str, np.ndarray], np.ndarray]) -> Callable[[Path, str], None]:
    def do(folder: Path, weights: str) -> None:
        arrays = load_file(folder / weights)
        save_file({key: np.ascontiguousarray(change(key, each)) for key, each in arrays.items()}, folder / weights)

    return do


def _both(*steps: Callable[[Path, str], object]) -> Callable[[Path, str], None]:
    def do(folder: Path, weights: str) -> None:
        for step in steps:
            step(folder, weights)

    return do


with_nan = _of_arrays(lambda key, each: np.full_like(each, np.nan) if each.dtype.kind == "f" else each)
of_wrong_shape = _of_arrays(lambda key, each: each[:-1] if each.dtype.kind == "f" and each.ndim == 2 else each)


def _future(folder: Path, weights: str) -> None:
    content = json.loads((folder / MANIFEST_NAME).read_bytes())
    signed(folder, content | {"format_version": 99})


def _wrong_hash(folder: Path, weights: str) -> None:
    content = json.loads((folder / MANIFEST_NAME).read_bytes())
    content["files"][weights]["sha256"] = "0" * 64
    signed(folder, content)


def _pipe(name: str | None = None) -> Callable[[Path, str], None]:
    def do(folder: Path, weights: str) -> None:
        path = folder / (name or weights)
        path.unlink()
        os.mkfifo(path)

    return do


DAMAGES: dict[str, Damage] = {
    "truncated": Damage(truncated, "bytes instead of"),
    "a flipped bit": Damage(_flipped, "sha256 differs"),
    "NaN": Damage(with_nan, "sha256 differs"),
    "NaN, hashed again": Damage(_both(with_nan, rehashed), "not finite", found_at_load=True),
    "wrong shape, hashed again": Damage(_both(of_wrong_shape, rehashed), "no model can be made", found_at_load=True),
    "a missing file": Damage(lambda folder, weights: (folder / weights).unlink(), "is missing"),
    "a missing manifest": Damage(lambda folder, _: (folder / MANIFEST_NAME).unlink(), "no manifest"),
    "bad JSON": Damage(lambda folder, _: edited(folder / MANIFEST_NAME, lambda text: text[:-9]), "no manifest"),
    "an edited manifest": Damage(
        lambda folder, _: edited(folder / MANIFEST_NAME, lambda text: text.replace(b"train", b"trian", 1)), "checksum"
    ),
    "a wrong hash": Damage(_wrong_hash, "sha256 differs"),
    "a load that hangs": Damage(_pipe(), "not a plain file"),
    "a manifest that hangs": Damage(_pipe(MANIFEST_NAME), "not a plain file"),
    "a file that may not be read": Damage(lambda folder, weights: (folder / weights).chmod(0), "Permission denied"),
    "a folder that may not be read": Damage(lambda folder, _: folder.chmod(0), "Permission denied"),
    "a future format": Damage(_future, "newer bridge"),
}


def measure() -> Iterator[Figure]:
    """Train, then copy and damage; yield how many cases were not as they should be."""
    with tempfile.TemporaryDirectory() as folder, cradle() as starter:
        root = Path(folder)
        root.chmod(0o755)
        known = asyncio.run(_trained(starter, root))
        faults = []
        for name, damage in DAMAGES.items():
            for role in ROLES:
                found = asyncio.run(_case(starter, root, damage, role, known))
                faults += found
                say(f"{name}, {role}: {'; '.join(found) or 'refused, and the other answers'}")
        yield Figure("kinds of damage × roles × models", len(DAMAGES) * len(ROLES) * len(WEIGHTS), "", "higher", bar=44)
        yield Figure("damage that was served, hidden, or kept others from answering", len(faults), "", "lower", bar=0)


async def _trained(starter: Cradle, root: Path) -> dict[tuple[str, int], Answer]:
    """Train two versions of both models; return their answers."""
    (root / "template").mkdir()
    server = starter.start(root / "template" / "data", root / "log", trainer_niceness=0)
    known = {}
    async with server.channel() as channel:
        for model in WEIGHTS:
            for seed in (1, 2):
                await train(channel, people_and_films(), model, seed)
            for number in ROLES.values():
                known[model, number] = await answer(channel, people_and_films(), model, modelVersion=number)
    server.stop()
    return known


async def _case(
    starter: Cradle, root: Path, damage: Damage, role: str, known: dict[tuple[str, int], Answer]
) -> list[str]:
    """Damage one version of both models, start a server, ask; return what is not as it should be."""
    data, log = root / "case" / "data", root / "case" / "log"
    shutil.copytree(root / "template", root / "case")
    for model, weights in WEIGHTS.items():
        damage.do(_version(data, model, ROLES[role]), weights)
    _own(root / "case")
    server = starter.start(data, log, uid=NOBODY, log_level="WARNING")
    try:
        async with server.channel() as channel, asyncio.timeout(ANSWER_SECONDS):
            database = people_and_films()
            faults = [
                text
                for model in WEIGHTS
                async for text in _faults(channel, database, model, damage, role, known, log)
            ]
    except TimeoutError:
        faults = ["it hangs"]
    finally:
        server.kill()
        shutil.rmtree(root / "case")
    return faults


def _own(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, NOBODY, NOBODY)


def _version(data: Path, model: str, number: int) -> Path:
    (found,) = data.glob(f"models/*/{model}/versions/{number}")
    return found


async def _faults(
    channel: grpc.aio.Channel, database: Database, model: str, damage: Damage, role: str,
    known: dict[tuple[str, int], Answer], log: Path,
) -> Any:  # fmt: skip
    damaged = ROLES[role]
    sound = known[model, 3 - damaged]
    if damage.found_at_load and role == "previous":  # nobody loads it unless it is asked for
        await refusal(channel, database, model, damaged)
    if await answer(channel, database, model) != sound:
        yield f"{model}: the sound version does not answer"
    said = await refusal(channel, database, model, damaged)
    if damage.words not in said:
        yield f"{model}: the damaged version said: {said or 'an answer'}"
    (health,) = await database.call(channel, "bridge.health")
    (line,) = [each for each in health["models"] if each["modelName"] == model]
    if damage.words not in line["error"] or model not in health["detail"] or line["modelVersion"] != 3 - damaged:
        yield f"{model}: health said {line}, {health['detail']}"
    if await answer(channel, database, model) != sound:
        yield f"{model}: the sound version answered once only"
    if damage.words not in log.read_text() and not (damage.found_at_load and role == "previous"):
        yield f"{model}: nothing in the log"
    if role == "previous":
        try:
            await database.call(channel, "bridge.model.rollback", modelName=model)
            yield f"{model}: rolled back to the damaged version"
        except CallError as error:
            if damage.words not in str(error):
                yield f"{model}: the rollback said {error}"


async def refusal(channel: grpc.aio.Channel, database: Database, model: str, version: int) -> str:
    """Ask a version by its number; return what is said, empty when it answers."""
    try:
        await answer(channel, database, model, modelVersion=version)
    except CallError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
