"""Whether what a training left on disk is what it trained: mechanical checks, made where nobody has seen the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import DamagedError

MOST_DIFFERENCE = 1e-3
"""Between a recorded prediction and the same one again, in the unit of the scores."""

CHECK_SECONDS = 600.0
"""A model that takes longer to load and to ask is not published."""


def check_finite(name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Look at every number.

    Raises:
        DamagedError: one is NaN or infinite.
    """
    for key, values in arrays.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise unsound(f"`{key}` in its file `{name}` has numbers that are NaN or infinite")


def check_finite_metrics(metrics: Mapping[str, Mapping[str, float]]) -> None:
    """Look at what was measured.

    Raises:
        DamagedError: a metric is NaN or infinite.
    """
    for part, found in metrics.items():
        for name, value in found.items():
            if not np.isfinite(value):
                raise unsound(f"its {name} on the {part} part is `{value}`")


def check_reproduced(name: str, found: NDArray[np.floating], recorded: NDArray[np.floating]) -> None:
    """Compare predictions: float [n], float [n].

    Raises:
        DamagedError: one is not finite, or not the recorded one.
    """
    worst = float(np.abs(found - recorded).max(initial=0.0)) if np.isfinite(found).all() else float("inf")
    if not worst <= MOST_DIFFERENCE:
        raise unsound(f"its `{name}` weights predict otherwise once saved and loaded (difference {worst:.3g})")


def unsound(why: str) -> DamagedError:
    """Return the error of a model that must not be published."""
    return DamagedError(
        f"The trained model is not sound: {why}. Nothing was published. Train again with a smaller learning rate or "
        "other settings; if this comes back, check the server's disk.",
        reason="MODEL_UNSOUND",
    )
