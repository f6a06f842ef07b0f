"""How work reports how far it is and learns that it should stop."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Where a long computation reports to. Reporting is also where it is cancelled."""

    def __call__(self, fraction: float, detail: str = "", **figures: float) -> None:
        """Report that `fraction` (0 to 1) of the current step is done.

        `detail` is a word for people (`epoch 12 of 200`), `figures` are metrics of this moment.

        Raises:
            CancelledError: somebody asked for the end of this work.
        """
        ...


def silent(fraction: float, detail: str = "", **figures: float) -> None:
    """Report to nobody: a Progress for tests and for work nobody watches."""


def part(progress: Progress, start: float, end: float, prefix: str = "") -> Progress:
    """Give a sub-task the stretch from `start` to `end` of a progress, its words after `prefix`."""

    def report(fraction: float, detail: str = "", **figures: float) -> None:
        progress(start + (end - start) * fraction, f"{prefix}{detail}", **figures)

    return report
