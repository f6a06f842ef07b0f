"""The file of jobs: it survives kills, damage and time, and only its owner reads it."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.core.errors import FailedPreconditionError, ResourceExhaustedError
from bridge.jobs import table_file
from bridge.jobs.job import Job
from bridge.jobs.record_rows import COLUMNS, to_row
from bridge.jobs.status import JobRecord, JobReport, JobState, JobStatus
from bridge.jobs.store import Change, JobStore
from bridge.jobs.table_file import SCHEMA_VERSION

KILLS = 20


def path(folder: Path) -> Path:
    return folder / "jobs.sqlite"


async def test_only_the_servers_user_reads_the_file_and_what_sqlite_puts_beside_it(tmp_path: Path) -> None:
    """Whatever the umask: a configuration may name what others must not see."""
    before = os.umask(0)
    try:
        store = JobStore(path(tmp_path))
        store.write([Job("j1", "gnn.train").record], [])
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes["jobs.sqlite"] == 0o600
    assert set(modes.values()) == {0o600}
    assert "jobs.sqlite-wal" in modes


def test_a_table_of_an_older_bridge_gets_the_columns_that_came_since(tmp_path: Path) -> None:
    """Its jobs are there, and those of the older bridge, should it come back, too."""
    old = sqlite3.connect(path(tmp_path))
    old.executescript(f"{table_file.SCHEMA} PRAGMA user_version = {SCHEMA_VERSION};")
    columns = [name for name in COLUMNS if name != "asked"]
    insert = f"INSERT INTO jobs ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"
    row = {name: value for name, value in to_row(_finished("before")).items() if name != "asked"}
    old.execute(insert, row)
    old.commit()
    JobStore(path(tmp_path)).close()
    old.execute(insert, {**row, "id": "back", "key": "back"})
    old.commit()
    old.close()
    store = JobStore(path(tmp_path))
    assert [(record.id, record.asked) for record in store.newest("", None, 9)] == [("back", {}), ("before", {})]
    store.close()


def _finished(job_id: str) -> JobRecord:
    status = JobStatus(JobState.SUCCEEDED, "run", 0, 1.0, 1.0, "", {}, "", "", 1, 1, 10**13)
    return JobRecord(job_id, job_id, "", "neo4j", "gnn.train", "", False, {}, ("run",), status, "", None)


async def test_every_commit_is_on_disk(tmp_path: Path) -> None:
    """Write-ahead log, synchronised in full."""
    store = JobStore(path(tmp_path))
    found = [store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]
    store.close()


async def test_unfinished_jobs_of_an_earlier_server_are_failed(tmp_path: Path) -> None:
    """In whatever state they were; finished ones keep their end and their time."""
    states = list(JobState)
    jobs = [Job(state.value, "gnn.train") for state in states]
    records = [
        replace(job.record, status=replace(job.status, state=state, finished_millis=10**13 if state.finished else None))
        for job, state in zip(jobs, states, strict=True)
    ]
    store = JobStore(path(tmp_path))
    store.write(records, [])
    store.close()
    store = JobStore(path(tmp_path))
    after = {record.id: record.status for record in store.newest("", None, 100)}
    store.close()
    for state in states:
        status = after[state.value]
        if state.finished:
            assert (status.state, status.reason, status.finished_millis) == (state, "", 10**13)
        else:
            assert (status.state, status.reason) == (JobState.FAILED, "SERVER_RESTARTED")
            assert status.finished_millis is not None
            assert "Start it again" in status.error


async def test_a_final_state_never_changes(tmp_path: Path) -> None:
    """Not even when somebody writes late."""
    store = JobStore(path(tmp_path))
    job = Job("j1", "gnn.train")
    store.write([job.record], [])
    late = Change(job.record, [])
    job.succeed()
    store.write([], [Change(job.record), late])
    assert [record.status.state for record in store.newest("", None, 9)] == [JobState.SUCCEEDED]
    store.close()


async def test_finished_jobs_leave_after_their_days_and_take_their_reports_along(tmp_path: Path) -> None:
    """An unfinished one stays, however old it is."""
    long_ago = time.time_ns() // 1_000_000 - 31 * 24 * 3600 * 1000
    records = []
    for name, state, ended in (
        ("old", JobState.SUCCEEDED, long_ago),
        ("recent", JobState.REJECTED, long_ago + 2 * 24 * 3600 * 1000),
        ("running", JobState.RUNNING, None),
    ):
        job = Job(name, "gnn.train")
        status = replace(job.status, state=state, finished_millis=ended, created_millis=long_ago)
        records.append(replace(job.record, status=status))
    store = JobStore(path(tmp_path), days=30)
    report = JobReport(1, 1, "run", {"loss": 0.5})
    store.write(records, [Change(record, [report]) for record in records])
    assert store.prune() == 1
    assert [record.id for record in store.newest("", None, 9)] == ["running", "recent"]
    assert store._connection.execute("SELECT count(*) FROM history").fetchone() == (2,)
    store.close()


async def test_the_oldest_reports_of_a_long_job_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.jobs.store.HISTORY_LENGTH", 3)
    store = JobStore(path(tmp_path))
    job = Job("j1", "gnn.train")
    store.write([job.record], [])
    for number in range(1, 6):
        store.write([], [Change(job.record, [JobReport(number, 1, "run", {"loss": number})])])
    assert [report.number for report in store.history(job.key)] == [3, 4, 5]
    store.close()


@pytest.mark.parametrize("damage", ["no database", "a torn page"])
async def test_a_damaged_file_is_set_aside_and_the_server_starts(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The list of past jobs is not worth a server that does not answer; the log says where the old file is."""
    store = JobStore(path(tmp_path))
    for number in range(200):
        store.write([Job(f"j{number}", "gnn.train", configuration={"text": "x" * 200}).record], [])
    store.close()
    if damage == "no database":
        path(tmp_path).write_text("something else" * 1000)
    else:
        content = bytearray(path(tmp_path).read_bytes())
        content[8192:16384] = b"\xff" * 8192
        path(tmp_path).write_bytes(content)
    store = JobStore(path(tmp_path))
    assert store.newest("", None, 9) == []
    store.write([Job("j1", "gnn.train").record], [])
    store.close()
    (aside,) = [each for each in tmp_path.iterdir() if ".damaged-" in each.name]
    assert str(aside) in caplog.text


def test_a_full_disk_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table stays where it is, and the error says what to do."""
    JobStore(path(tmp_path)).close()

    def full(connection: sqlite3.Connection, path: Path) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(table_file, "_prepare", full)
    with pytest.raises(ResourceExhaustedError, match="more space") as caught:
        JobStore(path(tmp_path))
    assert caught.value.reason == "DISK_FULL"
    assert [each.name for each in tmp_path.iterdir() if "damaged" in each.name] == []


async def test_on_a_full_disk_the_jobs_left_unfinished_end_with_the_next_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store opens all the same; a job entered since is not taken for one of them."""
    store = JobStore(path(tmp_path))
    store.write([Job("left", "gnn.train").record], [])
    store.close()
    with monkeypatch.context() as full:
        error = sqlite3.OperationalError("database or disk is full")
        full.setattr(JobStore, "_transaction", lambda self: (_ for _ in ()).throw(error))
        store = JobStore(path(tmp_path))
    store.write([Job("new", "gnn.train").record], [])
    store.write([Job("newer", "gnn.train").record], [])
    states = {record.id: record.status.state for record in store.newest("", None, 9)}
    assert states == {"left": JobState.FAILED, "new": JobState.QUEUED, "newer": JobState.QUEUED}
    store.close()


async def test_a_newer_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = JobStore(path(tmp_path))
    store._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    store.close()
    with pytest.raises(FailedPreconditionError, match=f"has format {SCHEMA_VERSION + 1}, but this bridge reads up to"):
        JobStore(path(tmp_path))
    assert [each.name for each in tmp_path.iterdir() if "damaged" in each.name] == []


WRITER = """
import asyncio, sys
from pathlib import Path
from bridge.jobs.store import JobStore
from bridge.jobs.table import Jobs, NewJob

async def one(jobs, number):
    job, _ = await jobs.create_once(NewJob("gnn.train", "ada", "neo4j", job_id=number, request_id=number))
    print("entered", number, flush=True)
    await jobs.accept(job)
    print("accepted", number, flush=True)
    job.run()
    for epoch in range(5):
        job.note(0, epoch / 5, "", {"loss": 1 / (1 + epoch)})
        await asyncio.sleep(0)
    job.succeed()
    await job.ended()
    print("ended", number, flush=True)

async def main():
    jobs = Jobs(JobStore(Path(sys.argv[1])))
    number = int(sys.argv[2])
    print("ready", flush=True)
    while True:
        await asyncio.gather(*(one(jobs, f"j{number + each}") for each in range(4)))
        number += 4

asyncio.run(main())
"""


def killed(folder: Path, first: int, seconds: float) -> dict[str, list[str]]:
    """Run a writer of jobs for a moment, kill it, and return what it had promised, by kind."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path(folder)), str(first)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(seconds)
        writer.kill()
        lines = writer.stdout.read().splitlines(keepends=True)
    said = [line.split() for line in lines if line.endswith("\n")]
    return {kind: [number for word, number in said if word == kind] for kind in ("entered", "accepted", "ended")}


def test_a_kill_at_any_point_leaves_every_job_in_a_final_state(tmp_path: Path) -> None:
    """What was promised is there: entered jobs, accepted requests, ends; and the file is sound each time."""
    rng = random.Random(11)
    ended: set[str] = set()
    for kill in range(KILLS):
        promised = killed(tmp_path, 100_000 * (kill + 1), rng.uniform(0.0, 0.2))
        store = JobStore(path(tmp_path))
        assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        records = {record.id: record for record in store.newest("ada", None, 1_000_000)}
        assert {record.status.state for record in records.values()} <= {JobState.SUCCEEDED, JobState.FAILED}
        assert set(promised["entered"]) <= records.keys()
        ended |= set(promised["ended"])
        assert {records[name].status.state for name in ended} <= {JobState.SUCCEEDED}
        for name in promised["accepted"]:
            same = store.of_request("ada", name)
            assert same is not None
            assert same.key == records[name].key
        for name in ended:
            assert len(store.history(records[name].key)) == 5
        store.close()
    assert len(ended) > KILLS, "the writers came to something before they were killed"


def test_a_locked_file_is_waited_for(tmp_path: Path) -> None:
    """Somebody may work on it with a tool of their own for a moment."""
    store = JobStore(path(tmp_path))
    other = sqlite3.connect(path(tmp_path), check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, other.rollback).start()
    assert store.prune() == 0
    assert not other.in_transaction
    other.close()
    store.close()
