"""Memory of the bridge server while it recommends for all users: it grows with chunks, not with users × items.

Two boards with the same items, one with four times the users. For each the server starts anew, answers for one user (so
that model and projection are loaded), and then recommends for all of them; the growth is the highest resident memory
seen meanwhile, less what it had before.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator

import psutil

from benchmarks import synthetic
from benchmarks.database import Database, started
from benchmarks.figure import Figure, Other, main, say
from bridge.runtime.local import Runtime

TITLE = "memory of the server while it recommends for all users"

MIB = 2**20
ITEMS = 10_000
BOARDS = {
    "few": int(os.environ.get("BENCHMARK_FEW_USERS", 5_000)),
    "many": int(os.environ.get("BENCHMARK_MANY_USERS", 20_000)),
}
"""By name, the users."""
LIKES_EACH = 20

MOST_GROWTH_RATIO = 2.0
"""What four times the scores may cost in memory; 4 would be in step with users × items."""

EVERY_SECONDS = 0.02

ONE_USER = """
MATCH (user:`{user}` {{key: 0}})
CALL bridge.recommend.stream($name, {{modelName: $name, sourceNodeFilter: [id(user)]}}) YIELD rank
RETURN count(*) AS rows
"""

ALL_USERS = "CALL bridge.recommend.stream($name, {modelName: $name}) YIELD rank RETURN count(*) AS rows"


def measure() -> Iterator[Figure]:
    """Yield the growth of both boards beside the scores that they have, then one by the other."""
    with started() as database:
        for name, users in BOARDS.items():
            synthetic.load(database, name, users=users, items=ITEMS, likes_each=LIKES_EACH)
            synthetic.train(database, name)
        growths = []
        for name, users in BOARDS.items():
            resting, peak = recommending(database, name, users)
            growths.append(max(peak - resting, 1.0))
            size = f"{users:,} users × {ITEMS:,} items"
            all_scores = Other("all scores as float32", users * ITEMS * 4 / MIB)
            yield Figure(f"growth of the server, {size}", growths[-1], "MiB", "lower", against=all_scores)
            yield Figure(f"peak of the server, {size}", peak, "MiB", "lower")
    few, many = growths
    times = BOARDS["many"] / BOARDS["few"]
    yield Figure(f"growth with {times:g} times the users, by growth", many / few, "", "lower", bar=MOST_GROWTH_RATIO)


def recommending(database: Database, name: str, users: int) -> tuple[float, float]:
    """Restart the server, recommend for all users; return its memory before and at most, in MiB."""
    runtime = Runtime(database.running.home, say=say)
    runtime.down(neo4j=False)
    runtime.up(neo4j=False)
    user, _ = synthetic.labels(name)
    database.rows(ONE_USER.format(user=user), name=name)
    process = database.bridge_process()
    resting = process.memory_info().rss / MIB
    rows: list[int] = []
    peak = _peak(process, lambda: rows.append(database.row(ALL_USERS, name=name)["rows"]))
    assert rows == [users * 10], f"{rows[0]:,} rows for {users:,} users"
    say(f"{name}: {resting:.0f} MiB before, {peak:.0f} MiB at most")
    return resting, peak


def _peak(process: psutil.Process, work: Callable[[], None]) -> float:
    """Do some work; return the highest resident memory of a process seen meanwhile, in MiB."""
    seen = [process.memory_info().rss]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(EVERY_SECONDS):
            seen.append(process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return max(seen) / MIB


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
