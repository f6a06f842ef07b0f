"""Runs of recipes: one at a time, each with projections of its own, which are dropped however it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from bridge.actions.recipe_jobs import RecipeJobs
from bridge.core.errors import BridgeError, FailedPreconditionError, UnavailableError
from bridge.jobs.background import Background
from bridge.jobs.job import Job
from bridge.jobs.slots import Slots
from bridge.jobs.table import Jobs
from bridge.retrain.account import Account
from bridge.retrain.connection import REFUSED, Connection, connected
from bridge.retrain.ledger import Ledger
from bridge.retrain.recipe import GRAPH, Recipe
from bridge.retrain.recipes import Recipes

MOST_WAITING = 8
"""Runs that wait for the one before them."""

CLEAN_SECONDS = 15.0
"""The longest that cleaning up after a run may take, which its end waits for; what is left is cleaned later."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 15.0
"""From one try to clean up to the next; doubled each time. A server starts before its database does."""

REFUSED_PAUSE_SECONDS = 300.0
"""The same where the database refuses the account: it locks the account of who asks too often by a wrong password."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """One run of a recipe."""

    recipe: Recipe
    parameters: Mapping[str, Any]
    """All that the recipe has, but `graph`."""
    mark: str
    """What the names of its projections begin with; nobody else's do."""


class Retraining:
    """Runs recipes in the database by the server's own account. Lives on one event loop.

    A run holds no trainer slot: the CALLs of its recipe wait for theirs as everyone's do.
    """

    def __init__(self, account: Account, recipes: Recipes, ledger: Ledger, jobs: Jobs) -> None:
        self.account = account
        self.recipes = recipes
        self._ledger = ledger
        self._jobs = jobs
        self._slots = Slots(1, MOST_WAITING)
        self._background = Background()
        self._at_work: set[str] = set()
        self._left = asyncio.Event()
        self._sweeper: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to clean up, in the background, what runs of killed servers left in the database."""
        self._left.set()
        self._sweeper = asyncio.create_task(self._sweep(), name="recipes' projections")

    async def close(self) -> None:
        """End all runs, and take no more. Call it while the server still answers: their statements ask it."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        await self._background.close()

    def check_room(self) -> None:
        """Refuse a run that would find the line full, or a server that stops.

        Raises:
            ResourceExhaustedError: too many wait.
            UnavailableError: the server stops.
        """
        if self._closed:
            raise _stopping()
        self._slots.check_room()

    async def begin(self, job: Job, run: Run) -> None:
        """Promise that the run's job goes on, and let it.

        Raises:
            ResourceExhaustedError: the disk does not take it.
            UnavailableError: the server stops.
        """
        try:
            await self._jobs.accept(job)
            if self._closed:
                raise _stopping()
            self._background.start(job, lambda job: self._work(job, run))
        except BaseException as error:
            job.end_with(error)
            await job.ended()
            raise

    async def _work(self, job: Job, run: Run) -> None:
        seen = RecipeJobs(job, run.mark, self._jobs)
        async with self._slots.turn(job):
            job.run()
            self._at_work.add(run.mark)
            try:
                await self._carry_out(job, run, seen)
            finally:
                self._at_work.discard(run.mark)
            seen.conclude()

    async def _carry_out(self, job: Job, run: Run, seen: RecipeJobs) -> None:
        async with connected(self.account) as connection:
            await _sign_in(run, connection)
            # From here on there may be something to clean up: a run that never got in has made nothing, and must not
            # try again and again by an account that is refused, which the database would lock.
            await asyncio.to_thread(self._ledger.note, run.mark)
            try:
                await _run(job, run, seen, connection)
            except BaseException:
                seen.cancel()
                raise
            finally:
                seen.name_versions()
                await self._clean_up(run.mark)

    async def _clean_up(self, mark: str) -> None:
        """Leave nothing of a run in the database; what can not be reached now is the sweeper's."""
        try:
            await self._clean(mark)
        except (BridgeError, OSError) as error:  # a time-out is an OSError
            _log.warning("the projections of the recipe's run %s will be dropped later: %s", mark, error)
        finally:
            self._at_work.discard(mark)
            self._left.set()

    async def _clean(self, mark: str) -> None:
        async with asyncio.timeout(CLEAN_SECONDS), connected(self.account) as connection:
            await connection.end(mark)
            dropped = await connection.drop(mark)
        await asyncio.to_thread(self._ledger.strike, mark)
        if dropped:
            _log.info("dropped the recipe's projections %s", ", ".join(dropped))

    async def _sweep(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            await self._left.wait()
            self._left.clear()
            try:
                if await self._sweep_once():
                    pause = FIRST_PAUSE_SECONDS
                    continue
            except FailedPreconditionError as error:
                _log.warning("projections of recipes' runs are still to be dropped: %s", error.message)
                with suppress(TimeoutError):
                    async with asyncio.timeout(REFUSED_PAUSE_SECONDS):
                        await self._left.wait()  # a run that ends has been let in
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            self._left.set()

    async def _sweep_once(self) -> bool:
        """Clean up after all runs that have ended; say whether nothing is left of any. One does not stop the others.

        Raises:
            FailedPreconditionError: the database refuses the account, whichever run it is.
        """
        try:
            marks = await asyncio.to_thread(self._ledger.marks)
        except OSError as error:
            _log.warning("the recipes' runs whose projections are to be dropped cannot be read: %s", error)
            return False
        left = []
        for mark in marks:
            if mark not in self._at_work:
                try:
                    await self._clean(mark)
                except (BridgeError, OSError) as error:  # a time-out is an OSError
                    if isinstance(error, FailedPreconditionError) and error.reason == REFUSED:
                        raise
                    left.append(mark)
                except Exception:  # nobody foresaw it, and nobody else sweeps
                    _log.exception("the projections of the recipe's run %s could not be dropped", mark)
                    left.append(mark)
        return not left


def _stopping() -> UnavailableError:
    return UnavailableError("The server is being stopped. Ask the next one.", reason="SERVER_STOPPED")


async def _sign_in(run: Run, connection: Connection) -> None:
    try:
        await connection.sign_in()
    except FailedPreconditionError as error:
        raise FailedPreconditionError(
            f"The recipe `{run.recipe.name}` stopped before its first statement: {error.message}",
            reason=error.reason,
            recipe=run.recipe.name,
        ) from error


async def _run(job: Job, run: Run, seen: RecipeJobs, connection: Connection) -> None:
    statements = run.recipe.statements
    parameters = {**run.parameters, GRAPH: run.mark}
    for place, statement in enumerate(statements):  # all of them first: a fault of the last costs no training
        with _named(run.recipe, place, "was not begun, since it would stop"):
            await connection.look_through(statement.text, parameters)
    for place, statement in enumerate(statements):
        job.report(place, 0.0)
        with _named(run.recipe, place, "stopped"):
            async with seen.followed(place):
                await connection.run(statement.text, parameters, run.mark)


@contextmanager
def _named(recipe: Recipe, place: int, stopped: str) -> Iterator[None]:
    """Say of what goes wrong in this block at which statement the recipe `stopped`."""
    statement, count = recipe.statements[place], len(recipe.statements)
    try:
        yield
    except FailedPreconditionError as error:
        raise FailedPreconditionError(
            f"The recipe `{recipe.name}` {stopped} at statement {place + 1} of {count} ({statement.label}): "
            f"{error.message}",
            reason=error.reason,
            recipe=recipe.name,
            statement=str(place + 1),
        ) from error
