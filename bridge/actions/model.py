"""The catalog of hosted models: list, exists, drop."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bridge.actions.gnn_manifest import model_info
from bridge.actions.rows import send_row, send_rows
from bridge.core.call import Call
from bridge.core.config import Config, ModelName
from bridge.core.errors import NotFoundError
from bridge.core.procedure import Procedure, Row

if TYPE_CHECKING:
    from bridge.actions.services import Services
    from bridge.registry.store import ModelEntry, Store


class ModelRow(Row):
    """One hosted model, by its newest version."""

    model_name: str
    """Its name."""
    model_version: int
    """The version that answers."""
    model_type: str
    """Its architecture."""
    model_info: dict[str, Any]
    """What it is and how good: objective, metrics, baselines, fingerprint, warnings."""
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
    """The hosted models of this database."""

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
    """Its newest version; null when there is none."""
    model_type: str
    """Its architecture; `n/a` when there is none."""
    exists: bool
    """Whether it is there."""


class ModelDropConfig(Config):
    """Drop a model with all its versions. Only its owner may."""

    model_name: ModelName
    """The model to drop."""
    fail_if_missing: bool = True
    """Fail when there is none of that name."""


async def list_models(request: ModelListConfig, call: Call, services: Services) -> None:
    """Answer with a row a model; a model whose newest version cannot be read is listed with the reason."""
    entries = await services.compute(_entries, services.store, call.caller.database_key, request.model_name)
    await send_rows(call, ModelRow, [_row(entry, services) for entry in entries])


def _entries(store: Store, database: str, model_name: str) -> list[ModelEntry]:
    if model_name:
        store.versions(database, model_name)  # raises, naming the similar ones
    return [each for each in store.models(database) if model_name in ("", each.model_name)]


async def exists(request: ModelExistsConfig, call: Call, services: Services) -> None:
    """Answer whether there is a model of that name."""
    try:
        version = await services.compute(services.store.newest, call.caller.database_key, request.model_name)
    except NotFoundError:
        row = ModelExistsRow(model_name=request.model_name, model_version=None, model_type="n/a", exists=False)
    else:
        row = ModelExistsRow(
            model_name=request.model_name,
            model_version=version.number,
            model_type=version.manifest.model_type,
            exists=True,
        )
    await send_row(call, row)


async def drop(request: ModelDropConfig, call: Call, services: Services) -> None:
    """Drop a model and answer with what it was."""
    caller = call.caller
    try:
        entry = await services.compute(services.store.drop, caller.database_key, request.model_name, caller.user)
    except NotFoundError:
        if request.fail_if_missing:
            raise
        await send_rows(call, ModelRow, [])
        return
    services.live.drop(caller.database_key, request.model_name)
    row = _row(entry, services)
    await send_row(call, row.model_copy(update={"loaded": False, "stored": False, "published": False}))


def _row(entry: ModelEntry, services: Services) -> ModelRow:
    if entry.newest is None:
        return ModelRow(
            model_name=entry.model_name,
            model_version=entry.versions[-1],
            model_type="n/a",
            model_info={"error": entry.error},
            creation_time=None,
            train_config={},
            graph_schema={},
            loaded=False,
            stored=True,
            published=True,
        )
    manifest = entry.newest.manifest
    return ModelRow(
        model_name=entry.model_name,
        model_version=manifest.version,
        model_type=manifest.model_type,
        model_info=model_info(manifest),
        creation_time=datetime.fromtimestamp(manifest.created_millis / 1000, UTC),
        train_config=manifest.configuration,
        graph_schema={
            "nodeCounts": manifest.graph.node_counts,
            "relationshipCounts": manifest.graph.relationship_counts,
            "nodeKeys": manifest.node_keys,
            "features": [f"{each.label}.{each.property}" for each in manifest.features],
        },
        loaded=entry.newest.key in set(services.live.keys()),
        stored=True,
        published=True,
    )


MODEL_LIST = Procedure("bridge.model.list", ModelListConfig, {"": ModelRow}, list_models, positional=True)
MODEL_EXISTS = Procedure("bridge.model.exists", ModelExistsConfig, {"": ModelExistsRow}, exists, positional=True)
MODEL_DROP = Procedure("bridge.model.drop", ModelDropConfig, {"": ModelRow}, drop, positional=True)
