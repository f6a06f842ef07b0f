"""Recipes for operators: list them, run them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bridge.actions.retraining import Run
from bridge.actions.undisturbed import undisturbed
from bridge.core.errors import InvalidArgumentError
from bridge.jobs.job import Job
from bridge.jobs.requests import check_same
from bridge.jobs.status import JobRecord
from bridge.jobs.table import NewJob
from bridge.retrain.ledger import new_mark
from bridge.retrain.recipe import Recipe

if TYPE_CHECKING:
    from bridge.actions.services import Services

MOST_REQUEST_CHARACTERS = 200


async def recipes(services: Services) -> Sequence[Recipe]:
    """Return all recipes in the order of their names.

    Raises:
        FailedPreconditionError: the server has no folder of recipes.
    """
    return await asyncio.to_thread(services.retraining.recipes.all)


async def retrain(recipe: str, parameters: Mapping[str, Any], request_id: str, services: Services) -> JobRecord:
    """Run a recipe in the background; return its job. A repeated request id returns the job that it has.

    Raises:
        InvalidArgumentError: the recipe's name, a parameter or the request id is wrong.
        NotFoundError: there is no such recipe.
        FailedPreconditionError: the recipe has faults, or the server was not told how to reach the database.
        AlreadyExistsError: the request id was another request's.
        ResourceExhaustedError: too many runs wait, or the disk does not take the job.
        UnavailableError: the server stops.
    """
    _check(request_id)
    retraining, asked = services.retraining, {"recipe": recipe, "parameters": parameters}
    # First: what the recipe was when it was asked for, its file may not be any more.
    job = await services.jobs.of_request(retraining.account.user, _own(request_id))
    if job is None:
        retraining.account.check()
        found = await asyncio.to_thread(retraining.recipes.get, recipe)
        run = Run(found, found.bound(parameters), new_mark(found.name))
        retraining.check_room()  # a job that can not wait would keep its request id, and nobody could try again
        job = await undisturbed(_enter(run, request_id, asked, services))
    record = job.record if isinstance(job, Job) else job
    check_same(record, asked, f"request id `{request_id}`")
    return record


async def _enter(run: Run, request_id: str, asked: Mapping[str, Any], services: Services) -> Job | JobRecord:
    account = services.retraining.account
    new = NewJob(
        f"retrain.{run.recipe.name}",
        account.user,
        account.database,
        {"recipe": run.recipe.name, "parameters": dict(run.parameters)},
        run.recipe.steps,
        request_id=_own(request_id),
        asked=asked,
    )
    job, entered = await services.jobs.create_once(new)
    if isinstance(job, Job) and entered:
        await services.retraining.begin(job, run)
    return job


def _own(request_id: str) -> str:
    """Return what the table knows the request by: the same user's `bridge.job.submit` has ids of its own."""
    return f"retrain {request_id}"


def _check(request_id: str) -> None:
    if not request_id.strip() or len(request_id) > MOST_REQUEST_CHARACTERS:
        came = f"had {len(request_id)} characters" if request_id.strip() else "was empty"
        raise InvalidArgumentError(
            f"`request_id` {came}, but it must have 1 to {MOST_REQUEST_CHARACTERS}: by it, a request that is sent "
            "again is known as the same. Give each run one of its own, such as a date or a random UUID.",
            reason="INVALID_ARGUMENT",
        )
