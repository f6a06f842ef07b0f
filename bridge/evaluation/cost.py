"""What a baseline will take, estimated before it is fitted."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.core.learning import Interactions

DENSE_PER_SECOND = 2e10
"""Multiply-adds a second of one core in a dense product (measured: 2–4e10)."""
SPARSE_PER_SECOND = 3e7
"""Multiply-adds a second of one core in a sparse-by-sparse product (measured: 3–8e7)."""


@dataclass(frozen=True)
class Cost:
    """An upper bound of memory, and a rough time on one core."""

    bytes: float
    seconds: float

    def within(self, limit: Cost) -> bool:
        """Say whether neither figure is above the limit's."""
        return self.bytes <= limit.bytes and self.seconds <= limit.seconds

    def __str__(self) -> str:
        return f"{self.bytes / 2**30:.1f} GiB and {self.seconds:.0f} s"


FAST = Cost(bytes=2 * 2**30, seconds=30)
"""What one baseline may take with `baselines: 'fast'`."""
ALL = Cost(bytes=8 * 2**30, seconds=1800)
"""What one baseline may take with `baselines: 'all'`."""


def linear(train: Interactions) -> Cost:
    """Estimate a fit that passes a few dozen times over the relationships."""
    return Cost(bytes=64.0 * len(train), seconds=len(train) * 64 / 1e9)
