"""What can be called, what is hosted, what has run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import neo4j
import pytest

from tests.neo4j.board import TRAIN, Board, make_board
from tests.neo4j.stack import NO_INTERNALS, Stack

Arguments = Callable[[Board, str, str], list[Any]]

CALLS: dict[str, Arguments] = {
    "bridge.health": lambda board, ranking, rating: [],
    "bridge.version": lambda board, ranking, rating: [],
    "bridge.list": lambda board, ranking, rating: [],
    "bridge.model.list": lambda board, ranking, rating: [],
    "bridge.model.exists": lambda board, ranking, rating: [ranking],
    "bridge.model.drop": lambda board, ranking, rating: ["none_of_this_name", False],
    "bridge.model.alias.drop": lambda board, ranking, rating: ["none_of_this_name", "night", False],
    "bridge.model.info": lambda board, ranking, rating: [ranking],
    "bridge.model.versions": lambda board, ranking, rating: [ranking],
    "bridge.model.staleness": lambda board, ranking, rating: [board.name, {"modelName": ranking}],
    "bridge.job.list": lambda board, ranking, rating: [],
    "bridge.snapshot.stats": lambda board, ranking, rating: [board.name, {}],
    "bridge.recommend.stream": lambda board, ranking, rating: [board.name, {"modelName": ranking}],
    "bridge.recommend.write": lambda board, ranking, rating: [
        board.name, {"modelName": ranking, "writeRelationshipType": "COLUMNS"}
    ],
    "bridge.predict.stream": lambda board, ranking, rating: [
        board.name, {"modelName": rating, "pairRelationshipType": "RATED"}
    ],
}  # fmt: skip


@pytest.mark.parametrize("procedure", CALLS)
def test_columns_are_those_that_the_list_says(
    stack: Stack, board: Board, ranking: str, rating: str, procedure: str
) -> None:
    """A CALL yields the documented columns in the documented order."""
    (listed,) = [row for row in stack.rows("CALL bridge.list($name)", name=procedure) if row["name"] == procedure]
    arguments = CALLS[procedure](board, ranking, rating)
    names = {f"a{place}": value for place, value in enumerate(arguments)}
    with stack.driver.session(database="neo4j") as session:
        text = f"CALL {procedure}({', '.join(f'${name}' for name in names)})"
        keys = session.run(neo4j.Query(text), names).keys()  # type: ignore[arg-type]
    assert list(keys) == [column["name"] for column in listed["yields"]]


def test_neo4j_has_exactly_the_procedures_of_the_list(stack: Stack) -> None:
    """What the server lists is what the plugin brought, with the same signatures, descriptions and modes."""
    listed = stack.rows("CALL bridge.list()")
    shown = stack.rows(
        "SHOW PROCEDURES YIELD name, description, mode WHERE name STARTS WITH 'bridge.' RETURN name, description, mode"
    )
    assert {(row["name"], row["description"], row["type"]) for row in listed} == {
        (row["name"], row["description"], row["mode"]) for row in shown
    }


def test_health_says_where_the_server_is_and_what_it_holds(stack: Stack, ranking: str) -> None:
    """The address is the plugin's own setting; each model is there without an error."""
    row = stack.row("CALL bridge.health()")
    assert (row["status"], row["detail"], row["address"]) == ("SERVING", "", stack.status.bridge_address)
    assert {"modelName": ranking, "modelVersion": 2, "error": ""} in row["models"]


def test_versions_name_all_that_takes_part(stack: Stack) -> None:
    """Database, GDS, plugin, server and the libraries that results depend on."""
    found = {row["component"]: row["version"] for row in stack.rows("CALL bridge.version()")}
    assert found["Neo4j"].startswith("5.26.")
    assert found["Graph Data Science"].startswith("2.13.")
    assert found["bridge plugin"] == found["bridge server"]
    assert found["torch"]


def test_a_dropped_model_is_gone(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """It is listed, exists, is dropped with a last row about it, and then answers no more."""
    name = unique("dropped")
    stack.rows(TRAIN, graph=board.name, config=board.train(modelName=name))
    exists = "CALL bridge.model.exists($name) YIELD exists, modelVersion, modelType RETURN *"
    assert stack.row(exists, name=name) == {"exists": True, "modelVersion": 1, "modelType": "lightGcn"}
    assert stack.row("CALL bridge.model.list($name)", name=name)["stored"] is True
    assert stack.row("CALL bridge.model.drop($name)", name=name)["stored"] is False
    assert stack.row(exists, name=name) == {"exists": False, "modelVersion": None, "modelType": "n/a"}
    text = stack.error("CALL bridge.recommend.stream($g, {modelName: $name})", g=board.name, name=name)
    assert f"`{name}` does not exist" in text
    assert stack.rows("CALL bridge.model.drop($name, false)", name=name) == []


def test_a_taken_name_gets_the_next_version(stack: Stack, ranking: str) -> None:
    """Two trainings under one name: the list has the newest."""
    assert stack.row("CALL bridge.model.list($name)", name=ranking)["modelVersion"] == 2


@pytest.fixture
def twice(stack: Stack, board: Board, unique: Callable[[str], str]) -> str:
    """Train a model in two versions that no other test moves; return its name."""
    name = unique("twice")
    for seed in (1, 2):
        stack.rows(TRAIN, graph=board.name, config=board.train(modelName=name, epochs=5, randomSeed=seed))
    return name


VERSIONS = """
CALL bridge.model.versions($model) YIELD modelVersion, aliases, parentVersion, metrics, stored
RETURN modelVersion AS version, aliases, parentVersion AS parent, metrics.test.ndcgAt10 > 0 AS measured, stored
ORDER BY version
"""

ANSWER = """
CALL bridge.recommend.stream($graph, {modelName: $model, modelVersion: $version, topK: 3})
YIELD sourceNodeId, targetNodeId, rank, modelVersion
RETURN sourceNodeId AS source, targetNodeId AS target, rank, modelVersion AS version ORDER BY source, rank
"""


def test_an_analyst_chooses_which_version_answers(stack: Stack, board: Board, twice: str) -> None:
    """Versions, promote, rollback: the very next call is answered by the other version, and info follows."""

    def answer(version: int | str) -> list[dict[str, Any]]:
        return stack.rows(ANSWER, graph=board.name, model=twice, version=version)

    both = {"measured": True, "stored": True}
    assert stack.rows(VERSIONS, model=twice) == [
        {"version": 1, "aliases": ["previous"], "parent": None, **both},
        {"version": 2, "aliases": ["champion"], "parent": 1, **both},
    ]
    one, two = answer(1), answer(2)
    assert {row["version"] for row in one} == {1}
    assert [row["target"] for row in one] != [row["target"] for row in two]
    row = stack.row("CALL bridge.model.rollback($model)", model=twice)
    assert row == {"modelName": twice, "modelVersion": 1, "alias": "champion", "versionBefore": 2}
    assert answer("champion") == one
    info = "CALL bridge.model.info($model) YIELD modelVersion, trainConfig RETURN modelVersion, trainConfig.randomSeed"
    assert list(stack.row(info, model=twice).values()) == [1, 1]
    stack.row("CALL bridge.model.promote($model, 2)", model=twice)
    assert answer("champion") == two


def test_an_alias_of_ones_own_comes_moves_and_goes(stack: Stack, board: Board, twice: str) -> None:
    """It answers as a number does; a version that bears one is kept; what moves by itself can not be taken away."""
    promote = "CALL bridge.model.promote($model, $version, 'night') YIELD modelVersion, versionBefore RETURN *"
    assert stack.row(promote, model=twice, version=1) == {"modelVersion": 1, "versionBefore": None}
    assert {row["version"] for row in stack.rows(ANSWER, graph=board.name, model=twice, version="night")} == {1}
    assert stack.row(promote, model=twice, version="champion") == {"modelVersion": 2, "versionBefore": 1}
    drop = "CALL bridge.model.alias.drop($model, $alias)"
    assert stack.row(drop, model=twice, alias="night") == {
        "modelName": twice, "modelVersion": 2, "alias": "night"
    }  # fmt: skip
    assert "has no alias `night`, only the versions 1, 2" in stack.error(drop, model=twice, alias="night")
    assert stack.rows("CALL bridge.model.alias.drop($model, 'night', false)", model=twice) == []
    assert "`champion` can be moved and not removed" in stack.error(drop, model=twice, alias="champion")
    assert "is `previous`. Promote another version" in stack.error(
        "CALL bridge.model.drop($model, true, 1)", model=twice
    )


def test_staleness_tells_what_came_since_the_training(stack: Stack, unique: Callable[[str], str]) -> None:
    """Nothing at first; after a rating more and a new projection, that rating."""
    board, name = make_board(stack, unique("stale")), unique("model")
    board.project(stack)
    stack.rows(TRAIN, graph=board.name, config=board.train(modelName=name, epochs=1))
    ask = """
    CALL bridge.model.staleness($graph, {modelName: $model}) YIELD name, added, removed, sameFingerprint
    WHERE name = 'RATED' RETURN added, removed, sameFingerprint
    """
    fresh = {"added": 0, "removed": 0, "sameFingerprint": True}
    assert stack.row(ask, graph=board.name, model=name) == fresh
    stack.rows(
        f"MATCH (reader:{board.reader}), (book:{board.book}) WHERE NOT (reader)-[:RATED]->(book) WITH * LIMIT 1 "
        "CREATE (reader)-[:RATED {rating: 5.0, timestamp: 1, part: 0}]->(book)"
    )
    board.project(stack)
    stale = {"added": 1, "removed": 0, "sameFingerprint": False}
    assert stack.row(ask, graph=board.name, model=name) == stale


def test_a_finished_job_is_listed_with_how_it_ended(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """Under the id that the caller chose, with its model, its times and its end."""
    job = unique("job")
    stack.rows(TRAIN, graph=board.name, config=board.train(modelName=job, jobId=job))
    row = stack.row("CALL bridge.job.list($job)", job=job)
    assert (row["jobId"], row["status"], row["progress"], row["modelName"]) == (job, "SUCCEEDED", 1.0, job)
    assert row["timeCreated"] <= row["timeStarted"] <= row["timeFinished"]


def test_a_failed_job_is_listed_with_the_users_text(stack: Stack, board: Board, unique: Callable[[str], str]) -> None:
    """What the caller read is what the list says, and nothing internal."""
    job = unique("job")
    config = board.train(modelName=job, jobId=job, targetProperty="timestamp", splitProperty="rating")
    text = stack.error(TRAIN, graph=board.name, config=config)
    row = stack.row("CALL bridge.job.list($job)", job=job)
    assert row["status"] == "FAILED"
    assert row["detail"] in text
    assert not [word for word in NO_INTERNALS if word in row["detail"]]
