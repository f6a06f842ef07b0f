"""The catalog of hosted models: list, exists, info, drop."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bridge.actions.base_config import VersionName
from bridge.actions.gnn_manifest import model_info
from bridge.actions.rows import send_row, send_rows
from bridge.core.call import Call
from bridge.core.config import Config, ModelName
from bridge.core.errors import BridgeError, NotFoundError
from bridge.core.procedure import Procedure, Row

if TYPE_CHECKING:
    from bridge.actions.services import Services
    from bridge.registry.catalog import ModelEntry
    from bridge.registry.store import Store
    from bridge.registry.version import Version


class ModelRow(Row):
    """One hosted model, by one of its versions: the one that answers, unless another is asked for."""

    model_name: str
    """Its name."""
    model_version: int
    """The version."""
    model_type: str
    """Its architecture; `n/a` when it cannot be read."""
    model_info: dict[str, Any]
    """What it is and how good: objective, metrics, baselines, gate, fingerprint, warnings, aliases; and `error`, when
    a version that should answer is damaged."""
    creation_time: datetime | None
    """When the version was trained."""
    train_config: dict[str, Any]
    """The configuration that it was trained with."""
    graph_schema: dict[str, Any]
    """Labels, relationship types and features that it reads, and the node keys."""
    loaded: bool
    """It is in the server's memory."""
    stored: bool
    """It is on disk, and back after a restart."""
    published: bool
    """Others who can call in this database may use it: always."""


class ModelListConfig(Config):
    """The hosted models of this database, each by the version that answers."""

    model_name: str = ""
    """Only this model; all when empty."""


class ModelExistsConfig(Config):
    """Whether a model of that name is hosted for this database."""

    model_name: ModelName
    """The name to look for."""


class ModelExistsRow(Row):
    """Whether it is there."""

    model_name: str
    """The name that was looked for."""
    model_version: int | None
    """The version that answers; null when there is no such model."""
    model_type: str
    """Its architecture; `n/a` when there is none, or when it cannot be read."""
    exists: bool
    """Whether it is there."""


class ModelInfoConfig(Config):
    """One version of a hosted model."""

    model_name: ModelName
    """The model."""
    model_version: VersionName | None = None
    """The version, by its number or an alias; the one that answers when null."""


class ModelDropConfig(Config):
    """Drop a model with all its versions and aliases, or one version that has no alias. Only the owner may."""

    model_name: ModelName
    """The model to drop."""
    fail_if_missing: bool = True
    """Fail when there is no such model or version."""
    model_version: VersionName | None = None
    """The version to drop, by its number; the whole model when null."""


async def list_models(request: ModelListConfig, call: Call, services: Services) -> None:
    """Answer with a row a model; a model of which no version can answer is listed with the reason."""
    entries = await services.compute(_entries, services.store, call.caller.database_key, request.model_name)
    await send_rows(call, ModelRow, [_row(entry, entry.number, entry.answering, services) for entry in entries])


def _entries(store: Store, database: str, model_name: str) -> list[ModelEntry]:
    return [store.model(database, model_name)] if model_name else store.models(database)


async def exists(request: ModelExistsConfig, call: Call, services: Services) -> None:
    """Answer whether there is a model of that name."""
    try:
        entry = await services.compute(services.store.model, call.caller.database_key, request.model_name)
    except NotFoundError:
        row = ModelExistsRow(model_name=request.model_name, model_version=None, model_type="n/a", exists=False)
    else:
        row = ModelExistsRow(
            model_name=request.model_name,
            model_version=entry.number,
            model_type=entry.answering.manifest.model_type if entry.answering else "n/a",
            exists=True,
        )
    await send_row(call, row)


async def info(request: ModelInfoConfig, call: Call, services: Services) -> None:
    """Answer with one version; one that is asked for and damaged is an error."""
    database, name = call.caller.database_key, request.model_name
    entry, number, version = await look_up(database, name, request.model_version, services)
    await send_row(call, _row(entry, number, version, services))


async def look_up(
    database: str, model_name: str, wanted: int | str | None, services: Services
) -> tuple[ModelEntry, int, Version | None]:
    """Return a model with one of its versions: the one that answers, unless another is wanted. None when none can.

    Raises:
        DamagedError, FailedPreconditionError: the one that is wanted cannot be read.
        NotFoundError: there is no such model, version or alias.
    """
    store = services.store
    entry = await services.compute(store.model, database, model_name)
    if wanted is None:
        return entry, entry.number, entry.answering
    version = await services.compute(store.resolve, database, model_name, wanted)
    await services.compute(store.check_sound, version)
    return entry, version.number, version


async def drop(request: ModelDropConfig, call: Call, services: Services) -> None:
    """Drop a model or a version, and answer with what it was."""
    database, name = call.caller.database_key, request.model_name
    try:
        entry, number, version = await throw_away(database, name, request.model_version, call.caller.user, services)
    except NotFoundError:
        if request.fail_if_missing:
            raise
        await send_rows(call, ModelRow, [])
        return
    row = _row(entry, number, version, services)
    await send_row(call, row.model_copy(update={"loaded": False, "stored": False, "published": False}))


async def throw_away(
    database: str, model_name: str, wanted: int | str | None, user: str | None, services: Services
) -> tuple[ModelEntry, int, Version | None]:
    """Drop a model, or one version when it is wanted, from disk and memory; return what it was.

    Raises:
        BridgeError: as `Store.drop`.
    """
    dropped = await services.finish(_drop, services.store, database, model_name, wanted, user)
    services.forget(database, model_name, None if wanted is None else dropped[1])
    return dropped


def _drop(
    store: Store, database: str, name: str, wanted: int | str | None, user: str | None
) -> tuple[ModelEntry, int, Version | None]:
    if wanted is None:
        entry = store.drop(database, name, user)
        return entry, entry.number, entry.answering
    number = store.number(database, name, wanted)
    try:
        version = store.version(database, name, number)
    except NotFoundError:
        raise
    except BridgeError:  # what cannot be read can be dropped
        version = None
    return store.drop(database, name, user, number), number, version


def info_of(entry: ModelEntry, number: int, version: Version | None) -> dict[str, Any]:
    """Return what `modelInfo` shows of a version; None for one that cannot be read."""
    shown: dict[str, Any] = {"aliases": entry.aliases_of(number)} | ({"error": entry.error} if entry.error else {})
    if version is None:
        return shown
    manifest = version.manifest
    return model_info(manifest) | {"parentVersion": manifest.parent_version, "gate": manifest.gate} | shown


def _row(entry: ModelEntry, number: int, version: Version | None, services: Services) -> ModelRow:
    if version is None:
        return ModelRow(
            model_name=entry.model_name,
            model_version=number,
            model_type="n/a",
            model_info=info_of(entry, number, None),
            creation_time=None,
            train_config={},
            graph_schema={},
            loaded=False,
            stored=True,
            published=True,
        )
    manifest = version.manifest
    return ModelRow(
        model_name=entry.model_name,
        model_version=number,
        model_type=manifest.model_type,
        model_info=info_of(entry, number, version),
        creation_time=datetime.fromtimestamp(manifest.created_millis / 1000, UTC),
        train_config=manifest.configuration,
        graph_schema={
            "nodeCounts": manifest.graph.node_counts,
            "relationshipCounts": manifest.graph.relationship_counts,
            "nodeKeys": manifest.node_keys,
            "features": [f"{each.label}.{each.property}" for each in manifest.features],
        },
        loaded=version.key in set(services.live.keys()),
        stored=True,
        published=True,
    )


MODEL_LIST = Procedure("bridge.model.list", ModelListConfig, {"": ModelRow}, list_models, positional=True)
MODEL_EXISTS = Procedure("bridge.model.exists", ModelExistsConfig, {"": ModelExistsRow}, exists, positional=True)
MODEL_INFO = Procedure("bridge.model.info", ModelInfoConfig, {"": ModelRow}, info, positional=True)
MODEL_DROP = Procedure("bridge.model.drop", ModelDropConfig, {"": ModelRow}, drop, positional=True)
