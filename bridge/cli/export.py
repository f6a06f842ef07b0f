"""The command that writes a hosted model's files."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from bridge.cli.arguments import Subparsers, add, count, home_option, names, version


def add_commands(commands: Subparsers, environment: Mapping[str, str]) -> None:
    """Add the command to the parser; `environment` supplies the options' defaults."""
    exports = commands.add_parser("export", help="write a hosted model's files", description="A hosted model's files.")
    kinds = exports.add_subparsers(metavar="WHAT", required=True)
    summary = "write embeddings for the Embedding Projector, with a map and the loss curve"
    _add_options(add(kinds, "projector", export_projector, summary, home_option(environment)))


def export_projector(options: argparse.Namespace) -> int:
    """Write a hosted model's embeddings and pictures of them, and say which files hold what."""
    # The drawing libraries take a second to load, and no other command needs them.
    from bridge.runtime import export

    if options.uri:
        address = export.Address.at(options.uri, options.user, options.password_file)
    else:
        address = export.Address.of_home(options.home)
    wanted = export.ProjectorExport(
        model=options.model,
        out=Path(options.out).expanduser(),
        graph=options.graph,
        columns=options.columns,
        limit=options.limit,
        version=options.model_version,
        highlight=tuple(options.highlight),
    )
    print("\n".join(export.run(address, wanted, Console(stderr=True))))
    return 0


def _add_options(parser: argparse.ArgumentParser) -> None:
    option = parser.add_argument
    option("model", metavar="MODEL", help="name of the hosted model")
    option("--out", required=True, metavar="DIR", help="folder of the files; those of an earlier export are replaced")
    option("--graph", metavar="NAME", help="projection with the nodes (default: the one the model was trained on)")
    option(
        "--columns",
        type=names,
        metavar="A,B",
        help="property keys, `labels` or `nodeId`; the first is the title (default: all of one value, strings first)",
    )
    option("--limit", type=count, metavar="N", help="at most so many nodes, those with most relationships first")
    option("--highlight", nargs="+", default=(), metavar="WORDS", help="name the nodes whose title has these words")
    option("--model-version", type=version, metavar="V", help="a number or an alias; default: the one that answers")
    option("--uri", metavar="URI", help="any Neo4j instead of the home's, as bolt://host:7687")
    option("--user", default="neo4j", metavar="NAME", help="at --uri (default neo4j)")
    option("--password-file", metavar="FILE", help="at --uri; default: none, for a database without authentication")
