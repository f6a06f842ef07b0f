"""The compiled inner loops of random walks.

Randomness comes from counters: number k of stream s is a hash of (s, k) (SplitMix64: Steele, Lea & Flood 2014), and
every walk has a stream of its own, so that it is the same whichever thread makes it. numba's cache on disk notices
changes of this file alone, so whatever these functions call is here as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.models.compiled import compiled

STEP = np.uint64(0x9E3779B97F4A7C15)
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
UNIT = 2.0**-32


@compiled
def mixed(x: Any) -> Any:
    """Hash 64 bits."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@compiled
def alias_tables(indptr: Any, weights: Any, accept: Any, alias: Any, totals: Any) -> None:
    """Fill Vose's alias tables of every row: entry k of a row is kept with `accept[k]`, else entry `alias[k]` of it.

    weights float32 [E], accept float32 [E], alias int32 [E], totals float64 [N] (sum of a row's weights).
    """
    # One function of over 40 lines: its parts would pass each other nearly all of its variables.
    widest = 0
    for v in range(len(indptr) - 1):
        widest = max(widest, indptr[v + 1] - indptr[v])
    scaled = np.empty(widest, np.float64)
    stack = np.empty(widest, np.int64)  # light entries from the front, heavy ones from the back
    for v in range(len(indptr) - 1):
        start, degree = indptr[v], indptr[v + 1] - indptr[v]
        total, heaviest = 0.0, 0
        for k in range(degree):
            total += weights[start + k]
            if weights[start + k] > weights[start + heaviest]:
                heaviest = k
        totals[v] = total
        if total <= 0.0:
            continue
        light, heavy = 0, degree
        for k in range(degree):
            scaled[k] = weights[start + k] * degree / total
            if scaled[k] < 1.0:
                stack[light] = k
                light += 1
            else:
                heavy -= 1
                stack[heavy] = k
        while light > 0 and heavy < degree:
            light -= 1
            small, large = stack[light], stack[heavy]
            accept[start + small] = scaled[small]
            alias[start + small] = large
            scaled[large] -= 1.0 - scaled[small]
            if scaled[large] < 1.0:
                heavy += 1
                stack[light] = large
                light += 1
        for place in range(light):  # left over by rounding: as good as full, unless it weighs nothing
            k = stack[place]
            accept[start + k] = 1.0 if weights[start + k] > 0 else 0.0
            alias[start + k] = heaviest
        for place in range(heavy, degree):
            accept[start + stack[place]] = 1.0
            alias[start + stack[place]] = stack[place]


@compiled
def _proposal(indptr: Any, accept: Any, alias: Any, v: Any, bits: Any) -> Any:
    """Choose a position in the row of v by weight, from 64 random bits."""
    start = indptr[v]
    k = np.int64(((bits >> HALF) * np.uint64(indptr[v + 1] - start)) >> HALF)
    if len(accept) and np.float64(bits & LOW) * UNIT >= accept[start + k]:
        k = np.int64(alias[start + k])
    return start + k


@compiled
def _place(indptr: Any, indices: Any, v: Any, x: Any) -> Any:
    """Find x in the row of v; -1 where it is not."""
    low, count = indptr[v], indptr[v + 1] - indptr[v]
    if count == 0:
        return np.int64(-1)
    while count > 1:
        half = count >> 1
        if indices[low + half] <= x:
            low += half
        count -= half
    return low if indices[low] == x else np.int64(-1)


@compiled
def _enumerated(indptr: Any, indices: Any, weights: Any, t: Any, v: Any, p: Any, q: Any, u: Any) -> Any:
    """Choose x after t, v by adding up w(v, x) · α(t, x) over all x; `u` is uniform in [0, 1)."""
    goal, total = 0.0, 0.0
    for _ in range(2):
        total = 0.0
        last = np.int64(-1)
        for k in range(indptr[v], indptr[v + 1]):
            x = indices[k]
            bias = 1.0 / q
            if x == t:
                bias = 1.0 / p
            elif _place(indptr, indices, t, x) >= 0:
                bias = 1.0
            mass = bias * weights[k] if len(weights) else bias
            total += mass
            if mass > 0.0:
                last = x
                if goal > 0.0 and total >= goal:
                    return last
        goal = max(u * total, 5e-324)
    return last


@compiled
def _next(
    indptr: Any, indices: Any, weights: Any, accept: Any, alias: Any, totals: Any,
    t: Any, v: Any, p: Any, q: Any, s: Any,
) -> Any:  # fmt: skip
    """Choose x after t, v with probability ∝ w(v, x) · α(t, x); return it with the stream's new state.

    Rejection: propose by weight, accept with α over its bound. The way back, when it alone exceeds the bound, is cut
    out and drawn by itself. Where nothing is accepted for long, everything is added up instead.
    """
    far, back = 1.0 / q, 1.0 / p
    bound = max(1.0, far)
    extra = 0.0
    if back > bound:
        k = _place(indptr, indices, v, t)
        if k >= 0:
            extra = (back - bound) * (weights[k] if len(weights) else 1.0)
        back = bound
    whole = totals[v] * bound + extra
    always = min(1.0, far, back)
    for _ in range(8 + min(np.int64(1000), (indptr[v + 1] - indptr[v]) >> 3)):
        if extra > 0.0:
            s += STEP
            if np.float64(mixed(s) >> np.uint64(11)) * 2.0**-53 * whole < extra:
                return t, s
        s += STEP
        x = indices[_proposal(indptr, accept, alias, v, mixed(s))]
        s += STEP
        u = np.float64(mixed(s) >> np.uint64(11)) * 2.0**-53 * bound
        if u < always:
            return x, s
        if x == t:
            if u < back:
                return x, s
        elif u < min(1.0, far) or u < (1.0 if _place(indptr, indices, t, x) >= 0 else far):
            return x, s
    s += STEP
    u = np.float64(mixed(s) >> np.uint64(11)) * 2.0**-53
    return _enumerated(indptr, indices, weights, t, v, p, q, u), s


@compiled
def walk_rows(
    indptr: Any,
    indices: Any,
    weights: Any,
    accept: Any,
    alias: Any,
    totals: Any,
    starts: Any,
    seed: Any,
    first: Any,
    p: Any,
    q: Any,
    out: NDArray[np.int32],
) -> None:
    """Write walks `first`, `first` + 1, … into the rows of `out`, int32 [count, walk length]; -1 after an early end."""
    biased = p != 1.0 or q != 1.0
    for row in range(out.shape[0]):
        number = first + row
        s = mixed(seed + mixed(np.uint64(number)))
        t = np.int64(-1)
        v = np.int64(starts[number % len(starts)])
        out[row, 0] = v
        place = 1
        while place < out.shape[1] and totals[v] > 0.0:
            if biased and t >= 0:
                x, s = _next(indptr, indices, weights, accept, alias, totals, t, v, p, q, s)
            else:
                s += STEP
                x = indices[_proposal(indptr, accept, alias, v, mixed(s))]
            t = v
            v = np.int64(x)
            out[row, place] = v
            place += 1
        for rest in range(place, out.shape[1]):
            out[row, rest] = -1
