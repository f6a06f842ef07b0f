"""The demo: run the project's Cypher scripts on the local runtime, and show what came out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import neo4j
from neo4j.exceptions import DriverError, Neo4jError
from rich.console import Console

from bridge.core import script
from bridge.core.errors import FailedPreconditionError, NotFoundError
from bridge.runtime import database, show, statement
from bridge.runtime.home import Checkout, Home
from bridge.runtime.local import Status

MODELS = "CALL bridge.model.list() YIELD modelInfo RETURN modelInfo"

RECOMMENDED = """
MATCH (:User {userId: $userId})-[recommended:RECOMMENDED]->(movie:Movie)
RETURN movie.title AS title, recommended.score AS score
ORDER BY recommended.rank LIMIT 10
"""

RATED_HIGHEST = """
MATCH (:User {userId: $userId})-[rated:RATED]->(movie:Movie)
RETURN movie.title AS title, rated.rating AS rating
ORDER BY rated.rating DESC, rated.timestamp DESC, movie.movieId LIMIT 10
"""


def run(status: Status, console: Console, *, user_id: int) -> None:
    """Run every script in order, then show one user's recommendations and each model's held-out metrics.

    Raises FailedPreconditionError with the database's words when a statement fails, NotFoundError for an unknown user.
    """
    begun = time.monotonic()
    password = database.read_password(Home.at(status.home))
    auth = (status.user, password)
    with neo4j.GraphDatabase.driver(status.bolt_uri, auth=auth, notifications_min_severity="OFF") as driver:
        for file in sorted(Checkout.here().scripts.glob("*.cypher")):
            _run_script(driver, file, console)
        console.rule("what came out")
        for (model_info,) in statement.run(driver, MODELS, console).rows:
            if isinstance(model_info, Mapping):
                console.print(show.metrics(model_info))
        _show_recommendations(driver, user_id, console)
    console.print(f"All of it took {time.monotonic() - begun:.0f} s.")


def _run_script(driver: neo4j.Driver, file: Path, console: Console) -> None:
    console.rule(f"cypher/{file.name}")
    begun = time.monotonic()
    for text in script.read(file):
        console.print(f"{text};", style="cyan", highlight=False, markup=False, soft_wrap=True)
        try:
            outcome = statement.run(driver, text, console)
        except (Neo4jError, DriverError) as error:
            said = error.message if isinstance(error, Neo4jError) else str(error)
            raise FailedPreconditionError(f"cypher/{file.name} stopped at the statement above: {said}") from error
        _show_outcome(outcome, console)
    console.print(f"{file.name}: {time.monotonic() - begun:.1f} s", style="dim")


def _show_outcome(outcome: statement.Outcome, console: Console) -> None:
    if outcome.rows:
        console.print(show.rows(outcome.keys, outcome.rows))
    said = [show.changes(outcome.counters), f"{outcome.seconds:.1f} s"]
    console.print(", ".join(part for part in said if part) + "\n", style="dim", highlight=False)


def _show_recommendations(driver: neo4j.Driver, user_id: int, console: Console) -> None:
    recommended = statement.run(driver, RECOMMENDED, console, userId=user_id).rows
    rated = statement.run(driver, RATED_HIGHEST, console, userId=user_id).rows
    if not rated:
        raise NotFoundError(
            f"User {user_id} has no ratings: choose one of MovieLens's users, 1 to 610, by `--user-id`."
        )
    headings = (f"recommended to user {user_id}", f"what user {user_id} rated highest")
    console.print(show.beside(headings, recommended, rated))
