"""Models on the wire."""

from __future__ import annotations

from bridge.actions.model_versions import Examined
from bridge.actions.operate_models import Named, OperatedModel
from bridge.registry.aliases import CHAMPION
from bridge.registry.catalog import ModelEntry
from bridge.rpc.convert import to_map
from bridge.v1 import model_service_pb2 as wire

_MOST_DIGITS = 9
"""Of a version's number; what is longer is looked for among the aliases, where it is not."""


def from_reference(name: wire.ModelReference) -> Named:
    """Read a model's name."""
    return name.database, name.model


def from_version(text: str) -> int | str | None:
    """Read a version: a number, an alias, or None for the one that answers."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= _MOST_DIGITS else text or None


def to_model(model: OperatedModel) -> wire.Model:
    """Show a model with the version that answers."""
    entry = model.entry
    champion = None
    if entry.answering is not None:
        champion = to_version(entry, Examined(entry.number, entry.answering))
    return wire.Model(
        database=model.database,
        model=entry.model_name,
        owner=model.owner,
        aliases=entry.aliases,
        champion=champion,
        version_count=len(entry.versions),
        fallback="" if champion is not None and entry.aliases.get(CHAMPION) == entry.number else entry.error,
    )


def to_version(entry: ModelEntry, found: Examined) -> wire.Version:
    """Show a version; of one that is damaged, why."""
    aliases = entry.aliases_of(found.number)
    if found.error or found.version is None:
        return wire.Version(version=found.number, aliases=aliases, damage=found.error)
    manifest = found.version.manifest
    return wire.Version(
        version=found.number,
        aliases=aliases,
        parent_version=manifest.parent_version or 0,
        model_type=manifest.model_type,
        created_millis=manifest.created_millis,
        size_bytes=found.version.size_bytes,
        metrics=to_map(manifest.metrics),
        gate=to_map(manifest.gate),
    )
