"""What a kill has left behind: versions, aliases, answers, jobs, staged files."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from benchmarks.figure import say
from benchmarks.server_process import Cradle, ServerProcess
from benchmarks.trainings import Answer, answer
from bridge.core.errors import BridgeError
from bridge.jobs.status import FINISHED, JobState
from bridge.registry.aliases import CHAMPION, PREVIOUS, read_aliases
from bridge.registry.version import open_version
from tests.database import CallError, Database, people_and_films

DATABASE = "id-of-neo4j"

END_SECONDS = 60.0
"""Within which a job ends whose trainer is killed, and a process whose server is."""

FAULTS = (
    "versions that are not whole", "wrong aliases", "wrong answers", "jobs without an end",
    "jobs that say what is not so", "processes that outlived their server", "files left in staging",
)  # fmt: skip
"""What no kill may leave."""


@dataclass
class World:
    """A data folder and the server on it."""

    cradle: Cradle
    root: Path
    generator: random.Random
    database: Database = field(default_factory=people_and_films)
    faults: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in FAULTS})
    seconds: list[float] = field(default_factory=list)
    """From the wish for a server to the old version's answer."""
    hit: Counter[str] = field(default_factory=Counter)
    """Kills by what they interrupted."""
    known: dict[tuple[str, int], Answer] = field(default_factory=dict)
    """By model and version, its answer."""
    server: ServerProcess | None = None

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def running(self) -> ServerProcess:
        assert self.server is not None, "the server was started"
        return self.server

    def start(self) -> None:
        """Start a server on the data folder."""
        self.server = self.cradle.start(self.data, self.root / "server.log", trainer_niceness=0, log_level="WARNING")

    def fault(self, name: str, text: str) -> None:
        """Note what should not be."""
        say(f"  {name}: {text}")
        self.faults[name].append(text)

    def model(self, name: str) -> Path:
        """Return the folder of a model."""
        return self.data / "models" / DATABASE / name

    def versions(self, name: str) -> list[int]:
        """Return the versions of a model that have a folder."""
        return sorted(int(each.name) for each in (self.model(name) / "versions").iterdir())

    def aliases(self, name: str) -> dict[str, int]:
        """Return the aliases of a model."""
        found = read_aliases(self.model(name))
        return {} if found is None else dict(found.versions)

    def staged(self) -> list[str]:
        """Return the names of all files in staging."""
        return [name for _, _, names in os.walk(self.data / "staging") for name in names if not name.endswith(".lock")]


Before = tuple[dict[str, int], list[int]]
"""Aliases and versions of the model before the kill."""


def phase(world: World, before: Before, model: str, number: int) -> str:
    """Say what a server's death interrupted, as its disk tells."""
    state, step = _last_state(world, number)
    if state in FINISHED:
        return "the job had ended"
    if world.aliases(model) != before[0]:
        return "version promoted, job not ended"
    if world.versions(model) != before[1]:
        return "version stored, not promoted"
    if "manifest.json" in world.staged():
        return "version sealed"
    return f"{state}: {step}" if world.staged() or not state else f"{state}: {step}, nothing staged"


def _last_state(world: World, number: int) -> tuple[str, str]:
    """Read how the job stood in a copy of the table: who opens the table itself changes it."""
    with tempfile.TemporaryDirectory() as folder:
        for path in world.data.glob("jobs.sqlite*"):
            shutil.copy(path, folder)
        connection = sqlite3.connect(Path(folder) / "jobs.sqlite")
        try:
            query = "SELECT state, json_extract(steps, '$[' || step_index || ']') FROM jobs WHERE id = ?"
            row = connection.execute(query, (f"kill-{number}",)).fetchone()
        finally:
            connection.close()
    return row or ("", "before the job")


async def job_row(world: World, channel: grpc.aio.Channel, number: int) -> dict[str, object] | None:
    """Return the job of a kill; None when it was killed before it was entered."""
    try:
        (row,) = await world.database.call(channel, "bridge.job.list", jobId=f"kill-{number}")
    except CallError as error:
        if error.reason != "JOB_NOT_FOUND":
            raise
        return None
    return row


async def look_at_job(world: World, channel: grpc.aio.Channel, model: str, number: int, before: Before) -> None:
    """See that the job has ended, and that it says what is so."""
    end = time.monotonic() + END_SECONDS
    while (row := await job_row(world, channel, number)) and row["status"] not in FINISHED and time.monotonic() < end:
        await asyncio.sleep(0.02)
    if row is None:
        return
    if row["status"] not in FINISHED:
        world.fault("jobs without an end", f"kill {number}: {row['status']}")
    champion = world.aliases(model)[CHAMPION]
    new = champion if champion != before[0][CHAMPION] else None
    says = row["modelVersion"] if row["status"] == JobState.SUCCEEDED else None
    if says != new or (row["status"] == JobState.FAILED and not row["detail"]):
        world.fault("jobs that say what is not so", f"kill {number}: {row}, the new champion is {new}")


async def look_at_answer(world: World, channel: grpc.aio.Channel, model: str, before: Before) -> None:
    """See that the champion answers, and as it always has."""
    champion = world.aliases(model)[CHAMPION]
    try:
        found = await answer(channel, world.database, model)
    except (CallError, AssertionError) as error:
        world.fault("wrong answers", f"{model}: {error}")
        return
    if found[0] != champion or found != world.known.setdefault((model, champion), found):
        world.fault("wrong answers", f"{model}: version {found[0]}, the champion is {champion}")


def look_at_store(world: World, model: str, before: Before) -> None:
    """See that there is one new version at most, and that the aliases name it or what they named before."""
    aliases, versions = before
    now, new = world.aliases(model), [each for each in world.versions(model) if each not in versions]
    allowed = [aliases, *({**aliases, CHAMPION: each, PREVIOUS: aliases[CHAMPION]} for each in new)]
    if len(new) > 1 or now not in allowed:
        world.fault("wrong aliases", f"{model}: {aliases} became {now}, new versions are {new}")
    look_at_versions(world, model, new)


def look_at_versions(world: World, model: str, numbers: list[int]) -> None:
    """See that every file of these versions is what was written."""
    for number in numbers:
        try:
            open_version(world.model(model) / "versions" / str(number)).verify()
        except BridgeError as error:
            world.fault("versions that are not whole", error.message)
