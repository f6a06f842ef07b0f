"""The commands about hosted models: which there are, which version answers."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.cli.arguments import Subparsers, add, json_option
from bridge.cli.server import connected, server_options
from bridge.cli.tables import print_json, print_table, size

if TYPE_CHECKING:
    from bridge.client.records import Model, Version

TELLING = ("ndcgAt10", "rmse", "mrr", "auc")
"""The metric that a table shows: the first that a version has."""


def add_commands(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    common = (_database_option(), json_option(), server_options())
    add(commands, "models", models, "list the hosted models, each by the version that answers", *common)
    one = add(commands, "versions", versions, "list a model's versions, the newest first", *common)
    one.add_argument("model", metavar="MODEL")
    move = add(commands, "promote", promote, "let a version answer, or name it by an alias of your own", *common)
    move.add_argument("model", metavar="MODEL")
    move.add_argument("version", metavar="VERSION", help="its number, or an alias that it bears")
    move.add_argument("--alias", default="champion", metavar="ALIAS", help="default: champion, which answers")
    back = add(commands, "rollback", rollback, "let the version before this one answer again", *common)
    back.add_argument("model", metavar="MODEL")


def models(options: argparse.Namespace) -> int:
    """List the models."""
    with connected(options) as client:
        found = list(client.models.list_models(options.database))
    if options.json:
        print_json(found)
    elif not found:
        print("There are no models. Train one by `CALL bridge.gnn.train(…)` or `CALL bridge.node2vec.train(…)`.")
    else:
        headings = ("model", "version", "type", "trained", "metric", "size", "versions", "aliases", "owner", "database")
        print_table(headings, [_model_row(each) for each in found], numbers=("version", "size", "versions"))
        for each in found:
            if each.fallback:
                print(f"{each.model_name}: {each.fallback}")
    return 0


def versions(options: argparse.Namespace) -> int:
    """List a model's versions."""
    with connected(options) as client:
        found = list(client.models.list_versions(options.model, database=options.database))
    if options.json:
        print_json(found)
    else:
        headings = ("version", "aliases", "type", "trained", "metric", "gate", "size", "damage")
        print_table(headings, [_version_row(each) for each in found], numbers=("version", "size"))
    return 0


def promote(options: argparse.Namespace) -> int:
    """Put an alias on a version."""
    with connected(options) as client:
        moved = client.models.promote_version(
            options.model, options.version, alias=options.alias, database=options.database
        )
    if options.json:
        print_json(moved)
    elif moved.model_version == moved.previous_version:
        print(f"Version {moved.model_version} of `{options.model}` is `{options.alias}` as before.")
    else:
        before = f", in place of version {moved.previous_version}" if moved.previous_version else ""
        print(f"Version {moved.model_version} of `{options.model}` is `{options.alias}` now{before}.")
    return 0


def rollback(options: argparse.Namespace) -> int:
    """Exchange champion and previous."""
    with connected(options) as client:
        moved = client.models.rollback_model(options.model, database=options.database)
    if options.json:
        print_json(moved)
    else:
        again = f", in place of version {moved.previous_version}" if moved.previous_version else ""
        print(f"Version {moved.model_version} of `{options.model}` answers again{again}.")
    return 0


def _model_row(model: Model) -> tuple[object, ...]:
    version = model.champion
    shown = _shown(version) if version else ("", "", "", "", "")
    number, kind, trained, metric, bytes_ = shown
    aliases = {alias: number for alias, number in model.aliases.items() if alias != "champion"}
    return (
        model.model_name, number, kind, trained, metric, bytes_, model.version_count, aliases, model.owner,
        model.database,
    )  # fmt: skip


def _version_row(version: Version) -> tuple[object, ...]:
    number, kind, trained, metric, bytes_ = _shown(version)
    return number, version.aliases, kind, trained, metric, _gate(version.gate), bytes_, version.damage


def _shown(version: Version) -> tuple[object, ...]:
    return (
        version.model_version,
        version.model_type,
        version.creation_time,
        _metric(version.metrics),
        size(version.size_bytes) if version.size_bytes else "",
    )


def _metric(metrics: Mapping[str, Any], part: str = "test") -> str:
    """Return the most telling metric of the test part, such as `ndcgAt10 0.3112`."""
    measured = metrics.get(part, metrics)
    for name in TELLING:
        if isinstance(measured, Mapping) and isinstance(measured.get(name), int | float):
            return f"{name} {measured[name]:.4g}"
    return ""


def _gate(gate: Mapping[str, Any]) -> str:
    """Return what the gate said in two words, such as `rejected: WORSE`."""
    if not gate:
        return ""
    asked_for = gate.get("passed") or gate.get("promote") == "never"
    outcome = "promoted" if gate.get("promoted") else "kept" if asked_for else "rejected"
    return ": ".join(word for word in (outcome, str(gate.get("reason", ""))) if word)


def _database_option() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--database", default="", metavar="NAME", help="of the models; needed where several databases have some"
    )
    return options
