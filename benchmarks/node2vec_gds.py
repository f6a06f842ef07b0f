"""`bridge.node2vec.stream` beside `gds.node2vec.stream`: same keys, same projection, same database, CALL to result.

The movie graph lacks a tenth of its relationships, which the vectors are then to find. The larger graphs are GDS's own
random ones; what is stated of them is time, and the memory of the training process.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import psutil

from benchmarks.database import Database, started
from benchmarks.figure import Figure, Other, main, median, say
from benchmarks.movie_graph import NEGATIVES_SEED, MovieGraph, movie_graph, ratings
from bridge.evaluation.links import evaluate_links

TITLE = "node2vec beside gds.node2vec"

WARM_UP, RUNS = 1, 3
SPLIT = 0

Keys = Mapping[str, Any]
COMMON: Keys = {"concurrency": 2, "randomSeed": 42, "relationshipWeightProperty": "weight"}
TUTORIAL: Keys = {"walksPerNode": 5, "walkLength": 10, "embeddingDimension": 50, "iterations": 10}
LARGE: Keys = {"walksPerNode": 1, "walkLength": 20, "embeddingDimension": 128, "concurrency": 2, "randomSeed": 42}

LOAD = "UNWIND $rows AS item CREATE (:Item {itemId: item})"
INDEX = "CREATE CONSTRAINT item IF NOT EXISTS FOR (item:Item) REQUIRE item.itemId IS UNIQUE"
LINK = """
UNWIND $rows AS row
MATCH (one:Item {itemId: row[0]}), (other:Item {itemId: row[1]})
CREATE (one)-[:NEAR {weight: row[2]}]->(other)
"""
PROJECT = """
CALL gds.graph.project('movies', 'Item', {NEAR: {orientation: 'UNDIRECTED', properties: 'weight'}})
YIELD relationshipCount RETURN relationshipCount
"""
GENERATE = """
CALL gds.graph.generate($name, $nodes, 20, {relationshipSeed: 42}) YIELD relationships RETURN relationships
"""
STORE = "UNWIND $rows AS number CREATE (:Place)"
"""A generated graph has the first of Neo4j's ids, and bridge hands out no row of a node that is not there."""
DROP = "CALL gds.graph.drop($name) YIELD graphName"
NODES = "CALL gds.graph.list($name) YIELD nodeCount RETURN nodeCount AS nodes"
EMBED = "CALL {family}.node2vec.stream($name, $keys) YIELD nodeId, embedding RETURN count(embedding) AS vectors"
VECTORS = """
CALL {family}.node2vec.stream($name, $keys) YIELD nodeId, embedding
RETURN gds.util.asNode(nodeId).itemId AS item, embedding
"""


def measure() -> Iterator[Figure]:
    """Measure the movie graph in two settings, then random graphs of two sizes."""
    movies = movie_graph(ratings())
    with started("-Xms2g -Xmx6g") as database:
        load(database, movies)
        yield from tutorial(database)
        yield from defaults(database, movies)
        yield from large(database)


def load(database: Database, movies: MovieGraph) -> None:
    """Put the movie graph without its held-out relationships into the database."""
    kept = movies.graph(movies.split(SPLIT)[0])
    assert kept.weights is not None
    sources = np.repeat(np.arange(kept.node_count), kept.degrees)
    once = sources < kept.indices
    database.rows(INDEX)
    database.load(LOAD, list(range(kept.node_count)))
    columns = (sources[once].tolist(), kept.indices[once].tolist(), kept.weights[once].astype(float).tolist())
    database.load(LINK, [list(row) for row in zip(*columns, strict=True)])
    say(f"{database.row(PROJECT)['relationshipCount']:,} relationships")


def seconds(
    database: Database, family: str, name: str, keys: Keys, *, warm_up: int = WARM_UP, runs: int = RUNS
) -> float:
    """Return the median seconds from CALL to result."""
    statement = EMBED.format(family=family)
    nodes = database.row(NODES, name=name)["nodes"]
    taken = []
    for _ in range(warm_up + runs):
        began = time.perf_counter()
        found = database.row(statement, name=name, keys=dict(keys))["vectors"]
        taken.append(time.perf_counter() - began)
        assert found > nodes / 2, f"{found:,} vectors of {nodes:,} nodes"
    say(f"  {family}: " + ", ".join(f"{each:.2f} s" for each in taken))
    return median(taken[warm_up:])


def mrr(database: Database, movies: MovieGraph, family: str, keys: Keys) -> float:
    """Return the mean reciprocal rank of the held-out relationships."""
    rows = database.rows(VECTORS.format(family=family), name="movies", keys=dict(keys))
    kept, held_out = movies.split(SPLIT)
    graph = movies.graph(kept)
    vectors = np.zeros((graph.node_count, len(rows[0]["embedding"])), dtype=np.float32)
    embedded = np.zeros(graph.node_count, dtype=bool)
    for row in rows:
        vectors[row["item"]], embedded[row["item"]] = row["embedding"], True
    embedded &= graph.linked  # GDS invents vectors of nodes without relationships
    found = evaluate_links(vectors, embedded, graph, movies.ends(held_out), seed=NEGATIVES_SEED)
    say(f"  {family}: AUC {found.auc:.3f}, MRR {found.mrr:.3f}")
    return found.mrr


def tutorial(database: Database) -> Iterator[Figure]:
    """Short walks, ten iterations."""
    keys = {**COMMON, **TUTORIAL}
    ours, theirs = (seconds(database, family, "movies", keys) for family in ("bridge", "gds"))
    yield Figure("5 × 10 walks, 50 dimensions, 10 iterations", ours, "s", "lower", Other("gds.node2vec", theirs), 2.0)


def defaults(database: Database, movies: MovieGraph) -> Iterator[Figure]:
    """The default keys of GDS, with its one iteration and with ten."""
    ours = seconds(database, "bridge", "movies", COMMON)
    found = mrr(database, movies, "bridge", COMMON)
    for iterations, faster, better, runs in ((1, 2.0, 8.0, 2), (10, 8.0, 5.0, 1)):
        keys = {**COMMON, "iterations": iterations}
        name = f"gds.node2vec, {iterations} iterations"
        theirs = seconds(database, "gds", "movies", keys, warm_up=0, runs=runs)
        yield Figure(f"default keys, beside {name}", ours, "s", "lower", Other(name, theirs), faster)
        other = Other(name, mrr(database, movies, "gds", keys))
        yield Figure(f"MRR of default keys, beside {name}", found, "", "higher", other, better)


def large(database: Database) -> Iterator[Figure]:
    """Random graphs: one beside GDS, and one five times as large."""
    taken: dict[int, float] = {}
    for nodes in (100_000, 500_000):
        database.load(STORE, list(range(nodes)))
        database.rows(GENERATE, name="large", nodes=nodes)
        with watched(database) as peak:
            taken[nodes] = seconds(database, "bridge", "large", LARGE)
        yield Figure(f"memory of the training process, {nodes:,} nodes", max(peak) / 2**20, "MiB", "lower")
        if nodes == 100_000:
            theirs = seconds(database, "gds", "large", LARGE, warm_up=0, runs=1)
            name = f"{nodes:,} nodes, {20 * nodes:,} relationships, 1 walk of 20, 128 dimensions"
            yield Figure(name, taken[nodes], "s", "lower", Other("gds.node2vec", theirs), 8.0)
        database.rows(DROP, name="large")
    yield Figure("the same, 500,000 nodes, 10,000,000 relationships", taken[500_000], "s", "lower")
    yield Figure("time by time of a graph a fifth of its size", taken[500_000] / taken[100_000], "", "lower")


@contextmanager
def watched(database: Database) -> Iterator[list[int]]:
    """Note the largest memory, in bytes, that a process below the bridge server has to itself meanwhile."""
    peak, over = [0], threading.Event()
    server = database.bridge_process()

    def look() -> None:
        while not over.wait(0.05):
            for process in server.children(recursive=True):
                try:
                    peak[0] = max(peak[0], process.memory_full_info().uss)
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
