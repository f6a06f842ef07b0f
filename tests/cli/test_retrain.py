"""`bridge retrain`: recipes run by operations."""

from __future__ import annotations

import _thread
import json
import time
from typing import Any

import pytest

from bridge.__main__ import main
from bridge.client.values import from_map, to_map
from bridge.core.errors import UnavailableError
from bridge.v1 import training_service_pb2 as wire
from tests.cli.conftest import Shell
from tests.client.examples import ended, job


def accepting(shell: Shell, *changes: wire.JobRecord) -> None:
    """Let the server accept every recipe, and tell these changes to who watches."""
    shell.fake.answers |= {
        "Retrain": lambda request: wire.RetrainResponse(job=job("QUEUED", id=request.request_id)),
        "WatchJob": lambda request: (wire.WatchJobResponse(job=each) for each in changes),
    }


def test_a_recipe_runs_with_its_parameters(shell: Shell) -> None:
    """Values are JSON where they are JSON, strings where they are not; one with an equals sign stays whole."""
    accepting(shell)
    words = ["epochs=3", "rate=0.5", "name=films", "quoted=\"7\"", "keys={\"a\": [1, null]}", "text=a=b", "n=NaN"]
    status, out, _ = shell("retrain", "movielens", "--request-id", "r1", *(f"-p{word}" for word in words))
    assert status == 0
    assert out == f"Job `r1` is queued. `bridge jobs wait {'a' * 32}` waits for its end.\n"
    (asked,) = shell.fake.asked
    assert (asked.recipe, asked.request_id) == ("movielens", "r1")
    assert from_map(asked.parameters) == {
        "epochs": 3, "rate": 0.5, "name": "films", "quoted": "7", "keys": {"a": [1, None]}, "text": "a=b", "n": "NaN",
    }  # fmt: skip


def test_every_run_has_a_request_id_of_its_own(shell: Shell) -> None:
    """Two runs of one line are two jobs."""
    accepting(shell)
    first, second = shell.json("retrain", "movielens"), shell.json("retrain", "movielens")
    assert first["jobId"] != second["jobId"]
    assert len(first["jobId"]) == 32


@pytest.mark.parametrize(("state", "status"), [("SUCCEEDED", 0), ("REJECTED", 4), ("FAILED", 1), ("CANCELLED", 130)])
def test_waiting_tells_how_the_job_ended(shell: Shell, state: str, status: int) -> None:
    """By the exit status; what it does meanwhile is a line a step on stderr, JSON alone on stdout."""
    accepting(shell, job("QUEUED", step=""), job(), job(progress=0.6), job("PUBLISHING", step="publish"), ended(state))
    code, out, err = shell("retrain", "movielens", "--wait", "--json")
    assert (code, json.loads(out)["status"]) == (status, state)
    assert err.splitlines() == [
        "retrain movielens night: queued",
        "retrain movielens night: running train",
        "retrain movielens night: publishing publish",
        f"retrain movielens night: {state.lower()} train",
    ]


def test_an_interrupted_command_leaves_the_job_and_says_how_to_end_it(shell: Shell) -> None:
    """Ctrl-C ends the waiting alone."""
    accepting(shell)

    def interrupted(request: Any) -> Any:
        yield wire.WatchJobResponse(job=job())
        _thread.interrupt_main()
        time.sleep(5)

    shell.fake.answers["WatchJob"] = interrupted
    status, _, err = shell("retrain", "movielens", "--wait")
    assert status == 130
    assert err.splitlines()[-1].startswith("bridge: interrupted. The job may go on without this command: `bridge jobs")
    assert f"`bridge jobs cancel {'a' * 32}` ends it." in err


def test_a_lost_answer_says_how_to_ask_again(shell: Shell) -> None:
    """The request id finds the job that may have begun; exit status 3, as nobody answers."""

    def lost(request: Any) -> Any:
        raise UnavailableError("The server stops.", reason="STOPPING")

    shell.fake.answers["Retrain"] = lost
    again = "It is safe to ask again by `--request-id r1`: a job that was begun is found by it."
    expected = (3, "", f"bridge: The server stops. {again}\n")
    assert shell("retrain", "movielens", "--request-id", "r1") == expected


def test_without_a_name_the_recipes_are_listed(shell: Shell) -> None:
    """With what their parameters are by default."""
    recipe = wire.Recipe(name="movielens", description="Trains\nboth.", parameters=to_map({"epochs": 30}))
    shell.fake.answers["ListRecipes"] = lambda request: wire.ListRecipesResponse(recipes=[recipe])
    _, out, _ = shell("retrain")
    assert out.splitlines()[-1].split("  ")[0] == "movielens"
    assert "Trains both." in out
    assert '{"epochs": 30}' in out
    assert shell.json("retrain") == [
        {"name": "movielens", "description": "Trains\nboth.", "parameters": {"epochs": 30}}
    ]
    status, _, err = shell("retrain", "--wait")
    assert status == 1
    assert "No recipe was named." in err


@pytest.mark.parametrize("word", ["epochs", "=3", ""])
def test_what_is_no_parameter_is_refused(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With an example."""
    with pytest.raises(SystemExit, match="2"):
        main(["retrain", "movielens", "-p", word])
    assert "give it as NAME=VALUE, such as epochs=20" in capsys.readouterr().err
