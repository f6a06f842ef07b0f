"""Rows for people, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

KIB, MIB, GIB = 2**10, 2**20, 2**30


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """Print a table; the columns called `numbers` to the right."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))  # no name is taken for markup
    _print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print a name and a value a line, leaving out what is empty."""
    shown = {name: cell(value) for name, value in facts.items() if cell(value)}
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    for name, text in shown.items():
        table.add_row(name, Text(text))
    _print(table)


def _print(table: Table) -> None:
    """Print a table; a pipe gets whole lines, without blanks at their ends."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table)
        return
    wide = Console(highlight=False, width=10_000)
    with wide.capture() as captured:
        wide.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def cell(value: object) -> str:
    """Return a value as a short text; None is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case datetime():
            return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        case Mapping():
            return ", ".join(f"{key} {cell(each)}" for key, each in value.items())
        case str():
            return " ".join(value.split())
        case Sequence():
            return ", ".join(cell(each) for each in value)
    return str(value)


def size(count: int) -> str:
    """Return a size in bytes with a unit that fits."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} B"


def print_json(value: object) -> None:
    """Print records, or lists and maps of them, under the names of their fields in camel case."""
    print(json.dumps(to_json(value), indent=2, ensure_ascii=False, allow_nan=False))


def to_json(value: Any) -> Any:
    """Turn records into what JSON has: fields in camel case, times in ISO 8601, numbers that are none as null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {_camel(each.name): to_json(getattr(value, each.name)) for each in dataclasses.fields(value)}
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case float():
            return value if abs(value) < float("inf") else None
        case Mapping():
            return {str(key): to_json(each) for key, each in value.items()}
        case list() | tuple():
            return [to_json(each) for each in value]
    return value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
