"""What the commands' parsers have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""The place of a parser's commands; argparse has no public name for it."""

Run = Callable[[argparse.Namespace], int]
"""Carries a command out; returns its exit status."""


def add(
    commands: Subparsers, name: str, run: Run, summary: str, *options: argparse.ArgumentParser
) -> argparse.ArgumentParser:
    """Add a command; `options` are parent parsers."""
    description = f"{summary[0].upper()}{summary[1:]}."
    parser = commands.add_parser(name, help=summary, description=description, parents=options)
    parser.set_defaults(run=run)
    return parser


def home_option(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the option that names the local runtime, as a parent parser."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--home",
        default=environment.get("BRIDGE_HOME"),
        metavar="DIR",
        help="folder of the database, its configuration and its logs "
        "(default .bridge/home in the project; environment BRIDGE_HOME)",
    )
    return options


def json_option() -> argparse.ArgumentParser:
    """Return the option to print for programs, as a parent parser."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--json", action="store_true", help="print JSON")
    return options


def port(text: str) -> int:
    """Read a port."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"`{text}` is not a port: give a number from 0 to 65535; 0 picks a free one")
    return int(text)


def names(text: str) -> tuple[str, ...]:
    """Read property keys with commas between them."""
    found = tuple(name.strip() for name in text.split(","))
    if not all(found):
        raise argparse.ArgumentTypeError(f"`{text}` names no column: give property keys with commas between them")
    return found


def count(text: str) -> int:
    """Read a whole number from 1 on."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**63):
        raise argparse.ArgumentTypeError(f"`{text}` is not a count: give a whole number from 1 on")
    return int(text)


def version(text: str) -> int | str:
    """Read a version's number or alias; the server knows which aliases there are."""
    return count(text) if text.isdigit() else text
