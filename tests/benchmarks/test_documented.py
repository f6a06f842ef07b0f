"""docs/benchmarks.md: what can be measured."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.__main__ import LONG, SHORT

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def test_every_benchmark_has_its_row() -> None:
    """With what it measures and its bar; those that take long are marked, since `make bench` leaves them out."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `benchmarks.")]
    shown = {}
    for row in rows:
        commands = row.split("|")[1]
        shown |= dict.fromkeys(re.findall(r"`(?:benchmarks)?\.(\w+)`", commands), "(full)" in commands)
    there = {measure.__module__: place is LONG for place in (SHORT, LONG) for _, measure in place}
    assert {f"benchmarks.{name}": full for name, full in shown.items()} == there
