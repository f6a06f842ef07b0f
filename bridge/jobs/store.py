"""The file of all jobs: SQLite, so that a job outlives the server that ran it."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bridge.jobs.job import HISTORY_LENGTH
from bridge.jobs.record_rows import COLUMNS, to_record, to_row, to_update
from bridge.jobs.status import FINISHED, JobRecord, JobReport, JobState, Outcome, now_millis
from bridge.jobs.table_file import open_table

INSERT = f"""
INSERT INTO jobs ({", ".join(COLUMNS)}) VALUES ({", ".join(f":{name}" for name in COLUMNS)})
ON CONFLICT (user, request_id) WHERE request_id IS NOT NULL DO NOTHING
"""

# A final state never changes, whoever comes late.
UPDATE = f"""
UPDATE jobs SET request_id = :request_id, accepted = :accepted, state = :state, step_index = :step_index,
    fraction = :fraction, progress = :progress, detail = :detail, figures = :figures, error = :error,
    reason = :reason, model_name = :model_name, model_version = :model_version, started_millis = :started_millis,
    finished_millis = :finished_millis
WHERE key = :key AND state NOT IN ({", ".join(f"'{state}'" for state in sorted(FINISHED))})
"""

APPEND = """
INSERT OR REPLACE INTO history (job, number, millis, step, figures) SELECT number, ?, ?, ?, ? FROM jobs WHERE key = ?
"""

FORGET = "DELETE FROM history WHERE number <= ? AND job = (SELECT number FROM jobs WHERE key = ?)"

# A request whose caller was promised nothing may be made anew.
SETTLE = f"""
UPDATE jobs SET state = '{JobState.FAILED}', error = ?, reason = 'SERVER_RESTARTED', finished_millis = ?,
    request_id = CASE WHEN accepted THEN request_id END
WHERE finished_millis IS NULL AND number <= ?
"""

RESTARTED = (
    "The server stopped while this job was at work, and the work ended with it. It has stored no version itself; what "
    "a recipe had trained by then, the jobs of its CALLs tell. Start it again; what was submitted, under another id."
)

_DAY_MILLIS = 24 * 60 * 60 * 1000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """What has become of a job that is in the file."""

    record: JobRecord
    reports: Sequence[JobReport] = ()


class JobStore:
    """The jobs on disk, readable by the server's user alone. Blocks: never call it on the event loop.

    Safe between threads. Every write is on disk when the method returns.
    """

    def __init__(
        self, path: Path, *, days: int = 30, outcome: Callable[[JobRecord], Outcome | None] = lambda record: None
    ) -> None:
        """Open the file; end every unfinished job in it, and forget those that ended `days` ago.

        `outcome` tells what else than FAILED became of one, None when it does not know better.

        A damaged file is set aside beside the new one: jobs are not worth a server that does not start.

        Raises:
            FailedPreconditionError: a newer bridge has written it.
            ResourceExhaustedError: the disk is so full, or fails, that the file can not even be opened.
        """
        self._path = path
        self._days = days
        self._lock = threading.Lock()
        self._outcome = outcome
        self._connection = open_table(path)
        (self._left,) = self._connection.execute("SELECT max(number) FROM jobs").fetchone()
        """The last job of the servers before; None when there is none, or all of them have ended."""
        try:
            self._settle()
            self.prune()
        except sqlite3.OperationalError as error:  # a full disk keeps no model from answering
            _log.error("jobs that were at work when the server stopped are ended with the next write: %s", error)

    def write(self, entering: Sequence[JobRecord], changes: Sequence[Change]) -> list[JobRecord | None]:
        """Enter new jobs, then note what became of jobs: all of it, or nothing if this raises.

        Returns:
            for each new job None, or the job that has the same request id and is there in its place.

        Raises:
            sqlite3.Error: the disk is full, or fails.
        """
        self._settle()
        with self._transaction() as cursor:
            found = [_enter(cursor, record) for record in entering]
            for change in changes:
                _update(cursor, change)
        return found

    def newest(self, user: str, database: str | None, limit: int) -> list[JobRecord]:
        """Return a user's newest jobs, the newest first; those of one database when it is given."""
        where = "user = :user AND (:database IS NULL OR database = :database)"
        given = {"user": user, "database": database, "limit": limit}
        return self._records(f"WHERE {where} ORDER BY number DESC LIMIT :limit", given)

    def find(self, job_id: str, user: str) -> JobRecord | None:
        """Return a user's newest job of that id."""
        where = "WHERE user = :user AND id = :id ORDER BY number DESC LIMIT 1"
        return next(iter(self._records(where, {"user": user, "id": job_id})), None)

    def of_request(self, user: str, request_id: str) -> JobRecord | None:
        """Return the job that a user's request has."""
        where = "WHERE user = :user AND request_id = :request"
        return next(iter(self._records(where, {"user": user, "request": request_id})), None)

    def look_up(self, name: str) -> JobRecord | None:
        """Return the job of a key, or anyone's newest job of that id."""
        where = "WHERE key = :name OR id = :name ORDER BY key = :name DESC, number DESC LIMIT 1"
        return next(iter(self._records(where, {"name": name})), None)

    def page(self, states: Collection[JobState], before: int | None, limit: int) -> list[tuple[int, JobRecord]]:
        """Return everyone's jobs in some states, in any when there are none, with their numbers, the newest first.

        `before` leaves out those of its number and higher ones.
        """
        chosen = json.dumps(sorted(states))
        where = "WHERE (:before IS NULL OR number < :before) AND (:states = '[]' OR state IN "
        where += "(SELECT value FROM json_each(:states))) ORDER BY number DESC LIMIT :limit"
        with self._lock:
            rows = self._connection.execute(
                f"SELECT number, {', '.join(COLUMNS)} FROM jobs {where}",
                {"before": before, "states": chosen, "limit": limit},
            ).fetchall()
        return [(row[0], _record(row[1:])) for row in rows]

    def history(self, key: str, after: int = 0) -> list[JobReport]:
        """Return the reports of a job with a number beyond `after`, in the order in which they came."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT history.number, millis, step, history.figures FROM history "
                "JOIN jobs ON jobs.number = history.job WHERE key = ? AND history.number > ? ORDER BY history.number",
                (key, after),
            ).fetchall()
        return [JobReport(number, millis, step, json.loads(figures)) for number, millis, step, figures in rows]

    def prune(self) -> int:
        """Forget the jobs that ended longer ago than they are kept; return how many."""
        with self._transaction() as cursor:
            cursor.execute("DELETE FROM jobs WHERE finished_millis < ?", (now_millis() - self._days * _DAY_MILLIS,))
            return cursor.rowcount

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _settle(self) -> None:
        """End the jobs of servers that are no more, once."""
        if self._left is None:
            return
        unfinished = self._records("WHERE finished_millis IS NULL AND number <= :last", {"last": self._left})
        known = [(record, found) for record in unfinished if (found := self._outcome(record)) is not None]
        with self._transaction() as cursor:
            for record, found in known:
                _update(cursor, Change(_ended(record, found)))
                _log.warning("job %s was at work when the server stopped; it is %s", record.id, found.state)
            cursor.execute(SETTLE, (RESTARTED, now_millis(), self._left))
            if cursor.rowcount:
                _log.warning("%d jobs were at work when the server stopped; they are FAILED", cursor.rowcount)
        self._left = None

    def _records(self, where: str, given: dict[str, Any]) -> list[JobRecord]:
        with self._lock:
            rows = self._connection.execute(f"SELECT {', '.join(COLUMNS)} FROM jobs {where}", given).fetchall()
        return [_record(row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with self._lock:
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk may have ended it already
                    cursor.execute("ROLLBACK")
                raise


def _enter(cursor: sqlite3.Cursor, record: JobRecord) -> JobRecord | None:
    cursor.execute(INSERT, to_row(record))
    if cursor.rowcount:
        return None
    row = cursor.execute(
        f"SELECT {', '.join(COLUMNS)} FROM jobs WHERE user = ? AND request_id = ?", (record.user, record.request_id)
    ).fetchone()
    return _record(row)


def _record(row: Sequence[Any]) -> JobRecord:
    return to_record(dict(zip(COLUMNS, row, strict=True)))


def _update(cursor: sqlite3.Cursor, change: Change) -> None:
    record = change.record
    cursor.execute(UPDATE, to_update(record))
    cursor.executemany(
        APPEND,
        [(each.number, each.millis, each.step, json.dumps(dict(each.figures)), record.key) for each in change.reports],
    )
    if change.reports and change.reports[-1].number > HISTORY_LENGTH:
        cursor.execute(FORGET, (change.reports[-1].number - HISTORY_LENGTH, record.key))


def _ended(record: JobRecord, found: Outcome) -> JobRecord:
    status = replace(
        record.status, state=found.state, error=found.error, reason=found.reason, finished_millis=now_millis()
    )
    request_id = record.request_id if record.accepted else ""
    return replace(
        record, status=status, request_id=request_id, model_name=found.model_name, model_version=found.model_version
    )
