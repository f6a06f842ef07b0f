"""Where to compute."""

from __future__ import annotations

from typing import Literal

import torch

from bridge.core.errors import FailedPreconditionError

Device = Literal["auto", "cpu", "cuda"]


def resolve_device(wanted: Device) -> str:
    """Return `cpu` or `cuda`; `auto` takes a GPU when there is one.

    Raises:
        FailedPreconditionError: `cuda` was asked for and there is none.
    """
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise FailedPreconditionError(
            "`device` was `cuda`, but the machine of the bridge server has no GPU that torch can use. Take `cpu`, or "
            "`auto`.",
            reason="NO_GPU",
        )
    return "cuda" if there and wanted != "cpu" else "cpu"
