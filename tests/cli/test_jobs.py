"""`bridge jobs`: list, look, wait, cancel."""

from __future__ import annotations

import json

import pytest

from bridge.v1 import training_service_pb2 as wire
from tests.cli.conftest import Shell
from tests.client.examples import ended, job


def test_jobs_are_listed_the_newest_first(shell: Shell) -> None:
    """As many as asked for, over pages; a failed one with its reason, a running one with its progress."""
    failed = ended("FAILED", id="old", error="The trainer was lost.", reason="TRAINER_LOST")
    shell.fake.answers["ListJobs"] = lambda request: wire.ListJobsResponse(jobs=[job(), failed], next_page_token="x")
    status, out, _ = shell("jobs", "--limit", "2", "--state", "running", "--state", "FAILED")
    heading, _, first, second = out.splitlines()
    assert status == 0
    assert heading.split()[:4] == ["job", "what", "status", "done"]
    assert "RUNNING" in first
    assert "50%" in first
    assert "epoch 5 of 10" in first
    assert "0:01:00" in second
    assert "The trainer was lost." in second
    assert list(shell.fake.asked[0].states) == [wire.JOB_STATE_RUNNING, wire.JOB_STATE_FAILED]
    assert [each["jobId"] for each in shell.json("jobs", "--limit", "3")] == ["night", "old", "night"]


def test_a_long_reason_does_not_blow_up_the_list(shell: Shell) -> None:
    """`bridge jobs JOB` and JSON have the whole."""
    long = ended("REJECTED", error="Not comparable. " * 40)
    shell.fake.answers["ListJobs"] = lambda request: wire.ListJobsResponse(jobs=[long])
    _, out, _ = shell("jobs")
    assert max(map(len, out.splitlines())) < 250
    assert out.rstrip().endswith("…")
    assert [each["error"] for each in shell.json("jobs")] == [long.error]


def test_one_job_is_shown_whole(shell: Shell) -> None:
    """The JSON names are promised."""
    made = ended("REJECTED", model="m", version=4, figures={"ndcgAt10": 0.25}, error="Worse.", reason="WORSE")
    shell.fake.answers["GetJob"] = lambda request: wire.GetJobResponse(job=made)
    status, out, _ = shell("jobs", "night")
    assert status == 0
    assert {"night", "REJECTED", "Worse.", "WORSE", "m"} <= set(out.split())
    assert shell.json("jobs", "night") == {
        "key": "a" * 32,
        "jobId": "night",
        "jobName": "retrain movielens",
        "user": "neo4j",
        "database": "neo4j",
        "status": "REJECTED",
        "step": "train",
        "progress": 1.0,
        "detail": "",
        "error": "Worse.",
        "reason": "WORSE",
        "figures": {"ndcgAt10": 0.25},
        "configuration": {},
        "modelName": "m",
        "modelVersion": 4,
        "timeCreated": "2023-11-14T22:13:20Z",
        "timeStarted": "2023-11-14T22:13:21Z",
        "timeFinished": "2023-11-14T22:14:21Z",
    }


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("CANCELLING", "Job `night` is cancelling.\n"),
        ("CANCELLED", "Job `night` is cancelled.\n"),
        ("SUCCEEDED", "Job `night` had ended before: succeeded.\n"),
    ],
)
def test_cancelling_says_what_became_of_the_job(shell: Shell, state: str, said: str) -> None:
    """One that had ended stays as it is, and that is no error."""
    shell.fake.answers["CancelJob"] = lambda request: wire.CancelJobResponse(job=job(state))
    assert shell("jobs", "cancel", "night")[:2] == (0, said)
    assert shell.fake.asked[0].job == "night"


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [
        ("SUCCEEDED", 0, "Job `night` (retrain movielens) succeeded and made version 4 of `m`."),
        ("REJECTED", 4, "Job `night` (retrain movielens) was rejected, and version 4 of `m` is kept: Worse."),
        ("FAILED", 1, "Job `night` (retrain movielens) failed: Worse."),
        ("CANCELLED", 130, "Job `night` (retrain movielens) was cancelled. Worse."),
    ],
)
def test_waiting_ends_with_the_jobs_own_status(shell: Shell, state: str, status: int, said: str) -> None:
    """For scripts: the exit status tells how the job ended, JSON the rest."""
    end = ended(state, model="m", version=4, error="" if state == "SUCCEEDED" else "Worse.")
    shell.fake.answers |= {
        "GetJob": lambda request: wire.GetJobResponse(job=job()),
        "WatchJob": lambda request: iter([wire.WatchJobResponse(job=job()), wire.WatchJobResponse(job=end)]),
    }
    assert shell("jobs", "wait", "night")[:2] == (status, f"{said}\n")
    code, out, _ = shell("jobs", "wait", "night", "--json")
    assert (code, json.loads(out)["status"]) == (status, state)


def test_words_that_are_no_command_are_answered_with_those_that_are(shell: Shell) -> None:
    """Nothing is asked."""
    status, _, err = shell("jobs", "stop", "night")
    assert status == 1
    assert "`bridge jobs stop night` is no command. Give nothing to list all" in err
    assert shell.fake.asked == []
