"""The compiled inner loops of skip-gram with negative sampling.

What a tile of neighbouring places learns is three products of small matrices, which BLAS does at nearly the processor's
full speed. numba's cache on disk notices changes of this file alone: who changes `prefetch`, or `mixed`, a published
hash, has to touch it too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
def visits(walks: Any, counts: Any) -> None:
    """Add to `counts`, int64 [N], how often each node occurs in the walks that have a pair."""
    for walk in range(walks.shape[0]):
        if walks[walk, 1] >= 0:
            for place in range(walks.shape[1]):
                if walks[walk, place] < 0:
                    break
                counts[walks[walk, place]] += 1


@compiled
def places(walks: Any, keep: Any, window: Any, seed: Any, first: Any, nodes: Any, spots: Any, reach: Any) -> Any:
    """Draw which places of the walks take part and how far each looks, from a stream per walk; return their number.

    Of each in turn, `nodes` int32 gets the node, `reach` int32 gets 1 to `window`, and `spots` int64 where it is, with
    walks so far apart that no window reaches another.
    """
    count = 0
    for walk in range(walks.shape[0]):
        s = mixed(seed + mixed(np.uint64(first + walk)))
        for place in range(walks.shape[1]):
            node = walks[walk, place]
            if node < 0:
                break
            s += STEP
            bits = mixed(s)
            if np.float64(bits & LOW) * UNIT < keep[node]:
                nodes[count] = node
                spots[count] = walk * (walks.shape[1] + window) + place
                reach[count] = 1 + np.int64(((bits >> HALF) * np.uint64(window)) >> HALF)
                count += 1
    return count


@compiled
def tiles(spots: Any, window: Any, most: Any, bounds: Any) -> Any:
    """Cut places into tiles of at most `most`, not within a walk that fits into one; return their number.

    `bounds` int64 [tiles, 4] gets, of each tile, its first place and the one after its last, and the same of the places
    that a window of its places may reach.
    """
    count, begin = 0, 0
    while begin < len(spots):
        end, edge = begin, begin  # edge: the end of the last whole walk
        while end < len(spots) and end - begin < most:
            end += 1
            if end == len(spots) or spots[end] - spots[end - 1] > window:
                edge = end
        if edge > begin:
            end = edge
        low, high = begin, end
        while low > 0 and spots[low - 1] >= spots[begin] - window:
            low -= 1
        while high < len(spots) and spots[high] <= spots[end - 1] + window:
            high += 1
        bounds[count, 0], bounds[count, 1], bounds[count, 2], bounds[count, 3] = begin, end, low, high
        count += 1
        begin = end
    return count


@compiled
def _gathered(table: Any, keys: Any, out: Any) -> None:
    """Copy rows `keys` of the table into the first rows of `out`."""
    for k in range(len(keys)):
        row = keys[k]
        for e in range(table.shape[1]):
            out[k, e] = table[row, e]


@compiled
def _draw(accept: Any, alias: Any, s: Any, table: Any, keys: Any) -> None:
    """Fill `keys` with contexts drawn from the noise, and begin to fetch them."""
    for k in range(len(keys)):
        s += STEP
        bits = mixed(s)
        pick = np.int64(((bits >> HALF) * np.uint64(len(accept))) >> HALF)
        if np.float64(bits & LOW) * UNIT >= accept[pick]:
            pick = np.int64(alias[pick])
        keys[k] = 2 * pick + CONTEXT
        prefetch(table, keys[k])


@compiled
def _name(bounds: Any, t: Any, nodes: Any, table: Any, keys: Any) -> None:
    """Fill `keys` with the rows of tile t, targets before contexts, and begin to fetch those of the next tile."""
    at = 0
    for place in range(bounds[t, 0], bounds[t, 1]):
        keys[at] = 2 * nodes[place]
        at += 1
    for place in range(bounds[t, 2], bounds[t, 3]):
        keys[at] = 2 * nodes[place] + CONTEXT
        at += 1
    if t + 1 < len(bounds):
        for place in range(bounds[t + 1, 0], bounds[t + 1, 1]):
            prefetch(table, 2 * nodes[place])
        for place in range(bounds[t + 1, 2], bounds[t + 1, 3]):
            prefetch(table, 2 * nodes[place] + CONTEXT)


@compiled
def _slopes(bound: Any, spots: Any, reach: Any, rate: Any, offset: Any, scores: Any, powers: Any) -> Any:
    """Turn the scores of a tile, float32 [places, contexts + noise], into slopes; return summed loss and pairs.

    A slope is minus the derivative of the loss by the score; 0 for what is no pair. A place with c contexts has
    c · `rate` noise contexts, which those that there are stand for by weight.
    """
    begin, end, low, high = bound[0], bound[1], bound[2], bound[3]
    count = high - low
    noise = scores.shape[1] - count
    loss, pairs = 0.0, 0
    for place in range(begin, end):
        row = scores[place - begin]
        left, right = place, place + 1
        while left > low and spots[place] - spots[left - 1] <= reach[place]:
            left -= 1
        while right < high and spots[right] - spots[place] <= reach[place]:
            right += 1
        row[: left - low] = 0
        row[right - low : count] = 0
        row[place - low] = offset + LIKELY  # the place itself is no pair
        loss += softplus(row[left - low : right - low], np.float32(-1), offset, np.float32(1), powers)
        row[place - low] = 0
        weight = np.float32(rate * (right - left - 1) / noise)
        loss += weight * softplus(row[count:], np.float32(1), offset, -weight, powers)
        pairs += right - left - 1
    return loss, pairs


@compiled
def gradients(
    bounds: Any,
    first: Any,
    last: Any,
    together: Any,
    offsets: Any,
    nodes: Any,
    spots: Any,
    reach: Any,
    rate: Any,
    negatives: Any,
    offset: Any,
    seed: Any,
    accept: Any,
    alias: Any,
    table: Any,
    keys: Any,
    steps: Any,
    sums: Any,
) -> None:
    """Say how groups `first` to `last` of tiles would move the vectors; `sums`, [groups, 2], gets their loss and pairs.

    `together` tiles in a row are a group, which draws `negatives` noise contexts. From `offsets` of the group on,
    `keys`, int32, gets rows of the table, float32 [2 N, width], and `steps`, float32, minus the gradient of each; a row
    may be there often. The table is only read. One function, because its loops share what a call of another would copy.
    """
    width = table.shape[1]
    tall, wide = 0, 0
    for t in range(first * together, min(last * together, len(bounds))):
        tall = max(tall, bounds[t, 1] - bounds[t, 0])
        wide = max(wide, bounds[t, 3] - bounds[t, 2] + negatives)
    targets, contexts = np.empty((tall, width), np.float32), np.empty((wide, width), np.float32)
    noise, moves = np.empty((negatives, width), np.float32), np.empty((wide, width), np.float32)
    cells, powers = np.empty(tall * wide, np.float32), np.empty(wide, np.float32)
    for group in range(first, last):
        shared = offsets[group]
        at = shared + negatives
        _draw(accept, alias, mixed(seed + mixed(np.uint64(group))), table, keys[shared:at])
        _gathered(table, keys[shared:at], noise)
        steps[shared:at] = 0
        for t in range(group * together, min((group + 1) * together, len(bounds))):
            n, m = bounds[t, 1] - bounds[t, 0], bounds[t, 3] - bounds[t, 2]
            _name(bounds, t, nodes, table, keys[at : at + n + m])
            _gathered(table, keys[at : at + n], targets)
            _gathered(table, keys[at + n : at + n + m], contexts)
            contexts[m : m + negatives] = noise
            u, v, slopes = targets[:n], contexts[: m + negatives], cells[: n * (m + negatives)]
            slopes = slopes.reshape((n, m + negatives))
            np.dot(u, v.T, slopes)
            tile_loss, tile_pairs = _slopes(bounds[t], spots, reach, rate, offset, slopes, powers)
            sums[group, 0] += tile_loss
            sums[group, 1] += tile_pairs
            np.dot(slopes, v, steps[at : at + n])
            np.dot(slopes.T, u, moves[: m + negatives])
            steps[at + n : at + n + m] = moves[:m]
            for k in range(negatives):
                for e in range(width):
                    steps[shared + k, e] += moves[m + k, e]
            at += n + m


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
def descend(
    keys: Any, steps: Any, low: Any, high: Any, firsts: Any, squares: Any, learning_rate: Any, table: Any
) -> None:
    """Move rows `low` to `high` of the table by the sum of their steps, in the order in which these stand.

    Row-wise AdaGrad (Duchi, Hazan & Singer 2011): `squares` float32 [2 N] has the sum of each row's mean squared
    gradients. `firsts` int32 [2 N] is -1 before and after.
    """
    add_up(keys, steps, low, high, firsts)
    width = table.shape[1]
    per_element, rate = np.float32(1.0 / width), np.float32(learning_rate)
    for entry in range(len(keys)):
        key = keys[entry]
        if low <= key < high and firsts[key] == entry:
            firsts[key] = -1
            square = np.float32(0)
            for e in range(width):
                square += steps[entry, e] * steps[entry, e]
            squares[key] += square * per_element
            scale = rate / np.sqrt(squares[key] + FLOOR)
            for e in range(width):
                table[key, e] += scale * steps[entry, e]
