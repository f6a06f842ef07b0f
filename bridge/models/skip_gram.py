"""Skip-gram with negative sampling (Mikolov et al. 2013) over the pairs of random walks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import FailedPreconditionError
from bridge.core.progress import Progress
from bridge.models import skip_gram_kernels as kernels
from bridge.models.walk_kernels import alias_tables
from bridge.models.walks import SEED_MASK

SHARED_NOISE, SHARED_NOISE_OF_LARGE = 8, 4
"""Noise contexts that the contexts of a target share, in multiples of `negativeSamplingRate`."""
SHARING, SHARING_OF_LARGE = 1, 16
"""Targets in a row that share them."""
LARGE = 10_000
"""From so many nodes on vectors are far from the processor's caches, where noise costs most of the time."""
LANES = 16
"""Vectors are padded to a multiple of it, so that no loop has a remainder."""
PLACES_AT_ONCE = 1 << 15
"""Most places of walks between two reports of progress, with vectors of `USUAL_WIDTH`."""
USUAL_WIDTH = 128
ALIKE = 1e-5
"""Unit vectors no further apart than this are a collapsed embedding."""
WINDOWS, NOISE, START = range(3)
"""What a random stream is for."""
ROWS_AT_ONCE = 1 << 14
LEAST_STEPS = 32
"""Parts of a pass at least, while there are so many walks: so often all blocks meet."""


class WalkSource(Protocol):
    """Walks by number, the same whenever they are asked for."""

    length: int
    """Nodes of a whole walk."""
    count: int
    """How many walks there are."""

    def walks(self, first: int, count: int, pool: Executor, threads: int) -> NDArray[np.int32]:
        """Return int32 [count, length]; -1 after an early end."""


@dataclass(frozen=True)
class SkipGramSettings:
    """The objective, and how it is minimised."""

    dimension: int
    window: int
    negative_rate: int
    negative_exponent: float
    positive_factor: float
    score_offset: float
    initial_learning_rate: float
    min_learning_rate: float
    iterations: int
    initial_bound: float
    """Vector elements start uniform between minus and plus this."""


@dataclass(frozen=True)
class Blocks:
    """Rows of the vector tables: nodes in blocks of about equal share of the visits, block after block."""

    row_of: NDArray[np.int32]
    """int32 [N]; the row of each node."""
    block_of: NDArray[np.uint8]
    """uint8 [N]; the block of each row."""
    ends: NDArray[np.int64]
    """int64 [P + 1]; block b has rows `ends[b]` to `ends[b + 1] - 1`."""

    @classmethod
    def of(cls, degrees: NDArray[np.int64]) -> Blocks:
        """Deal the nodes out by degree. The number of blocks depends on the graph alone."""
        count = block_count(len(degrees))
        order = np.argsort(-degrees, kind="stable")
        block_of_node = np.empty(len(degrees), np.int64)
        block_of_node[order] = np.arange(len(degrees)) % count
        nodes = np.argsort(block_of_node, kind="stable")
        row_of = np.empty(len(degrees), np.int32)
        row_of[nodes] = np.arange(len(degrees), dtype=np.int32)
        ends = np.concatenate([[0], np.cumsum(np.bincount(block_of_node, minlength=count))])
        return cls(row_of, block_of_node[nodes].astype(np.uint8), ends.astype(np.int64))


def block_count(node_count: int) -> int:
    """Say how many threads a graph can use: P."""
    return 1 if node_count < 64 else 4


class SkipGram:
    """Two vectors per node, learned from walks: u as target, v as context; a pair scores σ(u · v - offset).

    Threads share nothing: in round r of a step, task i takes the targets of block i with the contexts of block
    (i + r) mod P, and draws its noise from those. So no lock is needed, and any number of threads gives equal bytes.
    """

    def __init__(
        self,
        walks: WalkSource,
        degrees: NDArray[np.int64],
        settings: SkipGramSettings,
        *,
        seed: int,
        pool: Executor,
        threads: int,
    ) -> None:
        self.settings = settings
        self.blocks = Blocks.of(degrees)
        self.counts = np.zeros(len(degrees), np.int64)
        """int64 [N]; visits by row, once `count` has run."""
        self._walks, self._pool, self._threads = walks, pool, threads
        self._seed = seed & SEED_MASK
        self._table = kernels.softplus_table()
        rng = np.random.default_rng([self._seed, START])
        self.targets, self.contexts = (_start(rng, len(degrees), settings) for _ in range(2))
        """float32 [N, width] by row; columns from `dimension` on are zero."""
        self._target_squares, self._context_squares = (np.zeros(len(degrees), np.float32) for _ in range(2))

    def count(self, progress: Progress) -> None:
        """Count the visits of every node, from which noise is drawn and frequent nodes are thinned out."""
        for first, count in self._steps():
            kernels.visits(self._of_walks(first, count), self.blocks.row_of, self.counts)
            progress((first + count) / self._walks.count, "walks")
        noise = np.where(self.counts > 0, np.maximum(self.counts, 1.0) ** self.settings.negative_exponent, 0.0)
        weights = noise.astype(np.float32)
        self._accept, self._alias = np.empty(len(weights), np.float32), np.empty(len(weights), np.int32)
        totals = np.zeros(len(self.blocks.ends) - 1)
        alias_tables(self.blocks.ends, weights, self._accept, self._alias, totals)
        self._shares = totals / totals.sum()
        frequency = np.maximum(self.counts, 1) / self.counts.sum()
        factor = max(self.settings.positive_factor, 1 / np.count_nonzero(self.counts))
        self._keep = np.minimum(1.0, (np.sqrt(frequency / factor) + 1) * factor / frequency)

    def train(self, progress: Progress) -> list[float]:
        """Pass over the pairs of all walks `iterations` times; return the mean loss of a pair for each pass.

        Raises:
            CancelledError: from `progress`.
            FailedPreconditionError: no pair is left, or the vectors collapsed or are no longer numbers.
        """
        losses: list[float] = []
        iterations = self.settings.iterations
        for iteration in range(1, iterations + 1):
            loss, pairs = 0.0, 0
            for first, count in self._steps():
                fraction = (iteration - 1 + first / self._walks.count) / iterations
                step_loss, step_pairs = self._step(iteration, first, count, fraction)
                loss, pairs = loss + step_loss, pairs + step_pairs
                progress(fraction, f"iteration {iteration} of {iterations}")
            losses.append(loss / pairs if pairs else np.nan)
            check(self.targets, self.contexts, self.counts > 0, losses, iteration)
            progress(iteration / iterations, f"iteration {iteration} of {iterations}", loss=losses[-1])
        return losses

    def vectors(self) -> NDArray[np.float32]:
        """Return u + v by node, float32 [N, dimension]; the tables are used up."""
        self.targets += self.contexts
        return np.ascontiguousarray(self.targets[self.blocks.row_of, : self.settings.dimension])

    def _steps(self) -> Iterator[tuple[int, int]]:
        """Give the parts of a pass: first walk, number of walks."""
        places = PLACES_AT_ONCE * USUAL_WIDTH // max(USUAL_WIDTH, self.settings.dimension)
        size = max(1, min(self._walks.count // LEAST_STEPS, places // self._walks.length))
        for first in range(0, self._walks.count, size):
            yield first, min(size, self._walks.count - first)

    def _of_walks(self, first: int, count: int) -> NDArray[np.int32]:
        return self._walks.walks(first, count, self._pool, self._threads)

    def _step(self, iteration: int, first: int, count: int, fraction: float) -> tuple[float, int]:
        walks = self._of_walks(first, count)
        rows, reach = np.empty_like(walks), np.zeros_like(walks)
        seed = _stream(self._seed, WINDOWS, iteration)
        kernels.windows(walks, self.blocks.row_of, self._keep, self.settings.window, seed, first, rows, reach)
        rows, reach = rows.ravel(), reach.ravel()
        order, ends = np.empty(len(rows), np.int32), np.zeros(len(self._shares), np.int64)
        kernels.by_block(rows, self.blocks.block_of, ends, order)
        targets = np.split(order[: ends[-1]], ends[:-1])
        start, end = self.settings.initial_learning_rate, self.settings.min_learning_rate
        rate = start + fraction * (end - start)
        loss, pairs = 0.0, 0
        for meeting in meetings(len(targets)):
            task = partial(self._meet, targets, rows, reach, rate, (iteration, first))
            for task_loss, task_pairs in self._pool.map(task, meeting):
                loss, pairs = loss + task_loss, pairs + task_pairs
        return loss, pairs

    def _meet(
        self,
        targets: list[NDArray[np.int32]],
        rows: NDArray[np.int32],
        reach: NDArray[np.int32],
        rate: float,
        step: tuple[int, int],
        meeting: tuple[int, int],
    ) -> tuple[float, int]:
        i, j = meeting
        settings, ends, blocks = self.settings, self.blocks.ends, len(targets)
        large = len(self.counts) >= LARGE
        shared = SHARED_NOISE_OF_LARGE if large else SHARED_NOISE
        done: tuple[float, int] = kernels.train_targets(
            targets[i], rows, reach, self._walks.length,
            ends[j], ends[j + 1], self._shares[j], self._accept, self._alias,
            settings.negative_rate, max(1, shared * settings.negative_rate // blocks),
            SHARING_OF_LARGE if large else SHARING,
            float(settings.score_offset), float(rate), _stream(self._seed, NOISE, *step, i, j), self._table,
            self.targets, self.contexts, self._target_squares, self._context_squares,
        )  # fmt: skip
        return done


def meetings(blocks: int) -> Iterator[list[tuple[int, int]]]:
    """Give rounds of (target block, context block): every pair once, no block twice in a round."""
    for turn in range(blocks):
        yield [(i, (i + turn) % blocks) for i in range(blocks)]


def check(
    targets: NDArray[np.float32],
    contexts: NDArray[np.float32],
    visited: NDArray[np.bool_],
    losses: list[float],
    iteration: int,
) -> None:
    """Refuse vectors that mean nothing; arrays are [N, width], [N, width] and bool [N].

    Raises:
        FailedPreconditionError: naming the iteration.
    """
    if np.isnan(losses[-1]) and np.isfinite(targets).all():
        raise FailedPreconditionError(
            f"No pair of nodes was left to learn from in iteration {iteration}. `positiveSamplingFactor` drops the "
            "visits of frequent nodes: choose a greater one, or more or longer walks.",
            reason="NOTHING_TO_LEARN",
        )
    sums = targets.sum(axis=1) + contexts.sum(axis=1)  # one number a row: not finite if any element is not
    if not (np.isfinite(sums).all() and np.isfinite(losses[-1])):
        raise FailedPreconditionError(
            f"The embedding was no longer finite after iteration {iteration}. Nothing was kept. Choose a smaller "
            "`initialLearningRate`.",
            reason="EMBEDDING_NOT_FINITE",
        )
    some = np.flatnonzero(visited)[:10_000]
    vectors = targets[some] + contexts[some]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    if len(some) > 1 and np.ptp(units, axis=0).max() < ALIKE:
        raise FailedPreconditionError(
            f"The embedding collapsed in iteration {iteration}: all vectors point the same way. Nothing was kept. "
            "Choose a smaller `initialLearningRate`, fewer `iterations` or a greater `negativeSamplingRate`.",
            reason="EMBEDDING_COLLAPSED",
        )


def _start(rng: np.random.Generator, rows: int, settings: SkipGramSettings) -> NDArray[np.float32]:
    vectors = np.zeros((rows, padded(settings.dimension)), np.float32)
    for begin in range(0, rows, ROWS_AT_ONCE):  # no second table beside the first
        part = vectors[begin : begin + ROWS_AT_ONCE, : settings.dimension]
        part[:] = (2 * rng.random(part.shape, dtype=np.float32) - 1) * np.float32(settings.initial_bound)
    return vectors


def padded(dimension: int) -> int:
    """Return the length of a row of the vector tables."""
    return -(-dimension // LANES) * LANES


def _stream(*words: int) -> np.uint64:
    return np.uint64(np.random.SeedSequence(words).generate_state(1, np.uint64)[0])
