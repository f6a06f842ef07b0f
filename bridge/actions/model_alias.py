"""Aliases of a hosted model that are no longer wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.actions.rows import send_row, send_rows
from bridge.core.call import Call
from bridge.core.config import Config, ModelName
from bridge.core.errors import NotFoundError
from bridge.core.procedure import Procedure, Row

if TYPE_CHECKING:
    from bridge.actions.services import Services


class ModelAliasDropConfig(Config):
    """Take an alias of your own away from a hosted model; its version stays. Only the owner may."""

    model_name: ModelName
    """The model."""
    alias: ModelName
    """The alias to take away. `champion` and `previous` can only be moved."""
    fail_if_missing: bool = True
    """Fail when there is no such model or alias."""


class ModelAliasDropRow(Row):
    """An alias that is gone."""

    model_name: str
    """The model's name."""
    model_version: int
    """The version that bore the alias."""
    alias: str
    """The alias."""


async def drop_alias(request: ModelAliasDropConfig, call: Call, services: Services) -> None:
    """Take the alias away, and answer with the version that bore it."""
    caller, name, alias = call.caller, request.model_name, request.alias
    try:
        number = await services.finish(services.store.remove_alias, caller.database_key, name, alias, caller.user)
    except NotFoundError:
        if request.fail_if_missing:
            raise
        await send_rows(call, ModelAliasDropRow, [])
        return
    await send_row(call, ModelAliasDropRow(model_name=name, model_version=number, alias=alias))


MODEL_ALIAS_DROP = Procedure(
    "bridge.model.alias.drop", ModelAliasDropConfig, {"": ModelAliasDropRow}, drop_alias, positional=True
)
