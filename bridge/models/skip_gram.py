"""Skip-gram with negative sampling (Mikolov et al. 2013) over the pairs of random walks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.core.late import late
from bridge.core.progress import Progress
from bridge.models.skip_gram_check import check
from bridge.models.skip_gram_state import SkipGramStart, SkipGramState
from bridge.models.walks import SEED_MASK

with late("bridge.models.skip_gram_kernels", "bridge.models.walk_kernels"):  # which bring numba
    from bridge.models import skip_gram_kernels as kernels
    from bridge.models import walk_kernels

TILE, MOST_TILE = 32, 256
"""Places that learn as one product of matrices: the window's greatest reach, but no fewer than the first and no more
than the second."""
LARGE = 10_000
"""From so many nodes with a relationship on vectors are far from the processor's caches, where noise costs most of the
time."""
NOISE_OF_SMALL, NOISE_OF_LARGE = 12, 4
"""Noise contexts that the places of a group of tiles share, in multiples of `negativeSamplingRate`."""
TOGETHER_OF_SMALL, TOGETHER_OF_LARGE = 1, 4
"""Tiles of a group."""
MOST_NOISE = 1024
"""Noise contexts of a group at most; each then weighs more."""
ROUND_SHARE = 0.5
"""Places of a round by nodes with a relationship: the more, the older are the vectors that gradients are taken at."""
ROUND_ROWS = 1 << 14
"""Gradients of rows that a round keeps before they are applied; about as many as the processor's caches hold."""
LANES = 16
"""Vectors are padded to a multiple of it, so that no loop has a remainder."""
PLACES_AT_ONCE = 1 << 15
"""Most places of walks between two reports of progress."""
WINDOWS, NOISE, START = range(3)
"""What a random stream is for."""
ROWS_AT_ONCE = 1 << 14


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
class Places:
    """The places of some walks that take part, in tiles of neighbours and groups of tiles that share their noise."""

    nodes: NDArray[np.int32]
    """int32 [places]."""
    spots: NDArray[np.int64]
    """int64 [places]; where each is, walks being farther apart than any window reaches."""
    reach: NDArray[np.int32]
    """int32 [places]; how far each looks."""
    bounds: NDArray[np.int64]
    """int64 [tiles, 4]; first and last of the places, first and last of those in reach, each last one exclusive."""
    offsets: NDArray[np.int64]
    """int64 [groups + 1]; rows of the table that the groups before each take a gradient for."""
    seed: np.uint64
    """Of the noise, with the number of the group."""

    def rounds(self, most_places: int, together: int) -> Iterator[tuple[int, int]]:
        """Cut the groups where a round has enough places or rows: first group, and the one after the last."""
        groups = len(self.offsets) - 1
        ends = self.bounds[np.minimum(np.arange(1, groups + 1) * together, len(self.bounds)) - 1, 1]
        first = 0
        while first < groups:
            places = most_places + (ends[first - 1] if first else 0)
            last = min(
                np.searchsorted(ends, places, "right"),
                np.searchsorted(self.offsets, self.offsets[first] + ROUND_ROWS, "right") - 1,
            )
            last = max(first + 1, int(last))
            yield first, last
            first = last


class SkipGram:
    """Two vectors per node, learned from walks: u as target, v as context; a pair scores σ(u · v - offset).

    In each round the threads take gradients at vectors that stay as they are, then add them up, each thread for nodes
    of its own and in the order of the walks. So no lock is needed, and any number of threads gives equal bytes.
    """

    def __init__(
        self,
        walks: WalkSource,
        node_count: int,
        settings: SkipGramSettings,
        *,
        seed: int,
        pool: Executor,
        threads: int,
    ) -> None:
        self.settings = settings
        self.counts = np.zeros(node_count, np.int64)
        """int64 [N]; visits by node, once `count` has run."""
        self._walks, self._pool, self._threads = walks, pool, threads
        self._seed = seed & SEED_MASK
        self._table = _start(np.random.default_rng([self._seed, START]), 2 * node_count, settings)
        self.targets, self.contexts = self._table[0::2], self._table[1::2]
        """float32 [N, width] by node; columns from `dimension` on are zero."""
        self._squares = np.zeros(2 * node_count, np.float32)
        self._firsts = np.full(2 * node_count, -1, np.int32)
        self._keys, self._steps = np.empty(0, np.int32), np.empty((0, self._table.shape[1]), np.float32)

    def resume(self, start: SkipGramStart) -> None:
        """Go on from what another training has learned of some nodes; the others start as they are."""
        rows, columns = start.rows, slice(self.settings.dimension)
        self.contexts[rows, columns] = start.state.contexts
        self.targets[rows, columns] = start.vectors - start.state.contexts
        self._squares.reshape(-1, 2)[rows] = start.state.squares

    def count(self, progress: Progress) -> None:
        """Count the visits of every node, from which noise is drawn and frequent nodes are thinned out."""
        for first, count in self._parts():
            kernels.visits(self._of_walks(first, count), self.counts)
            progress((first + count) / self._walks.count, "walks")
        self._size_up(int(np.count_nonzero(self.counts)))
        noise = np.where(self.counts > 0, np.maximum(self.counts, 1.0) ** self.settings.negative_exponent, 0.0)
        weights = noise.astype(np.float32)
        self._accept, self._alias = np.empty(len(weights), np.float32), np.empty(len(weights), np.int32)
        everyone = np.array([0, len(weights)], np.int64)
        walk_kernels.alias_tables(everyone, weights, self._accept, self._alias, np.zeros(1))
        frequency = np.maximum(self.counts, 1) / self.counts.sum()
        factor = max(self.settings.positive_factor, 1 / np.count_nonzero(self.counts))
        self._keep = np.minimum(1.0, (np.sqrt(frequency / factor) + 1) * factor / frequency)
        # Of a small graph it takes less time to add gradients up than to wake another thread for it.
        owners = self._threads if self._walked >= LARGE else 1
        visits = np.cumsum(self.counts)
        inner = np.searchsorted(visits, visits[-1] * np.arange(1, owners) / owners)
        self._owned = list(pairwise(2 * np.concatenate([[0], inner, [len(visits)]])))

    def _size_up(self, walked: int) -> None:
        # Nodes that no walk visits learn nothing: how many there are must not change what the others learn.
        self._walked = walked
        noise = NOISE_OF_LARGE if walked >= LARGE else NOISE_OF_SMALL
        self._negatives = min(MOST_NOISE, noise * self.settings.negative_rate)
        self._together = TOGETHER_OF_LARGE if walked >= LARGE else TOGETHER_OF_SMALL

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
            for first, count in self._parts():
                part_loss, part_pairs = self._part(iteration, first, count)
                loss, pairs = loss + part_loss, pairs + part_pairs
                progress(self._fraction(iteration, first), f"iteration {iteration} of {iterations}")
            losses.append(loss / pairs if pairs else np.nan)
            check(self.targets, self.contexts, self.counts > 0, losses, iteration)
            progress(iteration / iterations, f"iteration {iteration} of {iterations}", loss=losses[-1])
        return losses

    def vectors(self) -> NDArray[np.float32]:
        """Return u + v by node, float32 [N, dimension]."""
        dimension = self.settings.dimension
        return self.targets[:, :dimension] + self.contexts[:, :dimension]

    def state(self) -> SkipGramState:
        """Return what a later training needs beside the vectors, by node."""
        return SkipGramState(self.contexts[:, : self.settings.dimension].copy(), self._squares.reshape(-1, 2))

    def _parts(self) -> Iterator[tuple[int, int]]:
        """Give the parts of a pass: first walk, number of walks."""
        size = max(1, PLACES_AT_ONCE // self._walks.length)
        for first in range(0, self._walks.count, size):
            yield first, min(size, self._walks.count - first)

    def _of_walks(self, first: int, count: int) -> NDArray[np.int32]:
        return self._walks.walks(first, count, self._pool, self._threads)

    def _fraction(self, iteration: int, walk: float) -> float:
        return (iteration - 1 + walk / self._walks.count) / self.settings.iterations

    def _part(self, iteration: int, first: int, count: int) -> tuple[float, int]:
        places = self._places(iteration, first, self._of_walks(first, count))
        groups = len(places.offsets) - 1
        sums = np.zeros((groups, 2))  # by group: added up in one order, whichever thread made them
        start, end = self.settings.initial_learning_rate, self.settings.min_learning_rate
        most = max(1, int(ROUND_SHARE * self._walked))
        for begin, stop in places.rounds(most, self._together):
            cuts = np.unique(np.linspace(begin, stop, self._threads + 1).astype(np.int64))
            offsets = places.offsets - places.offsets[begin]
            self._make_room(int(offsets[stop]))
            self._each(partial(self._gradients, places, offsets, sums), list(pairwise(cuts)))
            rate = start + self._fraction(iteration, first + count * begin / groups) * (end - start)
            self._each(partial(self._descend, int(offsets[stop]), rate), self._owned)
        loss, pairs = sums.sum(axis=0)
        return float(loss), int(pairs)

    def _places(self, iteration: int, first: int, walks: NDArray[np.int32]) -> Places:
        nodes, reach = (np.empty(walks.size, np.int32) for _ in range(2))
        spots = np.empty(walks.size, np.int64)
        window, together = self.settings.window, self._together
        seed = _stream(self._seed, WINDOWS, iteration)
        count = kernels.places(walks, self._keep, window, seed, first, nodes, spots, reach)
        bounds = np.empty((count, 4), np.int64)
        bounds = bounds[: kernels.tiles(spots[:count], window, min(MOST_TILE, max(TILE, window)), bounds)]
        rows = bounds[:, 1] - bounds[:, 0] + bounds[:, 3] - bounds[:, 2]
        of_groups = np.add.reduceat(rows, np.arange(0, len(rows), together)) if len(rows) else rows
        offsets = np.concatenate([[0], np.cumsum(of_groups + self._negatives)])
        return Places(nodes, spots, reach, bounds, offsets, _stream(self._seed, NOISE, iteration, first))

    def _make_room(self, rows: int) -> None:
        if rows > len(self._keys):
            self._keys, self._steps = np.empty(rows, np.int32), np.empty((rows, self._table.shape[1]), np.float32)

    def _gradients(
        self, places: Places, offsets: NDArray[np.int64], sums: NDArray[np.float64], groups: tuple[int, int]
    ) -> None:
        settings = self.settings
        kernels.gradients(
            places.bounds, *groups, self._together, offsets, places.nodes, places.spots, places.reach,
            settings.negative_rate, self._negatives, np.float32(settings.score_offset), places.seed,
            self._accept, self._alias, self._table, self._keys, self._steps, sums,
        )  # fmt: skip

    def _descend(self, rows: int, rate: float, owned: tuple[int, int]) -> None:
        kernels.descend(self._keys[:rows], self._steps, *owned, self._firsts, self._squares, rate, self._table)

    def _each(self, task: Callable[[tuple[int, int]], None], parts: list[tuple[int, int]]) -> None:
        """Run a task for each part, the first in this thread."""
        others = [self._pool.submit(task, part) for part in parts[1:]]
        task(parts[0])
        for other in others:
            other.result()


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
