"""A training that would go on for a long time, run beside the test."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from tests.neo4j.board import Board
from tests.neo4j.stack import PATIENCE, Rows, Stack, eventually, fit_for_users

FOREVER = {"epochs": 100_000_000, "patience": 100_000_000}

CLIENT = """
import json, sys, neo4j
uri, user, password, statement, config = json.load(sys.stdin)
with neo4j.GraphDatabase.driver(uri, auth=(user, password)) as driver, driver.session(database="neo4j") as session:
    session.run(statement, config=config).consume()
"""


class Training:
    """A `CALL bridge.gnn.train` in a thread of its own; the job's id is in the statement's text."""

    def __init__(self, stack: Stack, board: Board, job: str, *, timeout_seconds: float | None = None) -> None:
        self.stack = stack
        self.job = job
        self.config: dict[str, Any] = board.train(modelName=job, jobId=job, **FOREVER)
        self.statement = f"CALL bridge.gnn.train('{board.name}', $config) YIELD modelInfo RETURN '{job}', modelInfo"
        self.failure: Neo4jError | DriverError | None = None
        self._query = neo4j.Query(self.statement, timeout=timeout_seconds)  # type: ignore[arg-type]
        self._thread = threading.Thread(target=self._run, name=job)

    def _run(self) -> None:
        try:
            with self.stack.driver.session(database="neo4j") as session:
                session.run(self._query, {"config": self.config}).consume()
        except (Neo4jError, DriverError) as error:
            self.failure = error

    def start(self) -> None:
        """Start, and return when the job is there."""
        self._thread.start()
        assert eventually(lambda: self.status in ("QUEUED", "RUNNING") or self.failure is not None)
        assert self.failure is None, self.failure

    def join(self) -> None:
        """Wait for the end of the CALL."""
        self._thread.join(PATIENCE.total_seconds())
        assert not self._thread.is_alive(), "the CALL goes on"

    def ended(self) -> str:
        """Wait for the end of the CALL, which must be an error; return its text."""
        self.join()
        assert isinstance(self.failure, Neo4jError)
        return fit_for_users(self.failure)

    @property
    def listed(self) -> Rows:
        """The job in `bridge.job.list`."""
        jobs = self.stack.rows("CALL bridge.job.list() YIELD jobId, status, step, detail RETURN *")
        return [job for job in jobs if job["jobId"] == self.job]

    @property
    def status(self) -> str:
        """Where the job stands; empty when there is none."""
        return str(self.listed[0]["status"]) if self.listed else ""

    @property
    def progress(self) -> Rows:
        """The job in `gds.listProgress`; empty when it is not there."""
        return self.stack.rows(
            "CALL gds.listProgress() YIELD jobId, taskName, status, progress WHERE jobId = $job "
            "RETURN taskName, status, progress", job=self.job,
        )  # fmt: skip

    @property
    def steps(self) -> dict[str, str]:
        """The states of the job's steps in `gds.listProgress`."""
        rows = self.stack.rows("CALL gds.listProgress($job) YIELD taskName, status RETURN *", job=self.job)
        return {row["taskName"].rpartition("-- ")[2]: row["status"] for row in rows}

    @property
    def transactions(self) -> Rows:
        """The transactions that run the CALL."""
        shown = self.stack.rows("SHOW TRANSACTIONS YIELD transactionId, currentQuery, statusDetails, status RETURN *")
        return [row for row in shown if self.job in row["currentQuery"] and "bridge.gnn.train" in row["currentQuery"]]

    def in_a_process(self) -> subprocess.Popen[str]:
        """Start the CALL in a client process of its own instead."""
        given = [self.stack.status.bolt_uri, *self.stack.auth, self.statement, self.config]
        client = subprocess.Popen([sys.executable, "-c", CLIENT], stdin=subprocess.PIPE, text=True)
        assert client.stdin is not None
        client.stdin.write(json.dumps(given))
        client.stdin.close()
        return client

    def cancel(self) -> None:
        """Ask for the end of the job, if it is there."""
        if self.listed:
            self.stack.rows("CALL bridge.job.cancel($job)", job=self.job)


@contextmanager
def training(stack: Stack, board: Board, job: str, **options: Any) -> Iterator[Training]:
    """Run a training for the length of a block, until its trainer process works; end it whatever happens."""
    running = Training(stack, board, job, **options)
    try:
        running.start()
        assert eventually(lambda: bool(stack.trainers())), "no trainer process was started"
        yield running
    finally:
        if stack.alive:
            running.cancel()
        running.join()
