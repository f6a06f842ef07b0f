"""Is the server up, which version is it, what can be called."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from bridge import __version__
from bridge.actions.reading import quoted
from bridge.actions.rows import send_row, send_rows
from bridge.core.call import Call
from bridge.core.config import Config
from bridge.core.procedure import Procedure, Row, Signature, as_map

if TYPE_CHECKING:
    from bridge.actions.services import Services
    from bridge.registry.catalog import ModelEntry


class HealthConfig(Config):
    """Whether the bridge server answers, and which models it holds for this database."""


class HealthRow(Row):
    """The state of the server."""

    status: str
    """SERVING; or UNREACHABLE, which the plugin says when no server answers."""
    detail: str
    """Why it is not serving, or which models have damaged versions; empty when all is well."""
    address: str
    """Where the plugin looks for the server."""
    server_version: str
    """Version of the bridge server."""
    plugin_version: str
    """Version of the plugin."""
    contract: str
    """Hash of the procedure declarations that both share."""
    models: list[dict[str, Any]]
    """For each model of this database: modelName, the modelVersion that answers, and the error that keeps its
    `champion` or `previous` version from it; empty when both are sound."""


async def health(request: HealthConfig, call: Call, services: Services) -> None:
    """Answer that the server is there."""
    entries = await services.compute(services.store.models, call.caller.database_key)
    models = [
        {"modelName": entry.model_name, "modelVersion": entry.number, "error": entry.error} for entry in entries
    ]
    row = HealthRow(
        status="SERVING",
        detail=_degraded(entries),
        address="",  # the plugin knows it better
        server_version=__version__,
        plugin_version=call.caller.plugin_version,
        contract=services.contract,
        models=models,
    )
    await send_row(call, row)


def _degraded(entries: Sequence[ModelEntry]) -> str:
    """Name the models with damaged versions: their `error` says more."""
    names = [entry.model_name for entry in entries if entry.error]
    return f"Damaged versions of {quoted(names)}: see `models`." if names else ""


class VersionConfig(Config):
    """Versions of everything that takes part."""


class VersionRow(Row):
    """One component."""

    component: str
    """Its name."""
    version: str
    """Its version; empty when it is not installed."""


_LIBRARIES = (
    "torch", "torch-geometric", "numpy", "scipy", "grpcio", "protobuf", "safetensors", "transformers",
)  # fmt: skip


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that results depend on."""
    return {name: version(name) for name in _LIBRARIES}


async def versions(request: VersionConfig, call: Call, services: Services) -> None:
    """Answer with a row a component."""
    caller = call.caller
    found = {
        "bridge server": __version__,
        "bridge plugin": caller.plugin_version,
        "Neo4j": caller.neo4j_version,
        "Graph Data Science": caller.gds_version,
        "Python": platform.python_version(),
        **library_versions(),
    }
    await send_rows(call, VersionRow, [VersionRow(component=name, version=text) for name, text in found.items()])


class ListConfig(Config):
    """Every bridge procedure with its keys, types, defaults and ranges."""

    prefix: str = ""
    """Only procedures whose name starts with this; all when empty."""


class ListRow(Row):
    """One procedure."""

    name: str
    """Its full name."""
    description: str
    """What it does."""
    signature: str
    """How it is called, and what it yields."""
    type: str
    """READ or WRITE."""
    configuration: list[dict[str, Any]]
    """The keys of its configuration: name, type, default, required, allowed, description."""
    yields: list[dict[str, Any]]
    """Its columns: name, type, description."""


async def list_procedures(request: ListConfig, call: Call, services: Services) -> None:
    """Answer with a row a procedure."""
    rows = [
        ListRow(
            name=each.name,
            description=each.description,
            signature=each.text(),
            type=each.mode,
            configuration=[as_map(key) for key in each.configuration],
            yields=[as_map(column) for column in each.yields],
        )
        for each in sorted(_signatures(services), key=lambda each: each.name)
        if each.name.startswith(request.prefix)
    ]
    await send_rows(call, ListRow, rows)


def _signatures(services: Services) -> Iterator[Signature]:
    for procedure in services.procedures:
        yield from procedure.signatures()


HEALTH = Procedure("bridge.health", HealthConfig, {"": HealthRow}, health, positional=True)
VERSION = Procedure("bridge.version", VersionConfig, {"": VersionRow}, versions, positional=True)
LIST = Procedure("bridge.list", ListConfig, {"": ListRow}, list_procedures, positional=True)
