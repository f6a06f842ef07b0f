"""Models as operators see and change them: of every database, whoever owns them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.actions.model import look_up, throw_away
from bridge.actions.model_versions import Examined, examine
from bridge.core.errors import BridgeError, InvalidArgumentError
from bridge.registry.aliases import CHAMPION
from bridge.registry.catalog import ModelEntry

if TYPE_CHECKING:
    from bridge.actions.services import Services
    from bridge.registry.store import Store

Named = tuple[str, str]
"""A database's name, which may be empty where one alone has models, and a model's."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OperatedModel:
    """A model with all that tells it from others."""

    database: str
    """Its database's name."""
    owner: str
    """The user who trained it; empty when authentication was off, and when no version can tell."""
    entry: ModelEntry


async def list_models(database: str, after: Named | None, limit: int, services: Services) -> list[OperatedModel]:
    """Return models in the order of database and name, those behind `after`; of one database unless it is empty.

    Raises:
        DamagedError: a database's folder cannot be read.
        NotFoundError: no such database has models.
    """
    store, found = services.store, []
    for name, key, model in await services.compute(_names, store, database, after):
        entry = await services.compute(store.listed, key, model)
        if entry is not None:
            found.append(await services.compute(_operated, store, name, key, entry))
        if len(found) == limit:
            break
    return found


async def get_model(name: Named, wanted: int | str | None, services: Services) -> tuple[OperatedModel, Examined]:
    """Return a model with one of its versions: the one that answers, unless another is wanted.

    Raises:
        DamagedError, FailedPreconditionError: the version that is wanted cannot be read.
        NotFoundError: there is no such database, model, version or alias.
    """
    database, key = await _database(name, services)
    entry, number, version = await look_up(key, name[1], wanted, services)
    model = await services.compute(_operated, services.store, database, key, entry)
    return model, Examined(number, version, entry.error if version is None else "")


async def list_versions(
    name: Named, before: int | None, limit: int, services: Services
) -> tuple[ModelEntry, list[Examined]]:
    """Return a model and its versions, the newest first, the damaged ones too: those below `before` when it is given.

    Raises:
        NotFoundError: there is no such database or model.
    """
    store = services.store
    _, key = await _database(name, services)
    entry = await services.compute(store.model, key, name[1])
    found: list[Examined] = []
    for number in reversed(entry.versions):
        if before is None or number < before:
            examined = await services.compute(examine, store, key, name[1], number)
            found += [examined] if examined is not None else []
        if len(found) == limit:
            break
    return entry, found


async def promote(name: Named, wanted: int | str | None, alias: str, services: Services) -> tuple[int, int | None]:
    """Put an alias on a version, `champion` when it is empty.

    Returns:
        the version that bears the alias now, and the one that bore it before.

    Raises:
        BridgeError: as `Store.promote`; or no version is named.
    """
    if wanted is None:
        raise InvalidArgumentError(
            "`model_version` was empty, but must be a number or an alias. ListVersions shows both.",
            reason="INVALID_NAME",
        )
    database, key = await _database(name, services)
    alias = alias or CHAMPION
    number, before = await services.finish(services.store.promote, key, name[1], wanted, None, alias)
    model = name[1]
    _log.info("an operator put `%s` of model %s in %s on version %d, was %s", alias, model, database, number, before)
    return number, before


async def rollback(name: Named, services: Services) -> tuple[int, int]:
    """Let the champion before this one answer again; return the version that answers, and the one that did.

    Raises:
        BridgeError: as `Store.rollback`.
    """
    database, key = await _database(name, services)
    number, before = await services.finish(services.store.rollback, key, name[1], None)
    _log.info("an operator rolled model %s in %s back to version %d from %d", name[1], database, number, before)
    return number, before


async def delete_alias(name: Named, alias: str, services: Services) -> int:
    """Take an alias away; return the version that bore it.

    Raises:
        BridgeError: as `Store.remove_alias`.
    """
    database, key = await _database(name, services)
    number = await services.finish(services.store.remove_alias, key, name[1], alias, None)
    _log.info("an operator took `%s` of model %s in %s from version %d", alias, name[1], database, number)
    return number


async def delete(name: Named, wanted: int | str | None, services: Services) -> OperatedModel:
    """Throw a model away, or one version when it is wanted; return the model as it was.

    Raises:
        BridgeError: as `Store.drop`.
    """
    database, key = await _database(name, services)
    owner = await services.compute(_owner, services.store, key, name[1])
    entry, number, _ = await throw_away(key, name[1], wanted, None, services)
    what = "all versions" if wanted is None else f"version {number}"
    _log.info("an operator dropped %s of model %s in %s", what, name[1], database)
    return OperatedModel(database, owner, entry)


async def _database(name: Named, services: Services) -> tuple[str, str]:
    return await services.compute(_name_with_key, services.store, name[0])


def _name_with_key(store: Store, database: str) -> tuple[str, str]:
    """Return a database's name as a list shows it, and what its models are filed under."""
    key = store.database_key(database)
    return next(name for name, each in store.databases().items() if each == key), key


def _names(store: Store, database: str, after: Named | None) -> list[tuple[str, str, str]]:
    """Return the database, what it is filed under, and the name of each model behind a place, in order."""
    keys = dict([_name_with_key(store, database)]) if database else store.databases()
    return [
        (name, key, model)
        for name, key in sorted(keys.items())
        for model in store.model_names(key)
        if after is None or (name, model) > after
    ]


def _operated(store: Store, database: str, key: str, entry: ModelEntry) -> OperatedModel:
    return OperatedModel(database, _owner(store, key, entry.model_name), entry)


def _owner(store: Store, key: str, model_name: str) -> str:
    try:
        return store.owner(key, model_name)
    except BridgeError:  # the entry tells what is wrong
        return ""
