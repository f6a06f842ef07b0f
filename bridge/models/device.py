"""Where to compute, on how many threads."""

from __future__ import annotations

from typing import Literal

import torch
from threadpoolctl import threadpool_limits

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


def bound_threads(count: int) -> None:
    """Let torch and the libraries of linear algebra use at most `count` threads for what the calling thread computes.

    OpenMP keeps its bound for each thread that calls it: every thread of an executor has to set its own.
    """
    torch.set_num_threads(count)
    threadpool_limits(count)
