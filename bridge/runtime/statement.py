"""One Cypher statement, run while a person watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import neo4j
from neo4j.exceptions import Neo4jError
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

PATIENCE_SECONDS = 1.0
"""What takes longer gets a progress bar."""

POLL_SECONDS = 0.5
"""How often Neo4j is asked how far its tasks are."""

LIST_PROGRESS = """
CALL gds.listProgress() YIELD taskName, progress, status WHERE status = 'RUNNING'
RETURN taskName, progress
"""


@dataclass(frozen=True)
class Outcome:
    """What a statement returned and changed."""

    keys: list[str]
    rows: list[tuple[object, ...]]
    counters: neo4j.SummaryCounters
    seconds: float
    """From sending the statement to its last row, as the person waited."""


def run(driver: neo4j.Driver, statement: str, console: Console, **parameters: object) -> Outcome:
    """Run a statement once, in a transaction of its own, with a bar on the console while it takes long.

    Raises neo4j.exceptions.Neo4jError as the driver does.
    """
    with ThreadPoolExecutor(max_workers=1) as worker:
        begun = time.monotonic()
        future = worker.submit(_run, driver, statement, parameters)
        try:
            _watch(future, lambda: _tasks(driver), console)
        except KeyboardInterrupt:
            driver.close()  # Neo4j ends a transaction whose client is gone; waiting for the worker would take its time
            raise
        keys, rows, counters = future.result()
    return Outcome(keys, rows, counters, time.monotonic() - begun)


def _run(
    driver: neo4j.Driver, statement: str, parameters: dict[str, object]
) -> tuple[list[str], list[tuple[object, ...]], neo4j.SummaryCounters]:
    with driver.session(database="neo4j") as session:
        result = session.run(neo4j.Query(statement), parameters)
        keys, rows = list(result.keys()), [tuple(record.values()) for record in result]
        return keys, rows, result.consume().counters


def _tasks(driver: neo4j.Driver) -> list[tuple[str, float | None]]:
    """Return the running GDS and bridge tasks: name, and percent where it is known."""
    try:
        records = driver.execute_query(LIST_PROGRESS, database_="neo4j").records
    except Neo4jError:
        return []  # a bar that cannot move is no reason to stop the statement
    return [(str(record["taskName"]).strip("|- "), _percent(str(record["progress"]))) for record in records]


def _percent(progress: str) -> float | None:
    """Return 54.55 from `54.55%`, None from `n/a`."""
    number = progress.removesuffix("%")
    return float(number) if number.replace(".", "", 1).isdigit() else None


def _watch(future: Future[Any], tasks: Callable[[], list[tuple[str, float | None]]], console: Console) -> None:
    """Return when the future is done; from PATIENCE_SECONDS on, show how far the database's tasks are."""
    if _done_within(future, PATIENCE_SECONDS):
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[percent]}"))
    quiet = not console.is_terminal
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=quiet) as bar:
        shown = bar.add_task("running", total=None, percent="")
        while not _done_within(future, POLL_SECONDS):
            name, percent = next(iter(tasks()), ("running", None))
            bar.update(
                shown,
                description=name,
                total=None if percent is None else 100,
                completed=percent or 0,
                percent="" if percent is None else f"{percent:.0f}%",
            )


def _done_within(future: Future[Any], seconds: float) -> bool:
    try:
        future.exception(timeout=seconds)
    except TimeoutError:
        return False
    return True
