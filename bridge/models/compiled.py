"""Compilation of the functions that are too slow in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

P = ParamSpec("P")
R = TypeVar("R")

CANNOT_CACHE = "no locator available"
OPTIONS: Any = {"nogil": True, "fastmath": {"reassoc", "contract"}, "error_model": "numpy"}
"""Sums in any order, and no look at every divisor whether it is zero: both would keep loops from being vectorised."""


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile at the first call, without the interpreter's lock, keeping the machine code on disk where one may write.

    Threads come from Python: the thread pools of numba's own `prange` do not survive a fork, and trainers are forked.
    """
    try:
        cached: Callable[P, R] = numba.njit(cache=True, **OPTIONS)(function)
        return cached
    except RuntimeError as error:
        if CANNOT_CACHE not in str(error):
            raise
        in_memory: Callable[P, R] = numba.njit(**OPTIONS)(function)
        return in_memory


CACHE_LINE = 64


@intrinsic
def _prefetch(typing_context: Any, rows: Any, row: Any) -> Any:
    """Begin to fetch `rows[row]`, float32 [n, width] in C order, into the processor's cache; waits for nothing.

    The processor foresees the next line of a vector, but not the next vector of a random list.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        at = context.cast(builder, arguments[1], signature.args[1], types.intp)
        width = cgutils.unpack_tuple(builder, array.shape)[1]  # type: ignore[no-untyped-call]  # numba has no types here
        first = builder.gep(array.data, [builder.mul(at, width)])
        byte = ir.IntType(8).as_pointer()
        word = ir.IntType(32)
        declared = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]  # numba has no types here
            builder.module, ir.FunctionType(ir.VoidType(), [byte, word, word, word]), "llvm.prefetch.p0i8"
        )
        step = ir.Constant(width.type, CACHE_LINE // 4)
        with cgutils.for_range_slice(builder, ir.Constant(width.type, 0), width, step, inc=True) as (place, _):
            line = builder.bitcast(builder.gep(first, [place]), byte)
            builder.call(declared, [line, ir.Constant(word, 1), ir.Constant(word, 3), ir.Constant(word, 1)])
        return context.get_dummy_value()

    return types.void(rows, row), generate


prefetch: Any = _prefetch
