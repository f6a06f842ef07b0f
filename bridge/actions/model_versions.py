"""The versions of a hosted model: list them, choose which one answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bridge.actions.base_config import VersionName
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


class ModelVersionsConfig(Config):
    """The versions of a hosted model, every file of them verified."""

    model_name: ModelName
    """The model."""


class ModelVersionRow(Row):
    """One version."""

    model_name: str
    """The model's name."""
    model_version: int
    """The version's number."""
    aliases: list[str]
    """Its aliases: `champion` answers by default."""
    creation_time: datetime | None
    """When it was trained; null when it cannot be read."""
    metrics: dict[str, Any]
    """How good it is, by part of the split."""
    gate: dict[str, Any]
    """Result of the quality gate; empty when it passed none."""
    parent_version: int | None
    """The champion when it was published; null for the first version."""
    bytes: int
    """Size of its files in bytes."""
    stored: bool
    """It is on disk as it was written, and can answer."""
    error: str
    """Why it cannot answer; empty when it can."""


class ModelPromoteConfig(Config):
    """Put an alias on a version of a hosted model: as `champion` it answers by default. Only the owner may."""

    model_name: ModelName
    """The model."""
    model_version: VersionName
    """The version, by its number or another alias."""
    alias: ModelName = "champion"
    """The alias: `champion`, or a name of your own. The champion that was becomes `previous`."""


class ModelRollbackConfig(Config):
    """Exchange the `champion` and the `previous` version of a hosted model. Only the owner may."""

    model_name: ModelName
    """The model."""


class ModelAliasRow(Row):
    """An alias that moved."""

    model_name: str
    """The model's name."""
    model_version: int
    """The version that bears the alias now."""
    alias: str
    """The alias."""
    version_before: int | None
    """The version that bore it before; null when none did."""


async def versions(request: ModelVersionsConfig, call: Call, services: Services) -> None:
    """Answer with a row a version, one that is damaged included."""
    store, database = services.store, call.caller.database_key
    entry = await services.compute(store.model, database, request.model_name)
    found = [await services.compute(examine, store, database, entry.model_name, number) for number in entry.versions]
    await send_rows(call, ModelVersionRow, [_row(entry, each) for each in found if each is not None])


@dataclass(frozen=True)
class Examined:
    """A version whose files were all verified."""

    number: int
    version: Version | None
    """None when its manifest cannot be read."""
    error: str = ""
    """Why it cannot answer; empty when it can."""


def examine(store: Store, database: str, model_name: str, number: int) -> Examined | None:
    """Read and verify a version; None when it was dropped a moment ago."""
    version = None
    try:
        version = store.version(database, model_name, number)
        store.check_sound(version)
    except NotFoundError:
        return None
    except BridgeError as failure:
        return Examined(number, version, failure.message)
    return Examined(number, version)


def _row(entry: ModelEntry, found: Examined) -> ModelVersionRow:
    facts: dict[str, Any] = {"creation_time": None, "metrics": {}, "gate": {}, "parent_version": None, "bytes": 0}
    if found.version is not None:
        manifest = found.version.manifest
        facts = {
            "creation_time": datetime.fromtimestamp(manifest.created_millis / 1000, UTC),
            "metrics": manifest.metrics,
            "gate": manifest.gate,
            "parent_version": manifest.parent_version,
            "bytes": found.version.size_bytes,
        }
    return ModelVersionRow(
        model_name=entry.model_name,
        model_version=found.number,
        aliases=entry.aliases_of(found.number),
        stored=not found.error,
        error=found.error,
        **facts,
    )


async def promote(request: ModelPromoteConfig, call: Call, services: Services) -> None:
    """Move an alias; calls that run go on with the version that they began with."""
    caller = call.caller
    number, before = await services.finish(
        services.store.promote, caller.database_key, request.model_name, request.model_version, caller.user,
        request.alias,
    )  # fmt: skip
    row = ModelAliasRow(
        model_name=request.model_name, model_version=number, alias=request.alias, version_before=before
    )  # fmt: skip
    await send_row(call, row)


async def rollback(request: ModelRollbackConfig, call: Call, services: Services) -> None:
    """Let the champion before this one answer again."""
    caller = call.caller
    number, before = await services.finish(
        services.store.rollback, caller.database_key, request.model_name, caller.user
    )
    row = ModelAliasRow(
        model_name=request.model_name, model_version=number, alias="champion", version_before=before
    )  # fmt: skip
    await send_row(call, row)


MODEL_VERSIONS = Procedure(
    "bridge.model.versions", ModelVersionsConfig, {"": ModelVersionRow}, versions, positional=True
)
MODEL_PROMOTE = Procedure("bridge.model.promote", ModelPromoteConfig, {"": ModelAliasRow}, promote, positional=True)
MODEL_ROLLBACK = Procedure("bridge.model.rollback", ModelRollbackConfig, {"": ModelAliasRow}, rollback, positional=True)
