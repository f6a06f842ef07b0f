"""The compiled inner loops of skip-gram with negative sampling.

numba's cache on disk notices changes of this file alone: who changes `prefetch`, or `mixed`, a published hash, has to
touch it too. `train_targets` is one long function because its loops share what a call of another would copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.models.compiled import compiled, prefetch
from bridge.models.walk_kernels import HALF, LOW, STEP, UNIT, mixed

SCORE_LIMIT = 16.0
"""Beyond it σ is 0 or 1 in float32, near enough."""
CELLS_PER_UNIT = 64
FLOOR = np.float32(1e-12)


def softplus_table() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return log(1 + exp(s)) at every 1/64 from -16 to 16, and σ(s) beside it; float32 [2049, 2]."""
    s = np.linspace(-SCORE_LIMIT, SCORE_LIMIT, int(2 * SCORE_LIMIT * CELLS_PER_UNIT) + 1)
    return np.stack([np.log1p(np.exp(s)), 1 / (1 + np.exp(-s))], axis=1).astype(np.float32)


@compiled
def visits(walks: Any, row_of: Any, counts: Any) -> None:
    """Add to `counts`, int64 [rows], how often each row occurs in the walks that have a pair."""
    for walk in range(walks.shape[0]):
        if walks[walk, 1] >= 0:
            for place in range(walks.shape[1]):
                if walks[walk, place] < 0:
                    break
                counts[row_of[walks[walk, place]]] += 1


@compiled
def windows(walks: Any, row_of: Any, keep: Any, window: Any, seed: Any, first: Any, rows: Any, reach: Any) -> None:
    """Draw which places of the walks take part and how far each looks, from a stream per walk.

    rows int32 [walks, length] gets the row of each node, -1 for places left out; reach int32 gets 1 to `window`.
    """
    for walk in range(walks.shape[0]):
        s = mixed(seed + mixed(np.uint64(first + walk)))
        for place in range(walks.shape[1]):
            rows[walk, place] = -1
            node = walks[walk, place]
            if node < 0:
                continue
            s += STEP
            bits = mixed(s)
            row = row_of[node]
            if np.float64(bits & LOW) * UNIT < keep[row]:
                rows[walk, place] = row
                reach[walk, place] = 1 + np.int64(((bits >> HALF) * np.uint64(window)) >> HALF)


@compiled
def by_block(rows: Any, block_of: Any, ends: Any, order: Any) -> None:
    """Sort the places that take part by the block of their row, stably.

    rows int32 [places], block_of uint8 [rows]; order int32 [places] gets the places, ends int64 [blocks] where each
    block ends in it.
    """
    ends[:] = 0
    for row in rows:
        if row >= 0:
            ends[block_of[row]] += 1
    total = 0
    for block in range(len(ends)):
        total += ends[block]
        ends[block] = total - ends[block]
    for place in range(len(rows)):
        if rows[place] >= 0:
            block = block_of[rows[place]]
            order[ends[block]] = place
            ends[block] += 1


@compiled
def train_targets(
    order: Any,
    rows: Any,
    reach: Any,
    length: Any,
    low: Any,
    high: Any,
    share: Any,
    accept: Any,
    alias: Any,
    rate: Any,
    negatives: Any,
    sharing: Any,
    offset: Any,
    learning_rate: Any,
    seed: Any,
    table: Any,
    target_vectors: Any,
    context_vectors: Any,
    target_squares: Any,
    context_squares: Any,
) -> Any:
    """Take the pairs of the places in `order` with contexts in rows `low` to `high`; return summed loss and pairs.

    A place with c contexts in all has c · `rate` · `share` noise contexts of this block, drawn as at most `negatives`
    ones of greater weight, which its contexts share, and `sharing` places in turn: their vectors are then at hand.
    Row-wise AdaGrad (Duchi, Hazan & Singer 2011).
    """
    width = target_vectors.shape[1]
    gradient = np.empty(width, np.float32)
    chosen = np.empty(2 * length + negatives, np.int32)
    pool = np.empty(negatives, np.int32)
    left = 0
    cell = np.float32(CELLS_PER_UNIT)
    limit = np.float32(SCORE_LIMIT - 0.01)
    per_element = np.float32(1.0 / width)
    lr = np.float32(learning_rate)
    score_offset = np.float32(offset)
    loss: Any = 0.0
    pairs = 0
    s = seed
    for at in range(len(order)):
        place = order[at]
        row = rows[place]
        if at + 1 < len(order):
            prefetch(target_vectors, rows[order[at + 1]])
        begin = place - place % length
        context_count, positives = 0, 0
        for other in range(max(begin, place - reach[place]), min(begin + length, place + reach[place] + 1)):
            context = rows[other]
            if context >= 0 and other != place:
                context_count += 1
                if low <= context < high:
                    chosen[positives] = context
                    positives += 1
        if context_count == 0:
            continue
        noise = rate * share * context_count
        drawn = min(negatives, np.int64(np.ceil(noise)))
        if left == 0:
            for k in range(negatives):
                s += STEP
                bits = mixed(s)
                pick = low + np.int64(((bits >> HALF) * np.uint64(high - low)) >> HALF)
                if np.float64(bits & LOW) * UNIT >= accept[pick]:
                    pick = low + alias[pick]
                pool[k] = pick
            left = sharing
        left -= 1
        for k in range(drawn):
            chosen[positives + k] = pool[k]
        noise_weight = np.float32(noise / max(1, drawn))
        target = target_vectors[row]
        square = np.float32(0)
        for e in range(width):
            gradient[e] = 0
            square += target[e] * target[e]
        square *= per_element
        for k in range(positives):
            prefetch(context_vectors, chosen[k])
        for k in range(positives + drawn):
            context = context_vectors[chosen[k]]
            score = np.float32(0)
            for e in range(width):
                score += target[e] * context[e]
            score -= score_offset
            inside = -limit  # also for NaN, which must not become an index
            if score > limit:
                inside = limit
            elif score > -limit:
                inside = score
            place_in = (inside + np.float32(SCORE_LIMIT)) * cell
            index = np.int64(place_in)
            part = place_in - np.float32(index)
            sigma = table[index, 1] + part * (table[index + 1, 1] - table[index, 1])
            soft = table[index, 0] + part * (table[index + 1, 0] - table[index, 0])
            if score > limit:
                soft = score
            if k < positives:
                step = np.float32(1) - sigma
                loss += soft - score if score > -limit else -score
            else:
                step = -noise_weight * sigma
                loss += noise_weight * soft
            context_squares[chosen[k]] += step * step * square
            scale = lr * step / np.sqrt(context_squares[chosen[k]] + FLOOR)
            for e in range(width):
                gradient[e] += step * context[e]
                context[e] += scale * target[e]
        square = np.float32(0)
        for e in range(width):
            square += gradient[e] * gradient[e]
        target_squares[row] += square * per_element
        scale = lr / np.sqrt(target_squares[row] + FLOOR)
        for e in range(width):
            target[e] += scale * gradient[e]
        pairs += positives
    return loss, pairs
