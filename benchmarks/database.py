"""A Neo4j and a bridge server of a benchmark's own: a temporary home, free ports, stopped however it ends."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import neo4j
import psutil

from benchmarks.figure import say
from bridge.runtime.local import Running, Runtime, running_neo4j


@dataclass(frozen=True)
class Database:
    """A connection to a running Neo4j."""

    driver: neo4j.Driver
    running: Running

    def rows(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run a statement in a transaction of its own and return its rows."""
        with self.driver.session(database="neo4j") as session:
            return [dict(record) for record in session.run(neo4j.Query(statement), parameters)]

    def row(self, statement: str, **parameters: Any) -> dict[str, Any]:
        """Run a statement and return its only row."""
        (row,) = self.rows(statement, **parameters)
        return row

    def timed_row(self, statement: str, **parameters: Any) -> tuple[dict[str, Any], float]:
        """Run a statement and return its only row and how many seconds it took, commit and all."""
        began = time.perf_counter()
        row = self.row(statement, **parameters)
        return row, time.perf_counter() - began

    def seconds(self, statement: str, **parameters: Any) -> float:
        """Run a statement and return how long it took, rows, commit and all."""
        return timed(lambda: self.rows(statement, **parameters))

    def load(self, statement: str, rows: list[Any], batch: int = 10_000) -> None:
        """Run a statement that takes `$rows`, batch by batch."""
        for start in range(0, len(rows), batch):
            self.rows(statement, rows=rows[start : start + batch])

    def bridge_process(self) -> psutil.Process:
        """Return the bridge server's process."""
        pid = Runtime(self.running.home).status().bridge_pid
        assert pid is not None, "the bridge server is not running"
        return psutil.Process(pid)


@contextmanager
def started(java_options: str = "-Xms1g -Xmx3g", trainer_niceness: int = 0) -> Iterator[Database]:
    """Run a Neo4j with GDS and the plugin, and a bridge server whose trainers are not made to wait for others."""
    os.environ["BRIDGE_TRAINER_NICENESS"] = str(trainer_niceness)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # a plain SIGTERM would leave both running
    with (
        tempfile.TemporaryDirectory(prefix="bridge-benchmark-") as folder,
        running_neo4j(Path(folder) / "home", bridge=True, java_options=java_options, say=say) as running,
        neo4j.GraphDatabase.driver(
            running.bolt_uri, auth=(running.user, running.password), notifications_min_severity="OFF"
        ) as driver,
    ):
        yield Database(driver, running)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
