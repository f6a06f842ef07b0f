"""A running Neo4j with plugin and bridge server, as tests handle it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import neo4j
import psutil
import pytest
from neo4j.exceptions import Neo4jError

from bridge.runtime import database, server
from bridge.runtime.home import Home
from bridge.runtime.local import Runtime, Status

Rows = list[dict[str, Any]]

NO_INTERNALS = ("java.", "org.", "bridge.plugin", "Exception", "Traceback", 'File "', "Error:", "grpc")
"""What no user may read in an error."""


class Stack:
    """Neo4j and the bridge server on one home, and a driver to talk to them."""

    def __init__(self, runtime: Runtime, status: Status) -> None:
        self.runtime = runtime
        self.home: Home = runtime.home
        self.status = status
        self.auth = (status.user, database.read_password(runtime.home))
        self.driver = neo4j.GraphDatabase.driver(
            status.bolt_uri, auth=self.auth, notifications_min_severity="OFF", connection_timeout=30.0
        )

    def rows(self, statement: str, /, **parameters: Any) -> Rows:
        """Run one statement, in a transaction of its own, once."""
        with self.driver.session(database="neo4j") as session:
            return [record.data() for record in session.run(neo4j.Query(statement), parameters)]  # type: ignore[arg-type]

    def row(self, statement: str, /, **parameters: Any) -> dict[str, Any]:
        """Run a statement that returns one row."""
        (row,) = self.rows(statement, **parameters)
        return row

    def error(self, statement: str, /, **parameters: Any) -> str:
        """Run a statement that must fail; return its text, which must be fit for a user."""
        with pytest.raises(Neo4jError) as caught:
            self.rows(statement, **parameters)
        return fit_for_users(caught.value)

    @contextmanager
    def undone(self) -> Iterator[Callable[..., Rows]]:
        """Lend a transaction that is rolled back at the end of the block."""
        with self.driver.session(database="neo4j") as session, session.begin_transaction() as transaction:
            yield lambda statement, **parameters: [record.data() for record in transaction.run(statement, parameters)]
            transaction.rollback()

    @property
    def server(self) -> psutil.Process:
        """The bridge server's process."""
        process = server.background(self.home).process()
        assert process is not None, server.background(self.home).last_words(50)
        return process

    @property
    def alive(self) -> bool:
        """Whether the bridge server runs."""
        return server.background(self.home).process() is not None

    def trainers(self) -> list[psutil.Process]:
        """Return the trainer processes: the fork server's children with a session of their own.

        The libraries that the fork server loads start programs too (`ldconfig`), which are gone in a moment.
        """
        found = []
        for child in self.server.children():
            with suppress(psutil.NoSuchProcess):
                found += [each for each in child.children() if _leads_a_session(each)]
        return found

    def stop_server(self) -> None:
        """Stop the bridge server in order; Neo4j goes on."""
        self.runtime.down(neo4j=False)

    def kill_server(self) -> None:
        """End the bridge server as the operating system would, without a chance to say anything."""
        process = self.server
        process.kill()
        process.wait(60)

    def start_server(self, environment: Mapping[str, str] | None = None) -> None:
        """Start the bridge server again, with more environment variables for this once."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (environment or {}).items():
                patch.setenv(name, value)
            self.runtime.up(neo4j=False)

    def server_log(self) -> str:
        """Return what the bridge server has said since its start."""
        return server.background(self.home).log.read_text(errors="replace")


def _leads_a_session(process: psutil.Process) -> bool:
    """Say whether a process is alive in a session of its own."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and os.getsid(process.pid) == process.pid
    except ProcessLookupError:
        return False


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let SIGTERM end the tests as Ctrl-C does, through their fixtures: what runs in the background is stopped."""

    def end(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough: the second would interrupt the stopping
        raise KeyboardInterrupt("SIGTERM")

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def fit_for_users(error: Neo4jError) -> str:
    """Return an error's text after checking that it shows nothing internal."""
    text = error.message or ""
    shown = [word for word in NO_INTERNALS if word in text]
    assert not shown, f"a user would read {shown} in: {text}"
    return text


PATIENCE = timedelta(seconds=240)
"""How long tests wait for what must come: it only ends a test that hangs, on a machine much slower than any."""


def eventually(holds: Callable[[], bool], within: timedelta = PATIENCE) -> bool:
    """Say whether something comes true in time."""
    deadline = time.monotonic() + within.total_seconds()
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def stored_versions(home: Home, model: str) -> list[Path]:
    """Return the folders of a model's versions, oldest first."""
    folders = home.server.glob(f"models/*/{model}/versions/*")
    return sorted(folders, key=lambda folder: int(folder.name))
