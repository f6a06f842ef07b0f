"""What the server lends to its actions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, TypeVar

from bridge.actions.hosted import Hosted
from bridge.actions.provenance import Provenance
from bridge.actions.retraining import Retraining
from bridge.actions.served import Served
from bridge.actions.turns import Turns
from bridge.actions.undisturbed import undisturbed
from bridge.actions.unhurried import Unhurried
from bridge.core.procedure import Procedure
from bridge.jobs.all_jobs import AllJobs
from bridge.jobs.process import Trainers
from bridge.jobs.table import Jobs
from bridge.projection.snapshots import Snapshots
from bridge.registry.live import Live
from bridge.registry.resolved import Resolved
from bridge.registry.store import Store
from bridge.registry.vocabularies import Vocabularies

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """The parts of one server. The composition root makes it; actions take from it what they need."""

    procedures: tuple[Procedure, ...]
    contract: str
    """Hash of the procedure declarations."""
    store: Store
    live: Live[Hosted]
    """Models that are in memory, with the projection they were last asked on."""
    resolved: Resolved
    """Which version is meant, for predictions without a database."""
    served: Live[Served]
    """Models that are in memory with the projection of their training."""
    snapshots: Snapshots
    jobs: Jobs
    all_jobs: AllJobs
    trainers: Trainers
    vocabularies: Vocabularies
    provenance: Provenance
    retraining: Retraining
    scratch: Path
    """Folder for what a job hands to its trainer and back; emptied at start."""
    executor: Executor
    """Bounded; numpy and torch work of the server runs here and never on the event loop."""
    answering: Executor
    """Predictions without a database are computed here, so that they never wait behind the work of a call."""
    scoring: Unhurried
    """All that a call asks for is scored here, less urgently than what answers one question."""
    threads: int
    """The most threads that one computation may use."""
    turns: Turns = field(default_factory=Turns)
    """Who waits for a model waits here, and not in a thread of the executor."""

    def forget(self, database: str, model_name: str, number: int | None = None) -> None:
        """Let go one version of a model that was dropped, or all. `database` is a manifest's `store_key`."""
        self.live.drop(database, model_name, number)
        self.served.drop(database, model_name, number)

    async def compute(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a computation off the event loop. It is not interrupted: hand over one chunk at a time."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, lambda: function(*args, **kwargs))

    async def answer(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a short computation that somebody waits for, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.answering, lambda: function(*args, **kwargs))

    async def finish(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what must not be left half done: who is cancelled meanwhile leaves when it has ended."""
        return await undisturbed(self.compute(function, *args, **kwargs))
