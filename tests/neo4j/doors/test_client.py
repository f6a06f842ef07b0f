"""The notebook's door: from an empty projection to RECOMMENDED through the graphdatascience client alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from graphdatascience import GraphDataScience
from graphdatascience.call_parameters import CallParameters

from tests.neo4j.board import BOOKS, READERS, Board, make_board
from tests.neo4j.stack import Stack

EPOCHS = 600
LOOK_SECONDS = 0.1
"""How often the client asks how far the training is: its own half second is long beside a training this small."""
TOP_K = 3

# tqdm draws ` Bridge :: gnn.train:  22%|██▏       | 22.1/100 [00:01<01:07,  1.16%/s, status: RUNNING, task: train]`.
DRAWN = re.compile(r"Bridge :: gnn\.train: +\d+%\|[^|]*\| *([\d.]+)/100 .*?task: ([\w ]+)")

ENCODE = """
CALL bridge.encode.multiHot.mutate($graph, {nodeLabels: [$book], relationshipTypes: ['ON'], mutateProperty: 'camp'})
YIELD nodePropertiesWritten RETURN nodePropertiesWritten
"""
WRITE = """
CALL bridge.recommend.write($graph, {modelName: $model, topK: $topK})
YIELD relationshipsWritten, relationshipsUnchanged, sourcesWithout
RETURN relationshipsWritten, relationshipsUnchanged, sourcesWithout
"""
READ = """
MATCH (reader)-[recommended:RECOMMENDED {modelName: $model}]->(book)
RETURN reader.readerId AS reader, book.bookId AS book, recommended.rank AS rank, recommended.score AS score,
  recommended.modelVersion AS version, EXISTS {(reader)-[:RATED]->(book)} AS rated
ORDER BY reader, rank
"""


@pytest.fixture
def gds(stack: Stack) -> Iterator[GraphDataScience]:
    """The client as a notebook makes it; OpenGDS has no Arrow server."""
    with GraphDataScience(stack.status.bolt_uri, auth=stack.auth, arrow=False) as client:
        runner: Any = client._query_runner
        runner._progress_logger._polling_interval = LOOK_SECONDS
        yield client


@pytest.fixture(scope="module")
def shelves(stack: Stack, unique: Callable[[str], str]) -> Board:
    """A board in the database, not projected."""
    return make_board(stack, unique("notebook"))


def train_with_a_bar(gds: GraphDataScience, graph: str, config: dict[str, Any]) -> dict[str, Any]:
    """Train as the client's own algorithms run: with a job id that it knows, so that it can draw a bar."""
    parameters = CallParameters(graph_name=graph, config=config | {"jobId": str(uuid4())})
    frame = gds._query_runner.call_procedure(
        "bridge.gnn.train", params=parameters, yields=["modelInfo", "trainMillis"], logging=True
    )
    return dict(frame.iloc[0])


def test_a_notebook_goes_from_the_database_to_recommendations_and_sees_the_training_move(
    gds: GraphDataScience, shelves: Board, capsys: pytest.CaptureFixture[str]
) -> None:
    """Project, FastRP, project, encode, train with the bar moving, write, read back: no other connection is used."""
    people = gds.graph.project.native(
        f"{shelves.name}_people", [shelves.book, shelves.author], {"WROTE": {"orientation": "UNDIRECTED"}}
    )
    with people as graph:
        written = gds.fast_rp.write(graph, write_property="fastrp", embedding_dimension=8, random_seed=42)
    assert written.node_properties_written == BOOKS + 3
    nodes = {shelves.reader: {}, shelves.book: {"properties": ["fastrp"]}, shelves.shelf: {}}
    projected = gds.graph.project.native(shelves.name, nodes, {"RATED": {"properties": ["rating"]}, "ON": {}})

    with projected as graph:
        encoded = gds.run_cypher(ENCODE, params={"graph": graph.name(), "book": shelves.book})
        assert encoded.nodePropertiesWritten.tolist() == [BOOKS]
        capsys.readouterr()
        features = {shelves.book: ["fastrp", "camp"]}
        config = shelves.train(epochs=EPOCHS, patience=EPOCHS, featureProperties=features)
        trained = train_with_a_bar(gds, graph.name(), config)
        assert_the_bar_moved(capsys.readouterr().err)
        assert trained["modelInfo"]["modelVersion"] == 1
        assert trained["modelInfo"]["metrics"]["test"]["ndcgAt10"] > 0

        parameters = {"graph": graph.name(), "model": shelves.name, "topK": TOP_K}
        first, second = (gds.run_cypher(WRITE, params=parameters).iloc[0].to_dict() for _ in range(2))
    everything = READERS * TOP_K
    assert first == {"relationshipsWritten": everything, "relationshipsUnchanged": 0, "sourcesWithout": 0}
    assert second == {"relationshipsWritten": 0, "relationshipsUnchanged": everything, "sourcesWithout": 0}
    assert_good_lists(gds.run_cypher(READ, params={"model": shelves.name}), shelves)


def assert_the_bar_moved(drawn: str) -> None:
    """The client drew our task's own percentages, ascending, while the model trained, and ended at 100."""
    seen = [(float(percent), task.strip()) for percent, task in DRAWN.findall(drawn)]
    percents = [percent for percent, _ in seen]
    assert len({percent for percent, task in seen if task == "train" and 0 < percent < 100}) >= 2, drawn
    assert percents == sorted(percents), drawn
    assert "100.0/100" in drawn
    assert "status: FINISHED" in drawn


def assert_good_lists(rows: Any, board: Board) -> None:
    """Every reader has ranks 1 to TOP_K by falling score, nothing that they rated, and mostly their own camp."""
    own = 0
    for reader, books in rows.groupby("reader"):
        assert books["rank"].tolist() == list(range(1, TOP_K + 1))
        assert books.score.is_monotonic_decreasing
        own += sum(board.same_camp(reader, book) for book in books.book)
    assert rows.reader.nunique() == READERS
    assert set(rows.version) == {1}
    assert not rows.rated.any()
    assert own >= 0.8 * READERS * TOP_K


def test_an_error_reaches_a_notebook_in_our_words(gds: GraphDataScience, shelves: Board) -> None:
    """With the bar or without, the client shows the text that Cypher shows."""
    config = shelves.train(objectiv="ranking")
    with pytest.raises(Exception, match=r"Did you mean.*objective") as plain:
        gds.run_cypher("CALL bridge.gnn.train('none', $config) YIELD modelInfo", params={"config": config})
    with pytest.raises(Exception, match=r"Did you mean.*objective") as with_a_bar:
        train_with_a_bar(gds, "none", config)
    assert "Traceback" not in str(plain.value) + str(with_a_bar.value)
