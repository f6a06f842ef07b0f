"""All benchmarks, one after the other: `python -m benchmarks` those that end within 25 minutes, `--full` all."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable

from benchmarks import (
    damage,
    damaged_candidates,
    full_disk,
    gate,
    kills,
    latency,
    memory,
    node2vec_gds,
    node2vec_links,
    projection,
    ranking,
    rating,
    request_ids,
    retrain,
    rollback,
    sage_article,
    sage_step,
    scripts,
    server_memory,
    swaps,
    walks,
    write,
)
from benchmarks.figure import Figure, say, show

Benchmark = tuple[str, Callable[[], Iterable[Figure]]]

SHORT: tuple[Benchmark, ...] = (
    (sage_step.TITLE, sage_step.measure),
    (walks.TITLE, walks.measure),
    (projection.TITLE, projection.measure),
    (write.TITLE, write.measure),
    (latency.TITLE, latency.measure),
    (scripts.TITLE, scripts.measure),
    (server_memory.TITLE, server_memory.measure),
    (ranking.TITLE, ranking.measure),
)
"""Together within 25 minutes on two calm cores."""

LONG: tuple[Benchmark, ...] = (
    (sage_article.TITLE, sage_article.measure),
    (rating.TITLE, rating.measure),
    (retrain.TITLE, retrain.measure),
    (node2vec_links.TITLE, node2vec_links.measure),
    (node2vec_gds.TITLE, node2vec_gds.measure),
    (memory.TITLE, memory.measure),
    (kills.TITLE, kills.measure),
    (damage.TITLE, damage.measure),
    (damaged_candidates.TITLE, damaged_candidates.measure),
    (full_disk.TITLE, full_disk.measure),
    (swaps.TITLE, swaps.measure),
    (request_ids.TITLE, request_ids.measure),
    (gate.TITLE, gate.measure),
    (rollback.TITLE, rollback.measure),
)


def run(benchmarks: Iterable[Benchmark]) -> int:
    """Run all of them, whatever becomes of one; return how many bars were missed and benchmarks failed."""
    wrong = 0
    for title, measure in benchmarks:
        try:
            wrong += sum(figure.holds is False for figure in show(title, measure()))
        except Exception as error:
            say(f"{title}: failed, {type(error).__name__}: {error}")
            wrong += 1
    return wrong


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="also what takes longer")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(min(1, run((*SHORT, *LONG) if _arguments().full else SHORT)))
