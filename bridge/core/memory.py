"""How much memory a piece of work takes: a range, made of named parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

UNITS = ("Bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


@dataclass(frozen=True)
class Estimate:
    """A part, with the parts that it is the sum of; or one that was counted as a whole."""

    name: str
    bytes_min: int
    bytes_max: int
    parts: tuple[Estimate, ...] = ()

    @classmethod
    def total(cls, name: str, *parts: Estimate) -> Estimate:
        """Add up what is in memory at the same time."""
        return cls(name, sum(each.bytes_min for each in parts), sum(each.bytes_max for each in parts), parts)

    @classmethod
    def exactly(cls, name: str, count: int) -> Estimate:
        """Say that a part takes just so many bytes."""
        return cls(name, count, count)

    def range(self) -> str:
        """Write it for people: `12 MiB`, `[12 MiB ... 20 MiB]`."""
        least, most = readable(self.bytes_min), readable(self.bytes_max)
        return least if least == most else f"[{least} ... {most}]"

    def tree(self) -> str:
        """Write it and its parts as lines, as GDS's `treeView` does."""
        return "\n".join(self._lines(0)) + "\n"

    def _lines(self, depth: int) -> Iterator[str]:
        prefix = "" if depth == 0 else "    " * (depth - 1) + "|-- "
        yield f"{prefix}{self.name}: {self.range()}"
        for part in self.parts:
            yield from part._lines(depth + 1)

    def as_map(self) -> dict[str, Any]:
        """Return it and its parts as maps, as GDS's `mapView` has them."""
        described: dict[str, Any] = {"name": self.name, "memoryUsage": self.range()}
        return described | ({"components": [part.as_map() for part in self.parts]} if self.parts else {})


def readable(count: int) -> str:
    """Write a number of bytes in the unit that leaves it between 1 and 1024."""
    size, unit = float(count), 0
    while size >= 1024 and unit < len(UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} {UNITS[unit]}" if unit == 0 or size >= 100 else f"{size:.1f} {UNITS[unit]}"
