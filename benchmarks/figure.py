"""One measured figure, and how it is shown: a JSON object a line for programs, a table for people."""

from __future__ import annotations

import json
import math
import os
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Other:
    """The other way to the same end, measured in the same run."""

    name: str
    value: float
    """In the figure's unit."""


@dataclass(frozen=True)
class Figure:
    """A value, what it stands beside, and the bar that it has to reach."""

    name: str
    value: float
    unit: str
    better: Literal["higher", "lower"]
    against: Other | None = None
    bar: float | None = None
    """About the ratio where there is `against`, else about the value. None for a figure that is only stated."""
    tolerance: float | None = None
    """The bar is not a bound but an aim: the value has to be within this of it."""

    @property
    def ratio(self) -> float | None:
        """How many times as good as the other way; above 1 is better, whichever direction is."""
        if self.against is None:
            return None
        ours, theirs = self.value, self.against.value
        above, below = (ours, theirs) if self.better == "higher" else (theirs, ours)
        return above / below if below else math.inf

    @property
    def holds(self) -> bool | None:
        """Whether the bar is reached; None without a bar."""
        if self.bar is None:
            return None
        if self.tolerance is not None:
            return abs(self.value - self.bar) <= self.tolerance
        if self.ratio is not None:
            return self.ratio >= self.bar
        return self.value >= self.bar if self.better == "higher" else self.value <= self.bar

    def line(self) -> str:
        """Return the figure as one line of JSON."""
        return json.dumps(
            {
                "name": self.name,
                "value": _rounded(self.value),
                "unit": self.unit,
                "against": None
                if self.against is None
                else {"name": self.against.name, "value": _rounded(self.against.value)},
                "ratio": None if self.ratio is None else _rounded(self.ratio),
                "bar": self.bar,
                "better": self.better,
                "holds": self.holds,
            }
        )


def show(title: str, measured: Iterable[Figure]) -> list[Figure]:
    """Print each figure's line to standard output as soon as it is measured, then a table to standard error."""
    figures = []
    for figure in measured:
        print(figure.line(), flush=True)
        figures.append(figure)
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    table = Table("figure", "value", "against", "ratio", "bar", "", title=title, caption=f"load average {load}")
    for figure in figures:
        table.add_row(*_cells(figure))
    Console(file=sys.stderr).print(table)
    return figures


def main(title: str, measure: Callable[[], Iterable[Figure]]) -> int:
    """Be the program of one module: measure, show, and return 1 when a bar is not reached, else 0."""
    return int(any(figure.holds is False for figure in show(title, measure())))


def median(times: Sequence[float]) -> float:
    """Return the median of warm runs."""
    return statistics.median(times)


def say(text: str) -> None:
    """Tell the person who waits what is going on."""
    print(text, file=sys.stderr, flush=True)


def _cells(figure: Figure) -> tuple[str, ...]:
    against, ratio = figure.against, figure.ratio
    verdict = {None: "", True: "holds", False: "[bold red]missed[/]"}[figure.holds]
    return (
        figure.name,
        f"{_short(figure.value)} {figure.unit}",
        "" if against is None else f"{against.name}: {_short(against.value)}",
        "" if ratio is None else f"{ratio:.2f}",
        _bar(figure),
        verdict,
    )


def _bar(figure: Figure) -> str:
    if figure.bar is None:
        return ""
    if figure.tolerance is not None:
        return f"{figure.bar:g} ± {figure.tolerance:g}"
    if figure.against is not None or figure.better == "higher":
        return f"≥ {figure.bar:g}"
    return f"≤ {figure.bar:g}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _rounded(value: float) -> float:
    """Keep six significant digits."""
    return float(f"{value:.6g}")
