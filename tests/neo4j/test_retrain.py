"""Recipes on a real database: what they make, how they fail, and that they never leave a projection behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.client import Client
from bridge.client.address import Address
from bridge.client.records import Job
from bridge.core.errors import BridgeError
from tests.neo4j.board import Board
from tests.neo4j.stack import NO_INTERNALS, PATIENCE, Stack, eventually
from tests.neo4j.training import FOREVER

RECIPE = """// Train a board's model and recommend anew.
:param graph => 'by_hand';
:param model => 'none';
:param topK => 2;
:param epochs => 3;
:param patience => 10;
:param failing => false;

// Put the board into memory
CALL gds.graph.project($graph + '_board', ['{reader}', '{book}'], {{RATED: {{properties: ['rating']}}}})
YIELD nodeCount;

// Fail if asked. By an index that is out of range
UNWIND CASE WHEN $failing THEN [1] ELSE [] END AS word
CALL gds.fastRP.mutate($graph + '_board', {{embeddingDimension: 0, mutateProperty: 'x'}}) YIELD nodeCount
RETURN nodeCount;

// Train
CALL bridge.gnn.train($graph + '_board', {{
  modelName: $model, objective: 'ranking', sourceNodeLabel: '{reader}', targetRelationshipType: 'RATED',
  targetNodeLabel: '{book}', targetProperty: 'rating', epochs: $epochs, patience: $patience, baselines: 'none',
  randomSeed: 42
}}) YIELD modelInfo;

// Recommend
CALL bridge.recommend.write($graph + '_board', {{modelName: $model, topK: $topK}}) YIELD relationshipsWritten;
"""

GRAPHS = "CALL gds.graph.list() YIELD graphName WITH graphName WHERE graphName STARTS WITH $prefix RETURN graphName"
RECOMMENDED = """
MATCH (:$($label))-[r:RECOMMENDED {modelName: $model}]->()
RETURN r.modelVersion AS version, count(*) AS written
"""
EXISTS = "CALL bridge.model.exists($name) YIELD exists RETURN exists"
CALLED = "EXPLAIN CALL bridge.model.info($model) YIELD modelInfo RETURN modelInfo;"
FORGET = "MATCH (:$($label))-[r:RECOMMENDED {modelName: $model}]->() DELETE r"
TAGGED = "SHOW TRANSACTIONS YIELD metaData WHERE metaData.bridgeRecipe IS NOT NULL RETURN count(*) AS running"


class Recipe:
    """A recipe for the board, in the folder that the server reads, and an operator who runs it."""

    def __init__(self, stack: Stack, board: Board, client: Client, name: str, folder: Path) -> None:
        self._stack = stack
        self._board = board
        self.client = client
        self.name = name
        self.path = folder / f"{name}.cypher"
        self.path.write_text(RECIPE.format(reader=board.reader, book=board.book))

    def begin(self, request_id: str, **parameters: object) -> Job:
        """Ask for a run; its model bears the recipe's name."""
        given = {"model": self.name, **parameters}
        return self.client.trainings.retrain(self.name, given, request_id=f"{self.name} {request_id}")

    def ended(self, job: Job) -> Job:
        """Wait for the end of a run."""
        found = self.client.trainings.wait_job(job.key, timeout=PATIENCE)
        assert found.finished, found
        return found

    def at_training(self, job: Job) -> bool:
        """Whether the run's training goes on."""
        return "gnn.train: " in self.client.trainings.get_job(job.key).detail and bool(self._stack.trainers())

    def graphs(self) -> list[Any]:
        """Return the projections that runs of this recipe have now."""
        return [row["graphName"] for row in self._stack.rows(GRAPHS, prefix=f"{self.name}_")]

    def recommended(self) -> list[dict[str, Any]]:
        """Return how many recommendations there are by the version that made them."""
        return self._stack.rows(RECOMMENDED, label=self._board.reader, model=self.name)


@pytest.fixture
def recipe(stack: Stack, board: Board, unique: Callable[[str], str]) -> Iterator[Recipe]:
    """Lend a recipe of the test's own, beside a projection of somebody else's whose name is close to its runs'."""
    folder = Path(stack.server.environ()["BRIDGE_RECIPES"])
    with Client(Address(stack.status.bridge_address)) as client:
        recipe = Recipe(stack, board, client, unique("nightly"), folder)
        foreign = f"{recipe.name}_"
        stack.rows("CALL gds.graph.generate($name, 10, 1) YIELD nodes", name=foreign)
        try:
            yield recipe
            assert recipe.graphs() == [foreign], "a projection was left behind, or somebody else's was dropped"
        finally:
            recipe.path.unlink()
            stack.rows(FORGET, label=board.reader, model=recipe.name)
            stack.rows("CALL gds.graph.drop($name) YIELD graphName", name=foreign)


def test_a_recipe_trains_and_recommends_and_a_request_that_is_repeated_does_not(recipe: Recipe) -> None:
    """The recommendations are those of the new version, at the length that was asked for."""
    job = recipe.ended(recipe.begin("first", topK=3))
    assert (job.status, job.progress, job.model_name, job.model_version) == ("SUCCEEDED", 1.0, recipe.name, 1), job
    assert recipe.recommended() == [{"version": 1, "written": 90}]
    assert recipe.begin("first", topK=3).key == job.key
    with pytest.raises(BridgeError, match="Give this request an id of its own") as raised:
        recipe.begin("first", topK=4)
    assert raised.value.reason == "REQUEST_ID_TAKEN"


def test_a_failure_names_the_statement_and_has_the_databases_words(recipe: Recipe) -> None:
    """Its number, its comment, and nothing internal; no training has begun."""
    job = recipe.ended(recipe.begin("first", failing=True))
    assert (job.status, job.reason) == ("FAILED", "STATEMENT_FAILED")
    assert f"The recipe `{recipe.name}` stopped at statement 2 of 4 (Fail if asked): " in job.error
    assert "Value for `embeddingDimension` was `0`" in job.error
    assert not [word for word in NO_INTERNALS if word in job.error], job.error
    assert recipe.recommended() == []


def test_a_statement_that_the_database_does_not_understand_is_found_before_the_first_runs(
    stack: Stack, recipe: Recipe
) -> None:
    """A slip in the last one does not cost a night's training. A statement about what earlier ones make is no slip."""
    text = recipe.path.read_text()
    recipe.path.write_text(f"{text}\n// Oops\nMATCH (n RETURN n;")
    job = recipe.ended(recipe.begin("first"))
    assert (job.status, job.reason) == ("FAILED", "STATEMENT_FAILED")
    assert f"The recipe `{recipe.name}` was not begun, since it would stop at statement 5 of 5 (Oops): " in job.error
    assert "Invalid input 'RETURN'" in job.error
    assert stack.row(EXISTS, name=recipe.name) == {"exists": False}
    recipe.path.write_text(f"{text}\n// Ask the new version\n{CALLED}")
    assert recipe.ended(recipe.begin("second")).status == "SUCCEEDED"


def test_a_cancelled_recipe_ends_its_statement_and_its_trainer(stack: Stack, recipe: Recipe) -> None:
    """When the job says so, nothing of it runs in the database any more."""
    job = recipe.begin("first", **FOREVER)
    assert eventually(lambda: recipe.at_training(job))
    waiting = recipe.begin("second")
    recipe.client.trainings.cancel_job(job.key)
    assert recipe.ended(job).status == "CANCELLED"
    assert stack.row(TAGGED)["running"] <= 1, "only the next run's statement"
    assert recipe.ended(waiting).status == "SUCCEEDED", "the one behind it has its turn"
    assert eventually(lambda: stack.trainers() == [])


def test_a_killed_servers_recipe_has_failed_and_its_projections_are_dropped_at_the_next_start(
    stack: Stack, recipe: Recipe
) -> None:
    """Whoever asks with the same request id learns what became of it."""
    job = recipe.begin("first", **FOREVER)
    assert eventually(lambda: recipe.at_training(job))
    assert len(recipe.graphs()) == 2
    stack.kill_server()
    stack.start_server()
    again = recipe.begin("first", **FOREVER)
    assert (again.key, again.status, again.reason) == (job.key, "FAILED", "SERVER_RESTARTED")
    assert eventually(lambda: len(recipe.graphs()) == 1)
    assert stack.row(TAGGED) == {"running": 0}
