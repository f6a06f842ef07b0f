"""One recipe: what it is for, its parameters, its statements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.core import script
from bridge.core.config import type_name
from bridge.core.errors import FailedPreconditionError, Faults, did_you_mean
from bridge.retrain import literal

GRAPH = "graph"
"""The parameter by which a recipe names its projections: the server chooses it anew for every run."""

MOST_LABEL_CHARACTERS = 100

_PARAMETER = re.compile(r"\s*:param\s+(?P<name>[A-Za-z_]\w*)\s*=>(?P<value>.*)")
_REST = re.compile(r"\s*;?\s*(//.*)?")
_USED = re.compile(r"\$(\w+)")
_PROJECTING = re.compile(
    r"\bgds\.(?:\w+\.)?graph\.(?:project|filter|generate|sample)(?![\w.]*estimate)[\w.]*\s*\(\s*(\S*)"
)


@dataclass(frozen=True)
class Statement:
    """One statement of a recipe."""

    label: str
    """The first sentence of the comment right above it; its own first line where there is none."""
    text: str


@dataclass(frozen=True)
class Recipe:
    """A named Cypher script with parameters."""

    name: str
    description: str
    """Its first comment."""
    parameters: Mapping[str, Any]
    """Those that a request may set, with their defaults."""
    statements: tuple[Statement, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """The statements' labels, in order."""
        return tuple(statement.label for statement in self.statements)

    def bound(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return all parameters but `graph`, the given ones over the defaults.

        Raises:
            InvalidArgumentError: with every name that the recipe has not, and every value of another type.
        """
        faults = Faults()
        for name, value in given.items():
            if name not in self.parameters:
                faults.add(self._unknown(name), reason="UNKNOWN_PARAMETER")
            elif not _alike(self.parameters[name], value):
                wanted, came = type_name(self.parameters[name]), type_name(value)
                faults.add(
                    f"The value of the parameter `{name}` must be of type `{wanted}`, as its default in the recipe "
                    f"`{self.name}`, but was `{came}`.",
                    reason="WRONG_TYPE",
                )
        faults.raise_if_any()
        return {**self.parameters, **given}

    def _unknown(self, name: str) -> str:
        if name == GRAPH:
            return f"The parameter `{GRAPH}` can not be given: the server chooses a new name for each run."
        names = ", ".join(f"`{each}`" for each in self.parameters) or "none"
        return (
            f"The recipe `{self.name}` has no parameter `{name}`.{did_you_mean(name, self.parameters)} "
            f"Its parameters: {names}."
        )


def parse(name: str, text: str) -> Recipe:
    """Read a recipe: its description in a comment, lines `:param name => value;`, then statements.

    Raises:
        FailedPreconditionError: with every fault of the text.
    """
    faults: list[str] = []
    lines = text.splitlines()
    parameters = _parameters(lines, faults)
    statements = tuple(_statement(piece) for piece in script.split("\n".join(lines)))
    if not statements:
        faults.append("it has no statement")
    for number, statement in enumerate(statements, 1):
        faults += [f"statement {number} {fault}" for fault in _faults(statement, parameters)]
    if faults:
        raise FailedPreconditionError(
            f"The recipe `{name}` can not be run: {'; '.join(faults)}. Mend its file on the server.",
            reason="RECIPE_FAULTY",
            recipe=name,
        )
    own = {each: value for each, value in parameters.items() if each != GRAPH}
    return Recipe(name, _description(text), own, statements)


def _parameters(lines: list[str], faults: list[str]) -> dict[str, Any]:
    """Take the `:param` lines out of the head, leaving them blank."""
    found: dict[str, Any] = {}
    for place, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith("//"):
            continue
        parameter = _PARAMETER.match(line)
        if parameter is None:
            break
        lines[place] = ""
        name = parameter["name"]
        try:
            value, rest = literal.read(parameter["value"])
            if not _REST.fullmatch(rest):
                raise ValueError(f"`{rest.strip()}` stands behind the value")
            if name in found:
                raise ValueError("it was there before")
            found[name] = value
        except ValueError as error:
            faults.append(f"line {place + 1}, parameter `{name}`: {error}")
            found.setdefault(name, None)
    return found


def _description(text: str) -> str:
    said = []
    for line in text.strip().splitlines():
        if not line.startswith("//"):
            break
        said.append(line.lstrip("/").strip())
    return " ".join(said)


def _statement(piece: str) -> Statement:
    lines = piece.splitlines()
    first = next(place for place, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("//"))
    above = first
    while above and lines[above - 1].lstrip().startswith("//"):
        above -= 1
    comment = " ".join(line.strip().lstrip("/").strip() for line in lines[above:first])
    label = re.split(r"(?<=[.:?!])\s", comment)[0].rstrip(".:") or lines[first].strip()
    return Statement(label[:MOST_LABEL_CHARACTERS], "\n".join(lines[first:]))


def _faults(statement: Statement, parameters: Mapping[str, Any]) -> Iterator[str]:
    if statement.text.startswith(":"):
        word = statement.text.split()[0]
        yield f"is `{word}`, a command of Browser: lines `:param name => value;` may stand before the first statement"
        return
    cypher = script.bare(statement.text)
    for name in sorted(set(_USED.findall(cypher)) - parameters.keys()):
        yield f"uses `${name}`, but there is no line `:param {name} => …;`"
    for call in _PROJECTING.finditer(cypher):
        if not re.match(rf"\${GRAPH}\b", call[1]):
            yield f"makes a projection whose name does not begin with `${GRAPH}`: nobody could tell whose it is to drop"


def _alike(default: Any, value: Any) -> bool:
    """Whether a value may stand in a default's place: of its type, an integer for a float, anything for null."""
    if default is None or value is None:
        return default is None
    if isinstance(default, float) and isinstance(value, int):
        return not isinstance(value, bool)
    return type_name(default) == type_name(value)
