"""The version that serves, as a training process meets it: what it was fitted on, and what it has to answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import FailedPreconditionError
from bridge.evaluation.gate import Comparison
from bridge.projection.content import CONTENT_FILE, HELD_OUT_FILE, seen_hashes
from bridge.registry.version import Version

SERVED = "served"
"""Name of the two files of the weights that answer."""
EVALUATED = "evaluated"
"""Name of the two files of the weights, or vectors, that a version's metrics are of."""
VALIDATED = "validated"
"""Name of the two files of the weights of a ranking that never saw the validation part."""


def seen_by(version: Version, kind: str | None = None) -> NDArray[np.uint64]:
    """Return the `pair_hashes` of the relationships that the evaluated weights of a version learned from.

    `kind` is a relationship type; None: all. What only chose the epochs counts as learned.

    Raises:
        DamagedError: a file is not what was written.
        FailedPreconditionError: the version does not say.
    """
    if HELD_OUT_FILE not in version.manifest.files or CONTENT_FILE not in version.manifest.files:
        raise FailedPreconditionError(
            f"Version {version.number} was trained by an older bridge, which did not note what was held out.",
            reason="NOT_COMPARABLE",
        )
    return seen_hashes(version.arrays(CONTENT_FILE), version.arrays(HELD_OUT_FILE), kind)


def answer_of(comparison: Comparison | None) -> dict[str, Any]:
    """Return a comparison as JSON; None where nothing is held out for both."""
    return {"comparison": None if comparison is None else asdict(comparison)}


def comparison_of(answer: dict[str, Any]) -> Comparison | None:
    """Read what `answer_of` returned."""
    found = answer["comparison"]
    return None if found is None else Comparison(**found)
