"""A training in two parts: what needs the call, and the work that can go on without it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.actions.base_config import GraphConfig
from bridge.actions.jobs import running_job
from bridge.actions.reading import Selection, snapshot_of
from bridge.actions.rows import send_row
from bridge.core.call import Call
from bridge.core.graph import Graph
from bridge.core.procedure import Row
from bridge.jobs.job import Job
from bridge.projection.snapshots import Snapshot

if TYPE_CHECKING:
    from bridge.actions.services import Services


@dataclass(frozen=True)
class Prepared:
    """A training that has been checked, its columns not yet read."""

    graph: Graph
    selection: Selection
    """The columns to read."""
    check: Callable[[Snapshot], Awaitable[None]]
    """Looks at the columns while the call is there, and raises what does not fit, all faults at once."""
    work: Callable[[Job, Snapshot], Awaitable[Row]]
    """Trains on the snapshot, publishes, and returns the row of the plain call. Must not ask the call anything: its
    client may have left."""


@dataclass(frozen=True)
class Training:
    """A procedure `*.train` that can run in a call, or be submitted."""

    name: str
    """The procedure's, without `bridge.` and `.train`."""
    config: type[GraphConfig]
    steps: tuple[str, ...]
    """The job's; the first is the reading of the projection."""
    prepare: Callable[[Any, Call, Services], Awaitable[Prepared]]
    """Describes the projection and checks a request, an instance of `config`, against it: everything that can be known
    before the columns are read."""

    async def run(self, request: GraphConfig, call: Call, services: Services) -> None:
        """Prepare, read, train and answer in one call."""
        prepared = await self.prepare(request, call, services)
        async with (
            running_job(self.name, request, self.steps, call, services, on_disk=True) as job,
            snapshot_of(call, prepared.graph, prepared.selection, services) as (snapshot, _),
        ):
            await prepared.check(snapshot)
            row = await prepared.work(job, snapshot)
        await send_row(call, row)


@asynccontextmanager
async def staged(services: Services) -> AsyncIterator[Path]:
    """Lend a folder for the files of a version to come, and clear it away if none comes of it."""
    folder = await services.finish(services.store.stage)
    try:
        yield folder
    finally:
        await services.finish(services.store.discard, folder)


async def anything(snapshot: Snapshot) -> None:
    """Take the columns as they are: the `check` of a training whose faults show in the description."""


def seed_of(given: int | None) -> int:
    """Return the seed that was given, or a new one, which is then recorded."""
    return secrets.randbelow(2**31) if given is None else given
