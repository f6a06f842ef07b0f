"""100,000 RECOMMENDED relationships written, beside GDS writing the same pairs with as many properties.

Ours: the time of `bridge.recommend.write` less that of `bridge.recommend.stream`, which reads and scores the same but
writes nothing; commit is inside. It is what writing adds: one block of sources is scored while the one before it is
written, so the two overlap where there is a core for each. What is left includes asking the store for links made since
the projection, which GDS does not do. GDS's: the time of `gds.graph.relationshipProperties.write`, from an in-memory
graph of the very pairs that ours wrote, with five numbers each for our score, rank, modelName, modelVersion and
createdAt.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from benchmarks import synthetic
from benchmarks.database import Database, started
from benchmarks.figure import Figure, Other, main, median, say
from bridge.settings import Settings

TITLE = "relationships written"

USERS = int(os.environ.get("BENCHMARK_WRITE_USERS", 10_000))
ITEMS, LIKES_EACH, TOP_K = 2_000, 20, 10
NAME = "write"
NICENESS = Settings.model_fields["trainer_niceness"].default
"""Of what scores, as it ships."""
WARM_UP, RUNS = 2, 3

MANNERS: dict[str, dict[str, int]] = {"caller's transaction": {}, "batchSize 10000": {"batchSize": 10_000}}
"""By name, what the configuration says of it."""

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
    """Write from empty in both manners and by GDS, by turns; then replace."""
    with started(trainer_niceness=NICENESS) as database:
        synthetic.load(database, NAME, users=USERS, items=ITEMS, likes_each=LIKES_EACH)
        synthetic.train(database, NAME)
        scoring = scored(database)
        speeds = from_empty(database, scoring)
        theirs = Other("gds.graph.relationshipProperties.write, 5 properties", speeds["GDS"])
        for manner, bar in (("caller's transaction", 0.6), ("batchSize 10000", 1.0)):
            yield Figure(f"relationships written, {manner}", speeds[manner], "/s", "higher", theirs, bar)
        yield from replaced(database, scoring)


def scored(database: Database) -> float:
    """Return the median seconds of recommending without writing."""
    seconds = [database.seconds(SCORE, name=NAME, topK=TOP_K) for _ in range(WARM_UP + RUNS)]
    say("scoring alone: " + ", ".join(f"{each:.2f} s" for each in seconds))
    return median(seconds[WARM_UP:])


def from_empty(database: Database, scoring: float) -> dict[str, float]:
    """Return relationships a second by manner, medians of runs by turns that each start without any."""
    speeds: dict[str, list[float]] = {manner: [] for manner in (*MANNERS, "GDS")}
    for _ in range(WARM_UP + RUNS):
        for manner, more in MANNERS.items():
            delete(database, "RECOMMENDED")
            speeds[manner].append(written(database, scoring, manner, **more))
        speeds["GDS"].append(written_by_gds(database))
    return {manner: median(each[WARM_UP:]) for manner, each in speeds.items()}


def written(database: Database, scoring: float, manner: str, **more: int) -> float:
    """Write once; return how many relationships were made in a second beyond scoring."""
    configuration = {"modelName": NAME, "topK": TOP_K, **more}
    row, seconds = database.timed_row(WRITE, name=NAME, configuration=configuration)
    count, plugin = row["relationshipsWritten"], row["writeMillis"] / 1000
    say(f"  {manner}: {count:,} written, {row['relationshipsDeleted']:,} deleted: {seconds:.2f} s, "
        f"{plugin:.2f} s of them `writeMillis`")  # fmt: skip
    return float(count / (seconds - scoring))


def written_by_gds(database: Database) -> float:
    """Let GDS write what is there as RECOMMENDED under another type; return relationships a second."""
    database.rows("CALL gds.graph.drop('written', false) YIELD graphName")
    count = database.row(PROJECT_WRITTEN)["relationships"]
    seconds = database.seconds(GDS_WRITE)
    say(f"  GDS: {count:,} written: {seconds:.2f} s")
    delete(database, "PLAIN")
    return float(count / seconds)


def replaced(database: Database, scoring: float) -> Iterator[Figure]:
    """State the speed of replacing one version's relationships by the next one's."""
    for manner, more in MANNERS.items():
        speeds = []
        for seed in range(2, 2 + RUNS):
            synthetic.train(database, NAME, seed)
            speeds.append(written(database, scoring, manner, **more))
        yield Figure(f"relationships replaced, {manner}", median(speeds), "/s", "higher")


def delete(database: Database, kind: str) -> None:
    """Delete all relationships of a type."""
    database.rows(DELETE.format(kind=kind))


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
