"""However a CALL ends before its time, the trainer process ends too, and the next training works."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.neo4j.board import TRAIN, Board
from tests.neo4j.stack import Stack, eventually
from tests.neo4j.training import Training, training

Ending = Callable[[Training], None]


def _terminate(running: Training) -> None:
    (transaction,) = running.transactions
    running.stack.rows(f"TERMINATE TRANSACTION '{transaction['transactionId']}'")


def _cancel(running: Training) -> None:
    running.cancel()


ENDINGS: dict[str, tuple[Ending, str]] = {
    "TERMINATE TRANSACTION": (_terminate, "terminated"),
    "bridge.job.cancel from another session": (_cancel, "was cancelled"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_ended_call_ends_its_trainer(stack: Stack, board: Board, unique: Callable[[str], str], ending: str) -> None:
    """The process is gone, the job is CANCELLED and off gds.listProgress, nothing was published."""
    end, said = ENDINGS[ending]
    with training(stack, board, unique("ended")) as running:
        end(running)
        assert said in running.ended()
    _assert_gone(stack, running)


def test_a_transaction_timeout_ends_the_trainer(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """The transaction's own time limit is noticed while the plugin waits for the server."""
    running = Training(stack, board, unique("late"), timeout_seconds=8)  # the job must be there by then
    running.start()
    assert "terminated" in running.ended() or "timeout" in running.ended()
    _assert_gone(stack, running)


def test_a_killed_client_ends_the_trainer(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """A client that is killed says no goodbye; Neo4j notices that its connection is gone."""
    running = Training(stack, board, unique("orphan"))
    client = running.in_a_process()
    try:
        assert eventually(lambda: bool(stack.trainers()))
    finally:
        client.kill()
        client.wait()
    _assert_gone(stack, running)


def _assert_gone(stack: Stack, running: Training) -> None:
    assert eventually(lambda: not stack.trainers()), "the trainer process goes on"
    assert eventually(lambda: running.status == "CANCELLED"), running.listed
    assert eventually(lambda: not running.progress), running.progress
    assert eventually(lambda: not running.transactions), running.transactions
    assert stack.rows("CALL bridge.model.exists($name) YIELD exists", name=running.job) == [{"exists": False}]


def test_the_next_training_works(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """A cancelled training gives its slot and its name back."""
    job = unique("again")
    with training(stack, board, job):
        pass
    row = stack.row(TRAIN, graph=board.name, config=board.train(modelName=job, jobId=job))
    assert row["modelInfo"]["modelVersion"] == 1


def test_a_running_job_is_shown_where_gds_users_look(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """gds.listProgress has it with its steps, SHOW TRANSACTIONS says what it does, bridge.job.list its step."""
    with training(stack, board, unique("shown")) as running:
        assert eventually(lambda: "train" in "".join(row["statusDetails"] for row in running.transactions))
        assert eventually(lambda: running.steps.get("train") == "RUNNING"), running.steps
        assert (running.steps["Bridge :: gnn.train"], running.steps["refit"]) == ("RUNNING", "PENDING")
        assert eventually(lambda: running.listed[0]["step"] == "train")
        assert running.transactions[0]["statusDetails"].startswith("gnn.train: ")
    assert eventually(lambda: not running.progress)


def test_a_second_training_waits_while_recommendations_go_on(
    stack: Stack, board: Board, ranking: str, unique: Callable[[str], str]
) -> None:
    """One trainer at a time; the other job says where it stands in the queue, and asking a model needs no slot."""
    with training(stack, board, unique("first")) as first, training(stack, board, unique("second")) as second:
        assert eventually(lambda: second.listed[0]["detail"] == "waiting: 1 job before this one"), second.listed
        assert (first.status, second.status) == ("RUNNING", "QUEUED")
        assert len(stack.trainers()) == 1
        rows = stack.rows(
            "CALL bridge.recommend.stream($graph, {modelName: $name, topK: 1})", graph=board.name, name=ranking
        )
        assert len(rows) == 30
        first.cancel()
        assert eventually(lambda: second.status == "RUNNING")


def test_a_waiting_training_can_be_cancelled(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """It leaves the queue without ever having had a process."""
    with training(stack, board, unique("first")), training(stack, board, unique("second")) as second:
        second.cancel()
        assert "was cancelled" in second.ended()
        assert second.status == "CANCELLED"
        assert len(stack.trainers()) == 1


def test_a_taken_job_id_is_refused(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """Two jobs of one id could not be told apart."""
    with training(stack, board, unique("taken")) as running:
        config = board.train(modelName=unique("taken"), jobId=running.job)
        text = stack.error(TRAIN, graph=board.name, config=config)
        assert f"already a job running with jobId '{running.job}'" in text
        assert running.status == "RUNNING"
