"""Query results for people: values, tables, what a statement changed, a model's metrics beside its baselines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from neo4j import SummaryCounters
from neo4j.graph import Node, Path, Relationship
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

MOST_ROWS = 20
"""Rows of one result that are shown; the rest is counted."""

LONGEST_VALUE = 160
"""Characters of one value that are shown."""

TELLING = ("rmse", "mae", "ndcgAt10", "recallAt10", "hitRateAt10", "mrrAt10", "coverageAt10", "mrr", "hitsAt10",
           "auc", "tailAuc")  # fmt: skip
"""The metrics that are shown, in this order, where a model has any of them."""

COUNTS = {"count": "relationships", "sources": "sources", "heldOut": "relationships"}
"""What the metrics are of."""

_CHANGES = {
    "constraints_added": "constraint added|constraints added",
    "nodes_created": "node created|nodes created",
    "nodes_deleted": "node deleted|nodes deleted",
    "relationships_created": "relationship created|relationships created",
    "relationships_deleted": "relationship deleted|relationships deleted",
    "properties_set": "property set|properties set",
}


def value(given: object) -> str:
    """Return a Cypher value as a short text."""
    text = _value(given)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def rows(keys: Sequence[str], found: Sequence[Sequence[object]]) -> RenderableType:
    """Return a result as a table; numbers to the right, and not more than MOST_ROWS."""
    table = _table()
    for position, key in enumerate(keys):
        numeric = all(isinstance(row[position], int | float) for row in found)
        table.add_column(key, justify="right" if numeric else "left", overflow="fold")
    for row in found[:MOST_ROWS]:
        table.add_row(*(value(cell) for cell in row))
    if len(found) > MOST_ROWS:
        return Group(table, f"and {len(found) - MOST_ROWS:,} more rows")
    return table


def changes(counters: SummaryCounters) -> str:
    """Return what a statement changed, such as "19 nodes created, 38 properties set"; empty when nothing."""
    counted = ((int(getattr(counters, name)), words.split("|")) for name, words in _CHANGES.items())
    return ", ".join(f"{count:,} {words[count != 1]}" for count, words in counted if count)


def metrics(model_info: Mapping[str, object], part: str = "test") -> Group:
    """Return a model's metrics on a held-out part, a row for the model and one for each baseline.

    Reads `modelInfo` as `bridge.gnn.train` yields it: `metrics` and each of `baselines` are a map of numbers, or a
    map of such maps by part. A baseline that is a text, or has texts, was skipped for the reason that the text gives.
    """
    named = {str(model_info.get("modelName", "model")): _of_part(model_info.get("metrics"), part)}
    baselines = model_info.get("baselines")
    if isinstance(baselines, Mapping):
        named |= {str(name): _of_part(measured, part) for name, measured in baselines.items()}
    keys = {key for measured in named.values() for key, cell in measured.items() if _is_number(cell)}
    columns = [name for name in TELLING if name in keys] or sorted(keys)
    table = _table()
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    table.add_column("", overflow="fold")
    for position, (name, measured) in enumerate(named.items()):
        numbers = (value(measured[column]) if _is_number(measured.get(column)) else "" for column in columns)
        note = ", ".join(str(cell) for cell in measured.values() if isinstance(cell, str))
        table.add_row(name, *numbers, note, style="bold" if position == 0 else None)
    return Group(_title(next(iter(named.values())), part), table, "")


def _title(measured: Mapping[str, object], part: str) -> str:
    counts = (f"{measured[name]:,} {what}" for name, what in COUNTS.items() if isinstance(measured.get(name), int))
    return f"Held-out metrics ({', '.join([part, *counts])})"


def beside(headings: tuple[str, str], left: Iterable[Sequence[object]], right: Iterable[Sequence[object]]) -> Table:
    """Return two lists of (text, number) side by side."""
    table = _table()
    for heading in headings:
        table.add_column(heading, overflow="fold")
        table.add_column("", justify="right")
    one, other = list(left), list(right)
    for position in range(max(len(one), len(other))):
        cells = [cell for side in (one, other) for cell in (side[position] if position < len(side) else ("", ""))]
        table.add_row(*(value(cell) for cell in cells))
    return table


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)


def _of_part(measured: object, part: str) -> Mapping[str, object]:
    if isinstance(measured, Mapping):
        inner = measured.get(part)
        return inner if isinstance(inner, Mapping) else measured
    return {"": measured} if isinstance(measured, str) else {}


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _value(given: object) -> str:
    if isinstance(given, float):
        return f"{given:.4g}" if abs(given) < 1000 else f"{given:,.1f}"
    if isinstance(given, str | bool) or given is None:
        return "" if given is None else str(given)
    if isinstance(given, int):
        return str(given)
    if isinstance(given, Path):
        return _path(given)
    if isinstance(given, Node):
        return _node(given)
    if isinstance(given, Relationship):
        return f"[:{given.type} {_map(given)}]"
    if isinstance(given, Mapping):
        return _map(given)
    if isinstance(given, Sequence):
        return "[" + ", ".join(_value(item) for item in given) + "]"
    return str(given)


def _map(entries: Mapping[str, object] | Relationship) -> str:
    return "{" + ", ".join(f"{key}: {_value(cell)}" for key, cell in entries.items()) + "}"


def _node(node: Node) -> str:
    """Return `(:Movie Toy Story (1995))`: a node's first property that names it says more than all of them."""
    name = next((node[key] for key in ("title", "name", "userId") if key in node), None)
    return f"(:{':'.join(sorted(node.labels))} {name})" if name is not None else f"(:{':'.join(sorted(node.labels))})"


def _path(path: Path) -> str:
    text = _node(path.nodes[0])
    for relationship, node in zip(path.relationships, path.nodes[1:], strict=True):
        forwards = relationship.end_node == node
        text += f"{'-' if forwards else '<-'}[:{relationship.type}]{'->' if forwards else '-'}{_node(node)}"
    return text
