"""Servers that are down, killed, foreign or locked, and trainers that die: a clear text, and then it works again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from bridge.runtime import server
from bridge.runtime.ports import answers
from tests.neo4j.board import TRAIN, Board
from tests.neo4j.stack import PATIENCE, Stack, eventually
from tests.neo4j.training import training

ASK = "CALL bridge.recommend.stream($graph, {modelName: $name, topK: 1})"

FOREIGN = """
import bridge.actions
bridge.actions.CONTRACT = "a-foreign-contract"
from bridge.__main__ import main
main(["serve"])
"""
"""A server of another version, as far as the plugin can tell."""


def test_a_killed_server_is_told_and_nothing_is_sent_again(
    stack: Stack, board: Board, ranking: str, unique: Callable[[str], str]
) -> None:
    """The CALL in flight fails with a clear text; started again, the server has its models, and the job has failed."""
    with training(stack, board, unique("killed")) as running:
        trainers = stack.trainers()
        stack.kill_server()
        try:
            text = running.ended()
            left = psutil.wait_procs(trainers, timeout=PATIENCE.total_seconds())[1]
            assert left == [], "a trainer outlived its server"
        finally:
            stack.start_server()
        assert f"The bridge server at {stack.status.bridge_address} ended during the call" in text
        assert "nothing was sent again" in text
        assert len(stack.rows(ASK, graph=board.name, name=ranking)) == 30
        assert running.status == "FAILED", "a job that nobody works on must not look as if it ran"
        assert stack.trainers() == []


def test_a_killed_trainer_is_told_and_the_next_one_works(
    stack: Stack, board: Board, unique: Callable[[str], str]
) -> None:
    """The text names the signal and an id that the server's log has; the name of the model is free."""
    with training(stack, board, unique("oom")) as running:
        (trainer,) = stack.trainers()
        trainer.send_signal(signal.SIGKILL)
        text = running.ended()
    assert "was ended by signal 9 (SIGKILL)" in text
    assert "memory" in text
    assert running.status == "FAILED"
    error_id = text.partition("error id ")[2].partition(")")[0]
    assert error_id in stack.server_log()
    row = stack.row(TRAIN, graph=board.name, config=board.train(modelName=running.job))
    assert row["modelInfo"]["modelVersion"] == 1


@pytest.fixture(scope="class")
def stopped(stack: Stack, ranking: str) -> Iterator[None]:
    """Stop the server for the length of a class; the model is trained before."""
    stack.stop_server()
    try:
        yield
    finally:
        stack.start_server()


@pytest.mark.usefixtures("stopped")
class TestWithoutTheServer:
    """What happens when another server, or none, is where the plugin looks."""

    def test_a_call_says_where_it_looked_and_what_to_do(self, stack: Stack, board: Board, ranking: str) -> None:
        """The address, why, and the command that starts the server."""
        text = stack.error(ASK, graph=board.name, name=ranking)
        assert f"The bridge server at {stack.status.bridge_address} is not reachable" in text
        assert "`bridge serve`" in text

    def test_health_has_a_row_that_says_why(self, stack: Stack) -> None:
        """The one procedure that answers without a server."""
        row = stack.row("CALL bridge.health()")
        assert (row["status"], row["address"], row["models"]) == ("UNREACHABLE", stack.status.bridge_address, [])
        assert "is not reachable" in row["detail"]

    def test_a_server_of_another_contract_is_refused_by_a_sentence(
        self, stack: Stack, board: Board, ranking: str
    ) -> None:
        """Only health and version still answer, so that one can see what is there."""
        with _serving(stack, [sys.executable, "-c", FOREIGN]):
            text = stack.error(ASK, graph=board.name, name=ranking)
            assert "do not fit together" in text
            assert "a-foreign-contract" in text
            assert "Install the plugin that came with the server" in text
            assert stack.row("CALL bridge.health()")["contract"] == "a-foreign-contract"

    def test_a_server_with_another_token_is_not_used(self, stack: Stack, board: Board, ranking: str) -> None:
        """The text says which setting; health says that it is not let in."""
        command = [sys.executable, "-m", "bridge", "serve"]
        with _serving(stack, command, BRIDGE_PLUGIN_TOKEN="another-token"):
            text = stack.error(ASK, graph=board.name, name=ranking)
            assert "token" in text
            assert "another-token" not in text
            row = stack.row("CALL bridge.health()")
            assert row["status"] == "UNREACHABLE"
            assert "token" in row["detail"]


@contextmanager
def _serving(stack: Stack, command: list[str], **environment: str) -> Iterator[None]:
    """Run another server where the plugin looks for ours."""
    full = dict(os.environ) | server.environment(stack.home) | environment
    process = subprocess.Popen(command, env=full, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port = int(stack.status.bridge_address.rpartition(":")[2])
    try:
        assert eventually(lambda: answers(port)), "the other server does not start"
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE.total_seconds())
