"""Recipes for operators: list them, run them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bridge.actions.retraining import Run
from bridge.actions.undisturbed import undisturbed
from bridge.core.errors import AlreadyExistsError, InvalidArgumentError
from bridge.jobs.job import Job
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
    """
    _check(request_id)
    retraining = services.retraining
    retraining.account.check()
    found = await asyncio.to_thread(retraining.recipes.get, recipe)
    run = Run(found, found.bound(parameters), new_mark(found.name))
    job, entered = await undisturbed(_enter(run, request_id, services))
    record = job.record if isinstance(job, Job) else job
    if not entered:
        _check_same(record, recipe, parameters, request_id)
    return record


async def _enter(run: Run, request_id: str, services: Services) -> tuple[Job | JobRecord, bool]:
    account = services.retraining.account
    new = NewJob(
        f"retrain.{run.recipe.name}",
        account.user,
        account.database,
        {"recipe": run.recipe.name, "parameters": dict(run.parameters)},
        run.recipe.steps,
        request_id=f"retrain {request_id}",  # the same user's `bridge.job.submit` has ids of its own
    )
    job, entered = await services.jobs.create_once(new)
    if isinstance(job, Job) and entered:
        await services.retraining.begin(job, run)
    return job, entered


def _check(request_id: str) -> None:
    if not request_id.strip() or len(request_id) > MOST_REQUEST_CHARACTERS:
        came = f"had {len(request_id)} characters" if request_id.strip() else "was empty"
        raise InvalidArgumentError(
            f"`request_id` {came}, but it must have 1 to {MOST_REQUEST_CHARACTERS}: by it, a request that is sent "
            "again is known as the same. Give each run one of its own, such as a date or a random UUID.",
            reason="INVALID_ARGUMENT",
        )


def _check_same(record: JobRecord, recipe: str, parameters: Mapping[str, Any], request_id: str) -> None:
    """Refuse a request id that asked for something else before.

    Raises:
        AlreadyExistsError: it did.
    """
    before: Any = record.configuration
    if before["recipe"] == recipe:
        # Their names alone: a value may be a secret.
        kept = before["parameters"]
        others = [name for name, value in parameters.items() if _text(kept.get(name)) != _text(value)]
        if not others:
            return
        what = f"with other values of {', '.join(f'`{name}`' for name in others)}"
    else:
        what = f"for the recipe `{before['recipe']}`"
    raise AlreadyExistsError(
        f"The request id `{request_id}` was used before, {what}. Give this request an id of its own.",
        reason="REQUEST_ID_TAKEN",
        jobId=record.id,
    )


def _text(value: object) -> str:
    return json.dumps(value, default=str, sort_keys=True)
