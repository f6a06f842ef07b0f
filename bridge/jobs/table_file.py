"""The SQLite file that the table of jobs is in."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from pathlib import Path

from bridge.core.errors import FailedPreconditionError, ResourceExhaustedError

SCHEMA_VERSION = 1
"""Of the tables below; kept in the file as SQLite's `user_version`."""

SCHEMA = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, id TEXT NOT NULL, user TEXT NOT NULL,
    database TEXT NOT NULL, name TEXT NOT NULL, request_id TEXT, accepted INTEGER NOT NULL,
    configuration TEXT NOT NULL, steps TEXT NOT NULL, state TEXT NOT NULL, step_index INTEGER NOT NULL,
    fraction REAL NOT NULL, progress REAL NOT NULL, detail TEXT NOT NULL, figures TEXT NOT NULL, error TEXT NOT NULL,
    reason TEXT NOT NULL, model_name TEXT NOT NULL, model_version INTEGER, created_millis INTEGER NOT NULL,
    started_millis INTEGER, finished_millis INTEGER
);
CREATE UNIQUE INDEX jobs_by_request ON jobs (user, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX jobs_by_id ON jobs (user, id, number);
CREATE INDEX jobs_by_end ON jobs (finished_millis);
CREATE TABLE history (
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE, number INTEGER NOT NULL, millis INTEGER NOT NULL,
    step TEXT NOT NULL, figures TEXT NOT NULL, PRIMARY KEY (job, number)
) WITHOUT ROWID;
"""

LOOK_UP = "CREATE INDEX IF NOT EXISTS jobs_by_name ON jobs (id, number)"
"""Added to the schema without another version: older bridges keep it up to date."""

ASKED = "ALTER TABLE jobs ADD COLUMN asked TEXT NOT NULL DEFAULT '{}'"
"""Added as well: older bridges leave it at its default."""

_log = logging.getLogger(__name__)


def open_table(path: Path) -> sqlite3.Connection:
    """Open the table, making it when there is none, and a new one when it is damaged.

    Raises:
        FailedPreconditionError: a newer bridge has written it.
        ResourceExhaustedError: the disk is full, or fails.
    """
    try:
        return _open(path)
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise _not_written(path, error) from error
        aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
        _log.error("%s can not be read (%s); it is now %s, and the table of jobs begins anew", path, error, aside)
        _set_aside(path, aside)
        return _open(path)


def _not_written(path: Path, error: sqlite3.DatabaseError) -> ResourceExhaustedError:
    return ResourceExhaustedError(
        f"The table of jobs {path} can not be opened: {error}. Nothing of it is lost. Give its disk more space, let "
        "the server's user write to its folder, then start the server again.",
        reason="DISK_FULL",
    )


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is not what was written. SQLite's other complaints are about the disk, and pass."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)  # `_prepare` finds damage, too
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _open(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives its side files the same rights
    path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise FailedPreconditionError(
            f"The table of jobs {path} has format {version}, but this bridge reads up to {SCHEMA_VERSION}. Start the "
            "newer bridge that wrote it, or move the file away: only the list of past jobs is lost.",
            reason="NEWER_FORMAT",
        )
    if version < SCHEMA_VERSION:
        connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    connection.execute(LOOK_UP)
    if "asked" not in {column[1] for column in connection.execute("PRAGMA table_info(jobs)")}:
        connection.execute(ASKED)


def _set_aside(path: Path, aside: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
