"""bridge/actions/reconcile.py: a job whose server was killed says what is in the store."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bridge.actions.reconcile import outcome_of
from bridge.core.errors import DamagedError
from bridge.jobs.all_jobs import OPERATOR
from bridge.jobs.job import Job
from bridge.jobs.status import JobRecord, JobState
from bridge.jobs.store import RESTARTED, JobStore
from bridge.registry.store import Store
from tests.registry.examples import manifest, publish, write_arrays


def left_unfinished(root: Path, user: str = "ada") -> None:
    """Enter a job that nobody ends."""

    async def record() -> JobRecord:
        configuration = {"modelName": "ratings"}
        return Job("nightly", "gnn.train", user=user, database="neo4j", configuration=configuration).record

    store = JobStore(root / "jobs.sqlite")
    store.write([asyncio.run(record())], [])
    store.close()


def reconciled(root: Path, store: Store, user: str = "ada") -> JobRecord:
    """Open the table of jobs as a server does that starts."""
    jobs = JobStore(root / "jobs.sqlite", outcome=partial(outcome_of, store=store))
    (record,) = jobs.newest(user, None, 10)
    jobs.close()
    return record


def made_by(job_id: str, **changes: Any) -> dict[str, Any]:
    configuration = {"modelName": "ratings", "jobId": job_id}
    return {"configuration": configuration, "owner": "ada", "created_millis": time.time_ns() // 10**6, **changes}


def test_a_job_that_published_before_its_server_was_killed_has_succeeded(tmp_path: Path) -> None:
    """With the version that it made: the list does not say that nothing came of it."""
    store = Store(tmp_path)
    publish(store)
    left_unfinished(tmp_path)
    publish(store, **made_by("nightly"))
    found = reconciled(tmp_path, store)
    assert (found.status.state, found.model_name, found.model_version) == (JobState.SUCCEEDED, "ratings", 2)
    assert found.status.finished_millis is not None


@pytest.mark.parametrize(
    "others",
    [{"owner": "grace"}, {"database": "films"}, {"created_millis": 10**12}, made_by("weekly"), {"owner": ""}],
    ids=["owner", "database", "time", "job", "nobody"],
)
def test_a_version_of_another_job_is_none_of_this_one(tmp_path: Path, others: dict[str, Any]) -> None:
    store = Store(tmp_path)
    left_unfinished(tmp_path)
    publish(store, **(made_by("nightly") | others))
    found = reconciled(tmp_path, store)
    assert (found.status.state, found.status.error, found.model_version) == (JobState.FAILED, RESTARTED, None)


def test_a_version_that_did_not_become_champion_is_named(tmp_path: Path) -> None:
    """The server was killed between the version's rename and the alias's."""
    store = Store(tmp_path)
    publish(store)
    left_unfinished(tmp_path)
    staging = store.stage()
    write_arrays(staging)
    store.publish(staging, manifest(**made_by("nightly")), promote=False)
    found = reconciled(tmp_path, store)
    assert (found.status.state, found.status.reason, found.model_version) == (JobState.FAILED, "SERVER_RESTARTED", 2)
    assert "version 2 of `ratings` is stored, but not named as the one that answers" in found.status.error


def test_what_an_operator_s_training_published_is_its_job_s(tmp_path: Path) -> None:
    """Though the version belongs to the model's owner."""
    store = Store(tmp_path)
    publish(store)
    left_unfinished(tmp_path, OPERATOR)
    publish(store, **made_by("nightly"))
    found = reconciled(tmp_path, store, OPERATOR)
    assert (found.status.state, found.model_version) == (JobState.SUCCEEDED, 2)


def test_damaged_aliases_keep_no_server_from_starting(tmp_path: Path) -> None:
    """The job names its version, and does not say that it answers."""
    store = Store(tmp_path)
    publish(store)
    left_unfinished(tmp_path)
    publish(store, **made_by("nightly"))
    next(tmp_path.glob("models/*/ratings/aliases.json")).write_text("{")
    found = reconciled(tmp_path, store)
    assert (found.status.state, found.status.reason, found.model_version) == (JobState.FAILED, "SERVER_RESTARTED", 2)


def test_a_store_that_cannot_be_read_keeps_no_server_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job is FAILED."""
    store = Store(tmp_path)
    left_unfinished(tmp_path)

    def unreadable() -> dict[str, str]:
        raise DamagedError("The folder `models` cannot be read.", reason="MODEL_DAMAGED")

    monkeypatch.setattr(store, "databases", unreadable)
    assert reconciled(tmp_path, store).status.error == RESTARTED


@pytest.mark.parametrize(
    ("gate", "state"),
    [
        ({"passed": False, "promoted": False, "reason": "WORSE", "text": "It is worse."}, JobState.REJECTED),
        ({"passed": True, "promoted": False, "reason": "NOT_WORSE", "text": ""}, JobState.SUCCEEDED),
    ],
    ids=["rejected", "never promoted"],
)
def test_a_version_that_was_not_to_be_promoted_ends_its_job_as_the_gate_said(
    tmp_path: Path, gate: dict[str, Any], state: JobState
) -> None:
    store = Store(tmp_path)
    publish(store)
    left_unfinished(tmp_path)
    staging = store.stage()
    write_arrays(staging)
    store.publish(staging, manifest(**made_by("nightly", gate=gate)), promote=False)
    found = reconciled(tmp_path, store)
    assert (found.status.state, found.model_version) == (state, 2)
    assert found.status.error == gate["text"]
