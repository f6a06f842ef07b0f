"""From a projection to arrays open in a trainer process, beside the client's stream and plain Cypher.

`bridge.snapshot.stats` reads the columns, sorts them, takes their fingerprint, writes the snapshot and opens it in a
trainer. Nothing is cached: before each run the projection is changed, so that no earlier snapshot is of this state.
The time is that of the whole CALL, as the caller waits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from graphdatascience import GraphDataScience

from benchmarks.database import Database, started, timed
from benchmarks.figure import Figure, Other, main, median, say

TITLE = "projection → arrays open in the trainer"

LARGE = int(os.environ.get("BENCHMARK_LARGE_RELATIONSHIPS", 10_000_000))
SMALL = int(os.environ.get("BENCHMARK_SMALL_RELATIONSHIPS", 1_000_000))
DEGREE = 50
WARM_UP, RUNS = 2, 5

GENERATE = """
CALL gds.graph.generate($name, $nodes, $degree, {
  relationshipSeed: 42, relationshipProperty: {name: 'weight', type: 'RANDOM', min: 0.0, max: 1.0}
}) YIELD relationships RETURN relationships
"""

CHANGE = "CALL gds.degree.mutate($name, {mutateProperty: 'changed'}) YIELD nodePropertiesWritten RETURN *"
CHANGE_BACK = "CALL gds.graph.nodeProperties.drop($name, 'changed') YIELD propertiesRemoved RETURN *"

SNAPSHOT = """
CALL bridge.snapshot.stats($name, {relationshipProperties: ['weight'], reuse: false})
YIELD fingerprint, relationshipCount, reused, readMillis, openMillis
RETURN *
"""

PLAIN_CYPHER = """
CALL gds.graph.relationshipProperty.stream($name, 'weight') YIELD sourceNodeId, targetNodeId, propertyValue
RETURN sourceNodeId, collect([targetNodeId, propertyValue]) AS links
"""


def measure() -> Iterator[Figure]:
    """Measure the large graph alone, the small one beside the other ways."""
    with started("-Xms2g -Xmx4g") as database:
        large = generate(database, "large", LARGE)
        speed = large / snapshot(database, "large")
        yield Figure(f"projection, {large:,} relationships", speed, "/s", "higher", bar=4e6)
        database.rows("CALL gds.graph.drop('large') YIELD graphName")
        small = generate(database, "small", SMALL)
        ours = small / snapshot(database, "small")
        stream = small / client(database, "small")
        yield beside(small, ours, "the client's relationship_property.stream", stream, bar=100)
        yield beside(small, ours, "plain Cypher, a row per source", small / plain_cypher(database, "small"), bar=15)


def beside(count: int, ours: float, name: str, theirs: float, bar: float) -> Figure:
    """Compare two speeds."""
    return Figure(f"projection, {count:,} relationships, beside {name}", ours, "/s", "higher", Other(name, theirs), bar)


def generate(database: Database, name: str, relationships: int) -> int:
    """Generate a weighted graph in memory and return how many relationships it has."""
    say(f"generating {relationships:,} relationships")
    row = database.row(GENERATE, name=name, nodes=relationships // DEGREE, degree=DEGREE)
    return int(row["relationships"])


def snapshot(database: Database, name: str) -> float:
    """Return the median seconds of `bridge.snapshot.stats`; every run must find the same content."""
    seconds, fingerprints = [], set()
    for run in range(WARM_UP + RUNS):
        database.rows(CHANGE if run % 2 == 0 else CHANGE_BACK, name=name)
        found, took = database.timed_row(SNAPSHOT, name=name)
        say(f"  {took:.2f} s: read {found['readMillis']} ms, open {found['openMillis']} ms")
        assert not found["reused"]
        fingerprints.add(found["fingerprint"])
        seconds.append(took)
    assert len(fingerprints) == 1, f"one graph, {len(fingerprints)} fingerprints"
    return median(seconds[WARM_UP:])


def client(database: Database, name: str) -> float:
    """Return the seconds until the client has the relationships as a data frame; minutes each, so the second of two."""
    running = database.running
    with GraphDataScience(running.bolt_uri, auth=(running.user, running.password), arrow=False) as gds:
        graph = gds.graph.get(name)
        seconds = [timed(lambda: gds.graph.relationship_property.stream(graph, "weight")) for _ in range(2)]
    say("  client: " + ", ".join(f"{each:.1f} s" for each in seconds))
    return seconds[-1]


def plain_cypher(database: Database, name: str) -> float:
    """Return the median seconds until the driver has the relationships, one row a source."""
    seconds = [database.seconds(PLAIN_CYPHER, name=name) for _ in range(4)]
    say("  plain Cypher: " + ", ".join(f"{each:.1f} s" for each in seconds))
    return median(seconds[1:])


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
