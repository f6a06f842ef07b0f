"""A meeting point for threads that run compiled code: none goes on before all have come.

Python's own threads meet in some fifty microseconds, which is longer than the work between two meetings may take.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from bridge.models.compiled import compiled

ARRIVED, GENERATION, BROKEN = range(3)
_LOOKS = 2000
"""Looks at whether all have come, about a microsecond in all, before the processor is offered to others each time."""

_offer_processor: Any = types.ExternalFunction("sched_yield", types.intc())


def barrier() -> NDArray[np.int64]:
    """Return a new meeting point."""
    return np.zeros(3, np.int64)


def give_up(state: NDArray[np.int64]) -> None:
    """Send those who wait at a barrier away, now and later: somebody will not come."""
    state[BROKEN] = 1


@intrinsic
def _atomic_add(typing_context: Any, state: Any, at: Any, value: Any) -> Any:
    """Add to `state[at]`, int64, in one step that no other thread can be in the middle of; return what it was."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        cell = _cell(context, builder, signature, arguments)
        more = context.cast(builder, arguments[2], signature.args[2], types.int64)
        return builder.atomic_rmw("add", cell, more, "seq_cst")

    return types.int64(state, at, value), generate


@intrinsic
def _atomic_load(typing_context: Any, state: Any, at: Any) -> Any:
    """Return `state[at]`, int64, as other threads have left it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_cell(context, builder, signature, arguments), "seq_cst", 8)

    return types.int64(state, at), generate


_add: Any = _atomic_add
_load: Any = _atomic_load


def _cell(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    at = context.cast(builder, arguments[1], signature.args[1], types.intp)
    return builder.bitcast(builder.gep(array.data, [at]), ir.IntType(64).as_pointer())


@compiled
def meet(state: Any, threads: Any) -> Any:
    """Wait until all `threads` have come; return False where one will not come.

    What each wrote before is seen by all afterwards. Waiting takes a processor, unless others want it.
    """
    if threads == 1:
        return True
    generation = _load(state, GENERATION)
    if _add(state, ARRIVED, 1) == threads - 1:
        _add(state, ARRIVED, -threads)
        _add(state, GENERATION, 1)
        return True
    looks = 0
    while _load(state, GENERATION) == generation:
        if _load(state, BROKEN) != 0:
            return False
        looks += 1
        if looks > _LOOKS:
            _offer_processor()
    return True
