"""Skip-gram with negative sampling (Mikolov et al. 2013) over the pairs of random walks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.core.late import late
from bridge.core.progress import Progress
from bridge.models.skip_gram_check import check
from bridge.models.skip_gram_state import SkipGramStart, SkipGramState
from bridge.models.walks import SEED_MASK

with late(  # which bring numba
    "bridge.models.barrier",
    "bridge.models.skip_gram_kernels",
    "bridge.models.skip_gram_tiles",
    "bridge.models.walk_kernels",
):
    from bridge.models import barrier as meeting
    from bridge.models import skip_gram_kernels as kernels
    from bridge.models import skip_gram_tiles as tiles
    from bridge.models import walk_kernels

TILE, MOST_TILE = 32, 256
"""Places that learn as one product of matrices: the window's greatest reach, but no fewer than the first and no more
than the second."""
LARGE = 10_000
"""From so many nodes with a relationship on vectors are far from the processor's caches, where noise costs most of the
time."""
NOISE_OF_SMALL, NOISE_OF_LARGE = 12, 4
"""Noise contexts that the places of a group of tiles share, in multiples of `negativeSamplingRate`; of a small graph
for one pass. Each pass draws others, so several need fewer each: by the root of their number, down to those of a large
graph."""
TOGETHER_OF_SMALL, TOGETHER_OF_LARGE = 1, 4
"""Tiles of a group."""
MOST_NOISE = 1024
"""Noise contexts of a group at most; each then weighs more."""
ROUND_SHARE = 0.5
"""Places of a round by nodes with a relationship: the more, the older are the vectors that gradients are taken at."""
ROUND_ROWS = 1 << 12
"""Gradients of rows that a round keeps before they are applied; about as many as a processor's own cache holds."""
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


class SkipGram:
    """Two vectors per node, learned from walks: u as target, v as context; a pair scores σ(u · v - offset).

    In each round the threads take gradients at vectors that stay as they are, meet, add them up, each thread for nodes
    of its own and in the order of the walks, and meet again. So any number of threads gives equal bytes.
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
        self._tables = kernels.Tables(
            _start(np.random.default_rng([self._seed, START]), 2 * node_count, settings),
            np.zeros(2 * node_count, np.float32),
            np.full(2 * node_count, -1, np.int32),
        )
        self.targets, self.contexts = self._tables.vectors[0::2], self._tables.vectors[1::2]
        """float32 [N, width] by node; columns from `dimension` on are zero."""
        self._keys, self._steps = np.empty(0, np.int32), np.empty((0, padded(settings.dimension)), np.float32)

    def resume(self, start: SkipGramStart) -> None:
        """Go on from what another training has learned of some nodes; the others start as they are."""
        rows, columns = start.rows, slice(self.settings.dimension)
        self.contexts[rows, columns] = start.state.contexts
        self.targets[rows, columns] = start.vectors - start.state.contexts
        self._tables.squares.reshape(-1, 2)[rows] = start.state.squares

    def count(self, progress: Progress) -> None:
        """Count the visits of every node, from which noise is drawn and frequent nodes are thinned out."""
        for first, count in self._parts():
            tiles.visits(self._of_walks(first, count), self.counts)
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
        visits = np.cumsum(self.counts)
        inner = np.searchsorted(visits, visits[-1] * np.arange(1, self._threads) / self._threads)
        self._crew = 2 * np.concatenate([[0], inner, [len(visits)]])

    def _size_up(self, walked: int) -> None:
        # Nodes that no walk visits learn nothing: how many there are must not change what the others learn.
        self._most_places = max(1, int(ROUND_SHARE * walked))
        noise = NOISE_OF_LARGE if walked >= LARGE else NOISE_OF_SMALL / self.settings.iterations**0.5
        self._negatives = min(MOST_NOISE, max(NOISE_OF_LARGE, round(noise)) * self.settings.negative_rate)
        self._tiles = TOGETHER_OF_LARGE if walked >= LARGE else TOGETHER_OF_SMALL

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
        return SkipGramState(self.contexts[:, : self.settings.dimension].copy(), self._tables.squares.reshape(-1, 2))

    def _parts(self) -> Iterator[tuple[int, int]]:
        """Give the parts of a pass: first walk, number of walks."""
        size = max(1, PLACES_AT_ONCE // self._walks.length)
        for first in range(0, self._walks.count, size):
            yield first, min(size, self._walks.count - first)

    def _of_walks(self, first: int, count: int) -> NDArray[np.int32]:
        return self._walks.walks(first, count, self._pool, self._threads)

    def _fraction(self, iteration: int, walk: Any) -> Any:
        # A number, or an array of them.
        return (iteration - 1 + walk / self._walks.count) / self.settings.iterations

    def _part(self, iteration: int, first: int, count: int) -> tuple[float, int]:
        places = self._places(iteration, first, self._of_walks(first, count))
        groups = len(places.offsets) - 1
        start, end = self.settings.initial_learning_rate, self.settings.min_learning_rate
        begun = self._fraction(iteration, first + count * places.rounds[:-1] / groups)
        rates = start + begun * (end - start)
        noise = kernels.Noise(
            self._accept, self._alias, _stream(self._seed, NOISE, iteration, first), self._negatives,
            self.settings.negative_rate, self.settings.score_offset,
        )  # fmt: skip
        moves = self._moves(places)
        self._together(partial(self._share, places, noise, rates, moves, self._spaces(places)))
        loss, pairs = moves.sums.sum(axis=0)  # by group: added up in one order, whichever thread made them
        return float(loss), int(pairs)

    def _places(self, iteration: int, first: int, walks: NDArray[np.int32]) -> tiles.Places:
        nodes, reach = (np.empty(walks.size, np.int32) for _ in range(2))
        spots = np.empty(walks.size, np.int64)
        window, together = self.settings.window, self._tiles
        seed = _stream(self._seed, WINDOWS, iteration)
        count = tiles.places(walks, self._keep, window, seed, first, nodes, spots, reach)
        bounds = np.empty((count, 4), np.int64)
        bounds = bounds[: tiles.tiles(spots[:count], window, min(MOST_TILE, max(TILE, window)), bounds)]
        rows = bounds[:, 1] - bounds[:, 0] + bounds[:, 3] - bounds[:, 2]
        begins = np.arange(0, len(rows), together)
        of_groups = np.add.reduceat(rows, begins) if len(rows) else rows
        offsets = np.concatenate([[0], np.cumsum(of_groups + self._negatives)])
        ends = bounds[np.minimum(begins + together, len(bounds)) - 1, 1]
        firsts = np.empty(len(offsets), np.int64)
        firsts = firsts[: tiles.rounds(ends, offsets, self._most_places, ROUND_ROWS, firsts) + 1]
        return tiles.Places(nodes, spots, reach, bounds, together, offsets, firsts)

    def _moves(self, places: tiles.Places) -> kernels.Moves:
        rows = int(np.diff(places.offsets[places.rounds]).max(initial=0))
        if rows > len(self._keys):
            self._keys, self._steps = np.empty(rows, np.int32), np.empty((rows, self._steps.shape[1]), np.float32)
        return kernels.Moves(self._keys, self._steps, np.zeros((len(places.offsets) - 1, 2)))

    def _spaces(self, places: tiles.Places) -> list[kernels.Space]:
        tall = int((places.bounds[:, 1] - places.bounds[:, 0]).max(initial=0))
        wide = self._negatives + int((places.bounds[:, 3] - places.bounds[:, 2]).max(initial=0))
        return [kernels.Space.of(tall, wide, self._steps.shape[1]) for _ in range(self._threads)]

    def _share(
        self,
        places: tiles.Places,
        noise: kernels.Noise,
        rates: NDArray[np.float64],
        moves: kernels.Moves,
        spaces: list[kernels.Space],
        thread: int,
        state: NDArray[np.int64],
    ) -> None:
        kernels.learn(thread, self._crew, places, noise, rates, self._tables, moves, spaces[thread], state)

    def _together(self, share: Callable[[int, NDArray[np.int64]], None]) -> None:
        """Have every thread do its share, the first in this thread."""
        state = meeting.barrier()

        def guarded(thread: int) -> None:
            try:
                share(thread, state)
            except BaseException:
                meeting.give_up(state)
                raise

        try:
            others = [self._pool.submit(guarded, thread) for thread in range(1, self._threads)]
        except RuntimeError:  # the operating system has no more threads: those that there are wait for one
            meeting.give_up(state)
            raise
        guarded(0)
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
