"""Writing recommendations: in the caller's transaction, owned by the model, safe to repeat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import neo4j
import pytest
from neo4j.exceptions import ClientError

from tests.neo4j.board import READERS, TRAIN, Board
from tests.neo4j.stack import Rows, Stack

WRITE = "CALL bridge.recommend.write($graph, $config)"

WRITTEN = """
MATCH (reader:$($label))-[written:$($type)]->(book)
RETURN reader.readerId AS reader, book.bookId AS book, written.rank AS rank, written.score AS score,
  written.modelName AS modelName, written.modelVersion AS modelVersion, toString(written.createdAt) AS createdAt
ORDER BY modelName, reader, rank
"""

BEST = """
CALL bridge.recommend.stream($graph, $config) YIELD sourceNodeId, targetNodeId, rank
WITH * WHERE rank = 1 LIMIT 1
RETURN sourceNodeId AS source, targetNodeId AS target
"""


class Writing:
    """Writes of one relationship type that no other test uses."""

    def __init__(self, stack: Stack, board: Board, relationship_type: str) -> None:
        self.stack = stack
        self.board = board
        self.type = relationship_type

    def arguments(self, model: str, **changes: Any) -> dict[str, Any]:
        """Return the arguments of the CALL."""
        config = {"modelName": model, "topK": 2, "writeRelationshipType": self.type} | changes
        return {"graph": self.board.name, "config": config}

    def write(self, model: str, **changes: Any) -> tuple[int, int, int]:
        """Write; return how many were written, deleted and unchanged."""
        row = self.stack.row(WRITE, **self.arguments(model, **changes))
        return row["relationshipsWritten"], row["relationshipsDeleted"], row["relationshipsUnchanged"]

    @property
    def there(self) -> Rows:
        """What is in the store."""
        return self.stack.rows(WRITTEN, label=self.board.reader, type=self.type)


@pytest.fixture
def writing(stack: Stack, board: Board, unique: Callable[[str], str]) -> Writing:
    """Write relationships of a type of the test's own."""
    return Writing(stack, board, unique("RECOMMENDED"))


def test_what_is_written_is_what_was_streamed(stack: Stack, board: Board, ranking: str, writing: Writing) -> None:
    """Score, rank and model are on the relationships; nobody is left without."""
    assert writing.write(ranking) == (2 * READERS, 0, 0)
    streamed = stack.rows(
        "CALL bridge.recommend.stream($graph, $config) YIELD sourceNodeId, targetNodeId, score, rank "
        "RETURN gds.util.asNode(sourceNodeId).readerId AS reader, gds.util.asNode(targetNodeId).bookId AS book, "
        "rank, score ORDER BY reader, rank",
        graph=board.name, config={"modelName": ranking, "topK": 2},
    )  # fmt: skip
    assert [{key: row[key] for key in ("reader", "book", "rank", "score")} for row in writing.there] == streamed
    assert {(row["modelName"], row["modelVersion"]) for row in writing.there} == {(ranking, 2)}


def test_the_default_type_is_recommended(stack: Stack, board: Board, ranking: str) -> None:
    """Without `writeRelationshipType` the relationships are RECOMMENDED."""
    with stack.undone() as run:
        run(WRITE, graph=board.name, config={"modelName": ranking, "topK": 1})
        written = run(WRITTEN, label=board.reader, type="RECOMMENDED")
        assert len([row for row in written if row["modelName"] == ranking]) == READERS


def test_a_second_write_changes_nothing(ranking: str, writing: Writing) -> None:
    """Nothing is written or deleted, and every createdAt is kept."""
    writing.write(ranking)
    before = writing.there
    assert writing.write(ranking) == (0, 0, 2 * READERS)
    assert writing.there == before


def test_a_new_version_replaces_the_old_ones(ranking: str, writing: Writing) -> None:
    """After a write with version 2 nothing of version 1 is left."""
    writing.write(ranking, modelVersion=1)
    assert writing.write(ranking, modelVersion=2) == (2 * READERS, 2 * READERS, 0)
    assert {row["modelVersion"] for row in writing.there} == {2}


def test_a_shorter_list_deletes_the_rest(ranking: str, writing: Writing) -> None:
    """A write with a smaller topK leaves the first ranks as they were."""
    writing.write(ranking)
    assert writing.write(ranking, topK=1) == (0, READERS, READERS)
    assert {row["rank"] for row in writing.there} == {1}


def test_another_models_relationships_stay(
    stack: Stack, board: Board, ranking: str, writing: Writing, unique: Callable[[str], str]
) -> None:
    """Two models write the same type side by side."""
    other = unique("other")
    stack.rows(TRAIN, graph=board.name, config=board.train(modelName=other))
    writing.write(ranking)
    before = writing.there
    assert writing.write(other) == (2 * READERS, 0, 0)
    assert writing.write(other, topK=1) == (0, READERS, READERS)
    assert [row for row in writing.there if row["modelName"] == ranking] == before


def test_what_people_linked_themselves_stays(stack: Stack, board: Board, ranking: str, writing: Writing) -> None:
    """A relationship of the type without an owner is nobody's to delete."""
    stack.rows(
        f"MATCH (r:{board.reader} {{readerId: 490}}), (b:{board.book} {{bookId: 1001}}) "
        f"CREATE (r)-[:{writing.type}]->(b)"
    )
    writing.write(ranking)
    writing.write(ranking, modelVersion=1)
    assert [row["book"] for row in writing.there if row["modelName"] is None] == [1001]


def test_a_source_filter_replaces_these_sources_alone(
    stack: Stack, board: Board, ranking: str, writing: Writing
) -> None:
    """The other readers keep what an older version wrote."""
    writing.write(ranking, modelVersion=1)
    reader = stack.row("MATCH (r:$($label) {readerId: 499}) RETURN id(r) AS id", label=board.reader)["id"]
    assert writing.write(ranking, modelVersion=2, sourceNodeFilter=[reader]) == (2, 2, 0)
    assert {row["reader"] for row in writing.there if row["modelVersion"] == 2} == {499}
    assert len(writing.there) == 2 * READERS


def test_a_rollback_leaves_the_store_as_it_was(stack: Stack, board: Board, ranking: str, writing: Writing) -> None:
    """The write is part of the caller's transaction, the deletions too."""
    writing.write(ranking, modelVersion=1)
    before = writing.there
    with stack.undone() as run:
        run(WRITE, **writing.arguments(ranking, modelVersion=2))
        inside = run(WRITTEN, label=board.reader, type=writing.type)
    assert {row["modelVersion"] for row in inside} == {2}
    assert writing.there == before


def test_batches_end_in_the_same_relationships(ranking: str, writing: Writing) -> None:
    """`batchSize` changes how it is committed, not what; a repetition changes nothing."""
    writing.write(ranking)
    whole = [{**row, "createdAt": None} for row in writing.there]
    writing.write(ranking, modelVersion=1, batchSize=7)
    assert writing.write(ranking, modelVersion=2, batchSize=7) == (2 * READERS, 2 * READERS, 0)
    assert [{**row, "createdAt": None} for row in writing.there] == whole
    assert writing.write(ranking, batchSize=7) == (0, 0, 2 * READERS)


def test_batches_are_committed_whatever_the_caller_does(stack: Stack, ranking: str, writing: Writing) -> None:
    """Batches are transactions of their own, so a rollback does not undo them; the documentation says so."""
    with stack.undone() as run:
        run(WRITE, **writing.arguments(ranking, batchSize=10))
    assert len(writing.there) == 2 * READERS


def test_a_rating_made_since_the_projection_is_left_out(
    stack: Stack, board: Board, ranking: str, writing: Writing
) -> None:
    """`write` looks into the store: the first choice is rated in the meantime, so the next ones move up."""
    arguments = writing.arguments(ranking)
    best = stack.row(BEST, graph=board.name, config={"modelName": ranking})
    with stack.undone() as run:
        run(
            "MATCH (r), (b) WHERE id(r) = $source AND id(b) = $target CREATE (r)-[:RATED {rating: 5.0}]->(b)",
            source=best["source"], target=best["target"],
        )  # fmt: skip
        run(WRITE, **arguments)
        found = run(
            "MATCH (r)-[written:$($type)]->(b) WHERE id(r) = $source RETURN id(b) AS target, written.rank AS rank",
            type=writing.type, source=best["source"],
        )  # fmt: skip
    assert best["target"] not in {row["target"] for row in found}
    assert sorted(row["rank"] for row in found) == [1, 2]


def test_a_node_deleted_since_the_projection_is_not_written(
    stack: Stack, board: Board, ranking: str, writing: Writing
) -> None:
    """Neither as a source nor as a target, and it is no error."""
    best = stack.row(BEST, graph=board.name, config={"modelName": ranking})
    with stack.undone() as run:
        run("MATCH (n) WHERE id(n) IN [$source, $target] DETACH DELETE n", **best)
        row = run(WRITE, **writing.arguments(ranking))[0]
        found = run(WRITTEN, label=board.reader, type=writing.type)
    assert row["relationshipsWritten"] == len(found)
    assert len({each["reader"] for each in found}) == READERS - 1


def test_a_read_session_refuses_to_write(stack: Stack, ranking: str, writing: Writing) -> None:
    """Neo4j's own error, and nothing is written."""
    with (
        stack.driver.session(database="neo4j", default_access_mode=neo4j.READ_ACCESS) as session,
        pytest.raises(ClientError) as caught,
    ):
        session.run(WRITE, writing.arguments(ranking)).consume()
    assert caught.value.code == "Neo.ClientError.Statement.AccessMode"
    assert writing.there == []
