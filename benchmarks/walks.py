"""Random walks of node2vec on the movie graph, in steps a second, on one thread and on two."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.figure import Figure, Other, main
from benchmarks.movie_graph import movie_graph, ratings
from bridge.models.walks import Bias, Walker

TITLE = "random walks on the movie graph"

LENGTH, WALKS_PER_NODE = 80, 100  # long enough that starting threads is no part of it
RUNS = 7
SETTINGS = ((Bias(1.0, 1.0), 4e6), (Bias(0.5, 2.0), 1e6))
"""Return and in-out factor, and how many steps a second there should be at least."""
TWO_THREADS = 1.5


def measure() -> Iterator[Figure]:
    """Count the fastest of some runs; thread counts by turns, so that a busy moment meets both."""
    graph = movie_graph(ratings()).graph()
    for bias, least in SETTINGS:
        walker = Walker(graph, bias, length=LENGTH, seed=0)
        _steps_per_second(walker, 1)  # compiles
        runs = [(_steps_per_second(walker, 1), _steps_per_second(walker, 2)) for _ in range(RUNS)]
        one, two = (max(column) for column in zip(*runs, strict=True))
        name = f"walks, p={bias.return_factor:g} q={bias.in_out_factor:g}"
        yield Figure(f"{name}, one thread", one, "steps/s", "higher", bar=least)
        yield Figure(f"{name}, two threads", two, "steps/s", "higher", against=Other("one", one), bar=TWO_THREADS)


def _steps_per_second(walker: Walker, threads: int) -> float:
    count = WALKS_PER_NODE * len(walker.starts)
    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        walker.walks(0, count, pool, threads)
        return count * (LENGTH - 1) / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
