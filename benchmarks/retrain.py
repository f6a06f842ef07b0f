"""Both recipes on MovieLens, twice each, as an operator runs them: gRPC to the server, Bolt to the database.

The first run makes first versions, which serve; the second is compared with them and ends promoted or rejected with a
reason. After each run, RECOMMENDED has to carry the version that serves, and no projection may be left behind.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import timedelta

from benchmarks.database import Database, started
from benchmarks.figure import Figure, main, say
from bridge.client import Client
from bridge.client.address import Address
from bridge.client.records import Job
from bridge.core import script
from bridge.runtime.home import Checkout

TITLE = "recipes"

RECIPES = ("movielens", "movie-graph")
RUNS = 2
LONGEST = timedelta(hours=1)

GRAPHS = "CALL gds.graph.list() YIELD graphName RETURN graphName"

STALE = """
CALL bridge.model.info('recommender') YIELD modelInfo
MATCH ()-[r:RECOMMENDED {modelName: 'recommender'}]->()
RETURN count(*) AS written, sum(toInteger(r.modelVersion <> modelInfo.modelVersion)) AS stale,
  modelInfo.modelVersion AS version
"""


def measure() -> Iterator[Figure]:
    """Load, then run."""
    with started() as database, Client(Address(database.running.bridge_address)) as client:
        for statement in script.read(Checkout.here().scripts / "01_load.cypher"):
            database.rows(statement)
        for recipe in RECIPES:
            for run in range(1, RUNS + 1):
                yield from one(database, client, recipe, run)


def one(database: Database, client: Client, recipe: str, run: int) -> Iterator[Figure]:
    """Run a recipe once."""
    began = time.perf_counter()
    job = client.trainings.retrain(recipe, {}, request_id=f"{recipe} {run}")
    job = client.trainings.wait_job(job.key, timeout=LONGEST)
    name = f"{recipe}, run {run}"
    yield Figure(f"{name}: {_outcome(job)}", time.perf_counter() - began, "s", "lower")
    say(f"{name}: {job.status} {job.reason} {job.error}")
    stated = job.status == "SUCCEEDED" or (job.status == "REJECTED" and bool(job.reason and job.error))
    yield Figure(f"{name}: ends promoted, or rejected with a reason", float(stated), "", "higher", bar=1)
    yield Figure(f"{name}: projections left behind", len(database.rows(GRAPHS)), "", "lower", bar=0)
    if recipe == "movielens":
        row = database.row(STALE)
        say(f"{name}: {row['written']:,} RECOMMENDED; version {row['version']} serves")
        yield Figure(f"{name}: RECOMMENDED", row["written"], "", "higher", bar=6_100)
        yield Figure(f"{name}: RECOMMENDED of a version that does not serve", row["stale"], "", "lower", bar=0)


def _outcome(job: Job) -> str:
    return f"{job.status} ({job.reason})" if job.reason else job.status


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
