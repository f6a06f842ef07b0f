"""The `bridge` command beside a running Neo4j: what operators see is what Cypher made."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import latency
from bridge.client import Address, Client
from tests.neo4j.board import READERS, Board
from tests.neo4j.stack import Stack

ALIAS_OF = """
CALL bridge.model.versions($name) YIELD modelVersion, aliases WITH * WHERE $alias IN aliases RETURN modelVersion
"""


def bridge(stack: Stack, *words: str) -> tuple[int, str, str]:
    """Run a command as a shell would; return exit status, stdout and stderr."""
    command = [sys.executable, "-m", "bridge", *words, "--home", str(stack.home.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


def found(stack: Stack, *words: str) -> Any:
    """Run a command that must end well; return its JSON."""
    status, out, err = bridge(stack, *words, "--json")
    assert status == 0, err
    return json.loads(out)


def test_an_operator_sees_and_names_what_cypher_trained(stack: Stack, ranking: str) -> None:
    """The home says where the server is; an alias put from the shell is there in Cypher."""
    (listed,) = [each for each in found(stack, "models") if each["modelName"] == ranking]
    assert (listed["database"], listed["owner"], listed["versionCount"]) == ("neo4j", stack.status.user, 2)
    assert found(stack, "promote", ranking, "1", "--alias", "shell") == {"modelVersion": 1, "previousVersion": None}
    assert stack.row(ALIAS_OF, name=ranking, alias="shell") == {"modelVersion": 1}
    with Client(Address(stack.status.bridge_address)) as client:
        assert client.models.delete_alias(ranking, "shell") == 1
    assert stack.rows(ALIAS_OF, name=ranking, alias="shell") == []
    assert [each["modelVersion"] for each in found(stack, "versions", ranking)] == [2, 1]
    assert any(each["modelName"] == ranking for each in found(stack, "jobs", "--limit", "1000"))


def test_a_client_recommends_what_cypher_recommends(stack: Stack, board: Board, ranking: str) -> None:
    """From the projection of the training, nodes by their keys: the same books in the same order."""
    rows = stack.rows(
        f"""CALL bridge.recommend.stream($graph, {{modelName: $model, topK: 3}})
        YIELD sourceNodeId, targetNodeId, rank, modelVersion
        MATCH (reader:{board.reader}) WHERE id(reader) = sourceNodeId AND reader.readerId = 500
        MATCH (book:{board.book}) WHERE id(book) = targetNodeId
        RETURN book.bookId AS book, modelVersion ORDER BY rank""",
        graph=board.name,
        model=ranking,
    )
    with Client(Address(stack.status.bridge_address)) as client:
        answer = client.predictions.recommend(ranking, [500], top_k=3)
    assert [row["book"] for row in rows] == list(answer.lists[0].keys)
    assert {row["modelVersion"] for row in rows} == {answer.model_version}


def test_predictions_are_answered_while_a_job_trains_and_while_all_readers_are_scored(
    stack: Stack, board: Board, ranking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small share of benchmarks/latency.py: each list is full, and nobody waits for the other work to end."""
    monkeypatch.setattr(latency, "REQUESTS", 20)
    asker = latency.Asker(stack.status.bridge_address, ranking, [500 - place for place in range(READERS)])
    all_readers = latency.ALL_USERS.replace("'movies'", f"'{board.name}'")
    with asker.training():
        windows = [asker.window()]
        trainers = stack.trainers()
    with latency.repeating(stack.status.bolt_uri, stack.auth, all_readers, ranking):
        windows.append(asker.window())
    assert [len(window) for window in windows] == [20, 20]
    assert trainers, "the training was at work to the end"


def test_a_recipe_that_fails_says_where(stack: Stack, unique: Callable[[str], str]) -> None:
    """By its statement on stdout, the job's end in the exit status; the same request id is the same job."""
    words = ("retrain", "movie-graph", "-p", "tolerance=-1.0", "--request-id", unique("request"), "--wait")
    status, out, err = bridge(stack, *words)
    assert status == 1
    assert "(retrain.movie-graph) failed: The recipe `movie-graph` stopped at statement" in out
    assert [line for line in err.splitlines() if line.startswith("retrain.movie-graph")]
    again = bridge(stack, *words)
    assert again[:2] == (status, out)
    status, _, err = bridge(stack, "retrain", "movie-grpah")
    assert status == 1
    assert "Did you mean `movie-graph`?" in err
