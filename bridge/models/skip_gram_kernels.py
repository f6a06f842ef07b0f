"""The compiled inner loops of skip-gram with negative sampling.

What a tile of neighbouring places learns is three products of small matrices, which BLAS does at nearly the processor's
full speed. numba's cache on disk notices changes of this file alone: who changes `prefetch` or `meet`, or `mixed`,
a published hash, has to touch it too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bridge.models.barrier import meet
from bridge.models.compiled import compiled, prefetch
from bridge.models.walk_kernels import HALF, LOW, STEP, UNIT, mixed

FLOOR = np.float32(1e-12)
CONTEXT = 1
"""Of the two vectors of a node, row 2 · node of the table is the one as target and the next the one as context."""
LIKELY = np.float32(200)
"""A score whose loss and gradient are zero in float32."""
LOG2_E = np.float32(1.4426950408889634)
MOST_EXPONENT = np.float32(126)


def _fitted(function: Callable[[NDArray[np.float64]], NDArray[np.float64]], degree: int) -> tuple[np.float32, ...]:
    """Return the coefficients of a polynomial, lowest first, that is close to a function from 0 to 1."""
    series = np.polynomial.Chebyshev.interpolate(function, degree, domain=[0, 1])
    return tuple(np.float32(each) for each in series.convert(kind=np.polynomial.Polynomial).coef)


EXP2 = _fitted(lambda x: np.exp2(-x), 5)
LOG1P = _fitted(np.log1p, 8)


class Noise(NamedTuple):
    """What pairs are told from: contexts drawn in proportion to their visits to some power."""

    accept: NDArray[np.float32]
    """float32 [N]; with `alias` the tables of the alias method (Walker 1977)."""
    alias: NDArray[np.int32]
    """int32 [N]."""
    seed: np.uint64
    """With the number of a group, of its draws."""
    contexts: int
    """Drawn by a group of tiles."""
    rate: int
    """Noise contexts that a pair is to have."""
    offset: float
    """A pair scores u · v less this."""


class Tables(NamedTuple):
    """What is learned, and what learning needs to know of each row: 2 · node as target, the next as context."""

    vectors: NDArray[np.float32]
    """float32 [2 N, width]."""
    squares: NDArray[np.float32]
    """float32 [2 N]; sum of the mean squared gradients of the row."""
    firsts: NDArray[np.int32]
    """int32 [2 N]; -1, but for a moment the place of the row's first step."""


class Moves(NamedTuple):
    """The gradients of a round."""

    keys: NDArray[np.int32]
    """int32 [rows]; rows of the table."""
    steps: NDArray[np.float32]
    """float32 [rows, width]."""
    sums: NDArray[np.float64]
    """float64 [groups, 2]; loss and number of pairs of each group of all rounds."""


class Space(NamedTuple):
    """What a thread works in: memory that compiled code asked for could be refused while the others wait for it."""

    targets: NDArray[np.float32]
    contexts: NDArray[np.float32]
    moves: NDArray[np.float32]
    cells: NDArray[np.float32]
    powers: NDArray[np.float32]

    @classmethod
    def of(cls, tall: int, wide: int, width: int) -> Space:
        """Return room for tiles of up to `tall` targets and `wide` contexts, noise included."""
        shapes = ((tall, width), (wide, width), (wide, width), (tall * wide,), (wide,))
        return cls(*(np.empty(shape, np.float32) for shape in shapes))


@compiled
def softplus(scores: Any, sign: Any, offset: Any, weight: Any, powers: Any) -> Any:
    """Return Σ log(1 + exp(y)) with y = sign · (score - offset); `scores`, float32 [n], become weight · σ(y).

    Within 3e-7 of both. `powers` is float32 of at least n, for the halves of exp: a loop with nothing but sums and
    products runs on eight scores at a time, which the library's functions do not.
    """
    zero, one, half = np.float32(0), np.float32(1), np.float32(0.5)
    exponents = powers.view(np.int32)
    for k in range(len(scores)):
        x = abs(scores[k] - offset) * LOG2_E
        whole = np.int32(x if x < MOST_EXPONENT else MOST_EXPONENT)
        exponents[k] = (np.int32(127) - whole) << np.int32(23)
    total = zero
    for k in range(len(scores)):
        y = sign * (scores[k] - offset)
        x = abs(y) * LOG2_E
        x = x if x < MOST_EXPONENT else MOST_EXPONENT
        f = x - np.float32(np.int32(x))
        t = powers[k] * (EXP2[0] + f * (EXP2[1] + f * (EXP2[2] + f * (EXP2[3] + f * (EXP2[4] + f * EXP2[5])))))
        high = LOG1P[4] + t * (LOG1P[5] + t * (LOG1P[6] + t * (LOG1P[7] + t * LOG1P[8])))
        total += half * (y + abs(y)) + t * (LOG1P[1] + t * (LOG1P[2] + t * (LOG1P[3] + t * high)))
        likely = one / (one + t)
        unlikely = t * likely  # both beforehand: then the choice is no jump
        scores[k] = weight * (likely if y > zero else unlikely)
    return total


@compiled
def _gathered(table: Any, keys: Any, out: Any) -> None:
    """Copy rows `keys` of the table into the first rows of `out`."""
    for k in range(len(keys)):
        row = keys[k]
        for e in range(table.shape[1]):
            out[k, e] = table[row, e]


@compiled
def _draw(noise: Any, group: Any, table: Any, keys: Any) -> None:
    """Fill `keys` with contexts drawn from the noise, and begin to fetch them."""
    s = mixed(noise.seed + mixed(np.uint64(group)))
    for k in range(len(keys)):
        s += STEP
        bits = mixed(s)
        pick = np.int64(((bits >> HALF) * np.uint64(len(noise.accept))) >> HALF)
        if np.float64(bits & LOW) * UNIT >= noise.accept[pick]:
            pick = np.int64(noise.alias[pick])
        keys[k] = 2 * pick + CONTEXT
        prefetch(table, keys[k])


@compiled
def _name(bounds: Any, t: Any, nodes: Any, table: Any, keys: Any) -> None:
    """Fill `keys` with the rows of tile t, contexts before targets, and begin to fetch those of the next tile."""
    at = 0
    for place in range(bounds[t, 2], bounds[t, 3]):
        keys[at] = 2 * nodes[place] + CONTEXT
        at += 1
    for place in range(bounds[t, 0], bounds[t, 1]):
        keys[at] = 2 * nodes[place]
        at += 1
    if t + 1 < len(bounds):
        for place in range(bounds[t + 1, 2], bounds[t + 1, 3]):
            prefetch(table, 2 * nodes[place] + CONTEXT)
        for place in range(bounds[t + 1, 0], bounds[t + 1, 1]):
            prefetch(table, 2 * nodes[place])


@compiled
def _slopes(bound: Any, spots: Any, reach: Any, rate: Any, offset: Any, scores: Any, powers: Any) -> Any:
    """Turn the scores of a tile, float32 [places, noise + contexts], into slopes; return summed loss and pairs.

    A slope is minus the derivative of the loss by the score; 0 for what is no pair. A place with c contexts has
    c · `rate` noise contexts, which those that there are stand for by weight.
    """
    begin, end, low, high = bound[0], bound[1], bound[2], bound[3]
    noise = scores.shape[1] - (high - low)
    loss, pairs = 0.0, 0
    for place in range(begin, end):
        row = scores[place - begin]
        left, right = place, place + 1
        while left > low and spots[place] - spots[left - 1] <= reach[place]:
            left -= 1
        while right < high and spots[right] - spots[place] <= reach[place]:
            right += 1
        contexts = row[noise:]
        contexts[: left - low] = 0
        contexts[right - low :] = 0
        contexts[place - low] = offset + LIKELY  # the place itself is no pair
        loss += softplus(contexts[left - low : right - low], np.float32(-1), offset, np.float32(1), powers)
        contexts[place - low] = 0
        weight = np.float32(rate * (right - left - 1) / noise)
        loss += weight * softplus(row[:noise], np.float32(1), offset, -weight, powers)
        pairs += right - left - 1
    return loss, pairs


@compiled
def _gradients(places: Any, noise: Any, base: Any, first: Any, last: Any, table: Any, moves: Any, space: Any) -> None:
    """Say how groups `first` to `last` of tiles would move the vectors; the table is only read.

    Each group draws its noise contexts. From its offset on, less `base`, `moves.keys` gets rows of the table and
    `moves.steps` minus the gradient of each; a row may be there often.
    """
    negatives, offset = noise.contexts, np.float32(noise.offset)
    keys, steps = moves.keys, moves.steps
    for group in range(first, last):
        shared = places.offsets[group] - base
        at = shared + negatives
        _draw(noise, group, table, keys[shared:at])
        _gathered(table, keys[shared:at], space.contexts)
        begin = group * places.together
        for t in range(begin, min(begin + places.together, len(places.bounds))):
            bound = places.bounds[t]
            n, m = bound[1] - bound[0], bound[3] - bound[2]
            wide = negatives + m
            _name(places.bounds, t, places.nodes, table, keys[at : at + m + n])
            _gathered(table, keys[at : at + m], space.contexts[negatives:])
            _gathered(table, keys[at + m : at + m + n], space.targets)
            u, v, slopes = space.targets[:n], space.contexts[:wide], space.cells[: n * wide].reshape((n, wide))
            np.dot(u, v.T, slopes)
            loss, pairs = _slopes(bound, places.spots, places.reach, noise.rate, offset, slopes, space.powers)
            moves.sums[group, 0] += loss
            moves.sums[group, 1] += pairs
            np.dot(slopes, v, steps[at + m : at + m + n])
            if t == begin:  # its contexts stand right behind the noise
                np.dot(slopes.T, u, steps[shared : at + m])
            else:
                np.dot(slopes.T, u, space.moves[:wide])
                steps[at : at + m] = space.moves[negatives:wide]
                for k in range(negatives):
                    for e in range(table.shape[1]):
                        steps[shared + k, e] += space.moves[k, e]
            at += m + n


@compiled
def add_up(keys: Any, steps: Any, low: Any, high: Any, firsts: Any) -> None:
    """Add the steps of each row from `low` to `high` to the first of them, whose place `firsts` int32 gets."""
    for entry in range(len(keys)):
        key = keys[entry]
        if low <= key < high:
            at = firsts[key]
            if at < 0:
                firsts[key] = entry
            else:
                for e in range(steps.shape[1]):
                    steps[at, e] += steps[entry, e]


@compiled
def descend(keys: Any, steps: Any, owned: Any, rate: Any, tables: Any) -> None:
    """Move rows `owned` (first, last) of the table by the sum of their steps, in the order in which these stand.

    Row-wise AdaGrad (Duchi, Hazan & Singer 2011). `tables.firsts` is -1 before and after.
    """
    low, high = owned
    table, squares, firsts = tables.vectors, tables.squares, tables.firsts
    add_up(keys, steps, low, high, firsts)
    width = table.shape[1]
    per_element = np.float32(1.0 / width)
    for entry in range(len(keys)):
        key = keys[entry]
        if low <= key < high and firsts[key] == entry:
            firsts[key] = -1
            square = np.float32(0)
            for e in range(width):
                square += steps[entry, e] * steps[entry, e]
            squares[key] += square * per_element
            scale = np.float32(rate) / np.sqrt(squares[key] + FLOOR)
            for e in range(width):
                table[key, e] += scale * steps[entry, e]


@compiled
def learn(
    thread: Any, crew: Any, places: Any, noise: Any, rates: Any, tables: Any, moves: Any, space: Any, state: Any
) -> None:
    """Do this thread's share of every round: gradients of some of its groups, then the steps of the rows it owns.

    `crew` int64 [threads + 1] has the first row that each thread owns, and the one after the last. `rates` float64
    [rounds] are step sizes. All threads of the crew have to call this, and meet at the barrier `state`.
    """
    threads = len(crew) - 1
    for k in range(len(rates)):
        first, last = places.rounds[k], places.rounds[k + 1]
        begin = first + (last - first) * thread // threads
        end = first + (last - first) * (thread + 1) // threads
        _gradients(places, noise, places.offsets[first], begin, end, tables.vectors, moves, space)
        if not meet(state, threads):
            return
        rows = places.offsets[last] - places.offsets[first]
        descend(moves.keys[:rows], moves.steps, (crew[thread], crew[thread + 1]), rates[k], tables)
        if not meet(state, threads):
            return
