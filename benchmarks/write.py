"""100,000 RECOMMENDED relationships written, beside GDS writing the same pairs with as many properties.

Ours: the time of `bridge.recommend.write` less that of `bridge.recommend.stream`, which reads and scores the same but
writes nothing; commit is inside. What is left includes asking the store for links made since the projection, which GDS
does not do. GDS's: the time of `gds.graph.relationshipProperties.write`, from an in-memory graph of the very pairs that
ours wrote, with five numbers each for our score, rank, modelName, modelVersion and createdAt.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from benchmarks import synthetic
from benchmarks.database import Database, started
from benchmarks.figure import Figure, Other, main, median, say

TITLE = "relationships written"

USERS = int(os.environ.get("BENCHMARK_WRITE_USERS", 10_000))
ITEMS, LIKES_EACH, TOP_K = 2_000, 20, 10
NAME = "write"
WARM_UP, RUNS = 1, 3

SCORE = """
CALL bridge.recommend.stream($name, {modelName: $name, topK: $topK}) YIELD sourceNodeId
RETURN count(*) AS rows
"""

WRITE = """
CALL bridge.recommend.write($name, $configuration)
YIELD relationshipsWritten, relationshipsDeleted, relationshipsUnchanged, writeMillis
RETURN *
"""

PROJECT_WRITTEN = """
MATCH (user)-[r:RECOMMENDED]->(item)
RETURN gds.graph.project('written', user, item, {relationshipType: 'PLAIN', relationshipProperties: {
  score: r.score, rank: r.rank, three: r.score, four: r.modelVersion, five: r.createdAt.epochMillis
}}).relationshipCount AS relationships
"""

GDS_WRITE = """
CALL gds.graph.relationshipProperties.write('written', 'PLAIN', ['score', 'rank', 'three', 'four', 'five'], {})
YIELD relationshipsWritten
RETURN relationshipsWritten
"""

DELETE = "MATCH ()-[r:{kind}]->() CALL (r) {{ DELETE r }} IN TRANSACTIONS OF 10000 ROWS"


def measure() -> Iterator[Figure]:
    """Write from empty in both manners beside GDS, then replace."""
    with started() as database:
        synthetic.load(database, NAME, users=USERS, items=ITEMS, likes_each=LIKES_EACH)
        synthetic.train(database, NAME)
        scoring = scored(database)
        atomic = from_empty(database, scoring)
        theirs = Other("gds.graph.relationshipProperties.write, 5 properties", by_gds(database))
        batched = from_empty(database, scoring, batchSize=10_000)
        yield Figure("relationships written, caller's transaction", atomic, "/s", "higher", theirs, bar=0.6)
        yield Figure("relationships written, batchSize 10000", batched, "/s", "higher", theirs, bar=1.0)
        yield from replaced(database, scoring)


def scored(database: Database) -> float:
    """Return the median seconds of recommending without writing."""
    seconds = [database.seconds(SCORE, name=NAME, topK=TOP_K) for _ in range(WARM_UP + RUNS)]
    say("scoring alone: " + ", ".join(f"{each:.2f} s" for each in seconds))
    return median(seconds[WARM_UP:])


def from_empty(database: Database, scoring: float, **more: int) -> float:
    """Return relationships a second, median of runs that each start without any."""
    speeds = []
    for _ in range(WARM_UP + RUNS):
        delete(database, "RECOMMENDED")
        count, seconds = written(database, scoring, **more)
        speeds.append(count / seconds)
    return median(speeds[WARM_UP:])


def written(database: Database, scoring: float, **more: int) -> tuple[int, float]:
    """Write once; return how many relationships were made and the seconds beyond scoring."""
    configuration = {"modelName": NAME, "topK": TOP_K, **more}
    row, took = database.timed_row(WRITE, name=NAME, configuration=configuration)
    say(f"  {row['relationshipsWritten']:,} written, {row['relationshipsDeleted']:,} deleted: {took:.2f} s, "
        f"of which the plugin wrote for {row['writeMillis'] / 1000:.2f} s before the commit")  # fmt: skip
    return row["relationshipsWritten"], took - scoring


def by_gds(database: Database) -> float:
    """Return relationships a second of GDS, median of runs that each start without any."""
    count = database.row(PROJECT_WRITTEN)["relationships"]
    seconds = []
    for _ in range(WARM_UP + RUNS):
        seconds.append(database.seconds(GDS_WRITE))
        delete(database, "PLAIN")
    say("GDS: " + ", ".join(f"{each:.2f} s" for each in seconds))
    return float(count / median(seconds[WARM_UP:]))


def replaced(database: Database, scoring: float) -> Iterator[Figure]:
    """State the speed of replacing one version's relationships by the next one's, by turns of two versions."""
    for manner, more in (("caller's transaction", {}), ("batchSize 10000", {"batchSize": 10_000})):
        synthetic.train(database, NAME, seed=2)
        count, seconds = written(database, scoring, **more)
        yield Figure(f"relationships replaced, {manner}", count / seconds, "/s", "higher")


def delete(database: Database, kind: str) -> None:
    """Delete all relationships of a type."""
    database.rows(DELETE.format(kind=kind))


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
