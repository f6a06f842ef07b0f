"""bridge/actions/embed.py: a hosted model's vectors as rows, in the projection, in the database."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace
from typing import Any, cast

import grpc
import numpy as np
import pytest
from safetensors.numpy import load, save

from bridge.actions import memory
from bridge.actions.embed_config import EmbedConfig
from bridge.actions.embed_estimate import estimate_embed
from bridge.core.projection import NodeTable
from bridge.models.node_embedding import NodeEmbedding
from bridge.registry.manifest import Manifest, StoredFile
from tests.database import CallError, Database, Node

USERS, FILMS = 30, 48


async def embed(database: Database, channel: grpc.aio.Channel, mode: str = "stream", **given: Any) -> Any:
    return await database.call(channel, f"bridge.embed.{mode}", "graph", **({"modelName": "ranks"} | given))


async def test_both_ends_of_a_gnn_have_vectors_that_put_a_camp_together(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    """A film's nearest user is of its own camp, by nothing but the vectors of the ranking model."""
    rows = await embed(hosted, channel)
    assert len(rows) == USERS + FILMS
    assert {row["modelVersion"] for row in rows} == {1}
    vectors = {row["nodeId"] - 1000: np.array(row["embedding"]) for row in rows}
    assert {len(each) for each in vectors.values()} == {128}
    users = np.array([vectors[user] / np.linalg.norm(vectors[user]) for user in range(USERS)])
    own = [
        (int(np.argmax(users @ vectors[USERS + film])) < USERS * 2 // 5) == (film < FILMS // 3) for film in range(FILMS)
    ]
    assert np.mean(own) >= 0.9


async def test_only_the_labels_asked_for_come(hosted: Database, channel: grpc.aio.Channel) -> None:
    rows = await embed(hosted, channel, nodeLabels=["Film"], modelName="rates")
    assert sorted(row["nodeId"] for row in rows) == [hosted.node_id(USERS + film) for film in range(FILMS)]


async def test_a_node_that_the_model_knows_nothing_of_has_no_vector(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    """It has no rating and training did not see it: it gets no row, and its projection no value."""
    hosted.nodes.append(Node("User", {"userId": 9999}))
    hosted.modified += 1
    rows = await embed(hosted, channel)
    assert hosted.node_id(len(hosted.nodes) - 1) not in {row["nodeId"] for row in rows}
    (row,) = await embed(hosted, channel, "mutate", mutateProperty="vec")
    assert row["nodeCount"] == USERS + FILMS + 1
    assert row["nodePropertiesWritten"] == USERS + FILMS
    assert "vec" not in hosted.nodes[-1].projected


async def test_the_projection_gets_what_stream_shows(hosted: Database, channel: grpc.aio.Channel) -> None:
    shown = {row["nodeId"] - 1000: row["embedding"] for row in await embed(hosted, channel, nodeLabels=["Film"])}
    (row,) = await embed(hosted, channel, "mutate", nodeLabels=["Film"], mutateProperty="vec")
    assert row["nodePropertiesWritten"] == FILMS
    assert row["configuration"]["modelVersion"] == 1
    for place, vector in shown.items():
        np.testing.assert_array_equal(np.float32(hosted.nodes[place].projected["vec"]), np.float32(vector))


async def test_the_database_gets_what_stream_shows(hosted: Database, channel: grpc.aio.Channel) -> None:
    shown = {row["nodeId"] - 1000: row["embedding"] for row in await embed(hosted, channel, nodeLabels=["Film"])}
    (row,) = await embed(hosted, channel, "write", nodeLabels=["Film"], writeProperty="vec")
    assert row["nodePropertiesWritten"] == FILMS
    for place, vector in shown.items():
        np.testing.assert_array_equal(np.float32(hosted.nodes[place].stored["vec"]), np.float32(vector))


async def test_vectors_made_from_the_target_are_refused_as_features(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    """The model has learned from RATED, held-out ones included: features made by it would know them."""
    await embed(hosted, channel, "mutate", nodeLabels=["Film"], mutateProperty="vec")
    hosted.modified += 1
    with pytest.raises(CallError, match="computed from `RATED`"):
        await hosted.call(
            channel, "bridge.gnn.train", "graph", modelName="leaky", objective="ranking", sourceNodeLabel="User",
            targetRelationshipType="RATED", targetNodeLabel="Film", targetProperty="rating",
            featureProperties={"Film": ["vec"]},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "given", "text"),
    [
        ("stream", {"modelName": "rank"}, "Model with name `rank` does not exist. Did you mean `ranks`?"),
        ("stream", {"nodeLabels": ["Flim"]}, "Available labels are ['Film', 'Tag', 'User']"),
        ("stream", {"nodeLabels": ["Tag"]}, "has no embeddings of ['Tag']. It has them of ['Film', 'User']"),
        ("stream", {"mutateProperty": "vec"}, "Unexpected configuration key: mutateProperty"),
        ("mutate", {}, "No value specified for the mandatory configuration parameter `mutateProperty`"),
        ("mutate", {"mutateProperty": "vector"}, "Node property `vector` already exists in the in-memory graph."),
        ("write", {}, "No value specified for the mandatory configuration parameter `writeProperty`"),
        ("write", {"writeProperty": "v", "batchSize": 0}, "Value for `batchSize` was `0`, but must be greater than 0"),
    ],
)
async def test_bad_input_is_told_what_is_allowed(
    hosted: Database, channel: grpc.aio.Channel, mode: str, given: dict[str, Any], text: str
) -> None:
    with pytest.raises(CallError) as raised:
        await embed(hosted, channel, mode, **given)
    assert text in str(raised.value)


async def test_labels_that_the_model_lacks_are_told_before_any_work(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    """Together with what else is wrong; and what such a label has already is no hindrance for the others."""
    with pytest.raises(CallError, match=r"no embeddings of \['Tag'\]"):
        await embed(hosted, channel, "mutate", nodeLabels=["Tag", "Film"], mutateProperty="vec")
    assert hosted.questions == ["describe"]
    for node in hosted.nodes:
        if node.label == "Tag":
            node.projected["vec"] = 1.0
    (row,) = await embed(hosted, channel, "mutate", mutateProperty="vec")
    assert row["nodePropertiesWritten"] == USERS + FILMS


async def test_nothing_is_written_where_nothing_can_be(hosted: Database, channel: grpc.aio.Channel) -> None:
    hosted.can_write = False
    with pytest.raises(CallError, match="does not support `write` execution mode"):
        await embed(hosted, channel, "write", writeProperty="vec")


async def test_more_than_a_transaction_holds_is_refused_before_it_is_tried(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    hosted.transaction_memory_bytes = 10_000
    with pytest.raises(CallError, match="Set `batchSize`"):
        await embed(hosted, channel, "write", writeProperty="vec")
    (row,) = await embed(hosted, channel, "write", writeProperty="vec", batchSize=10)
    assert row["nodePropertiesWritten"] == USERS + FILMS


async def test_the_estimate_grows_with_the_graph_and_shrinks_when_the_model_is_loaded(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    """For the projection, and for a graph that is not there; the parts are the same as in the sum."""
    given = {"mutateProperty": "vec"}
    (row,) = await embed(hosted, channel, "mutate.estimate", **given)
    assert row["nodeCount"] == len(hosted.nodes)
    assert row["treeView"].startswith("bridge.embed: ")
    vectors = 4 * 128 * row["nodeCount"]
    assert 2 * vectors <= row["bytesMin"] <= row["bytesMax"] <= 30 * vectors
    await embed(hosted, channel, "mutate", **given)
    (loaded,) = await embed(hosted, channel, "stream.estimate")
    assert loaded["bytesMin"] < row["bytesMin"]
    counts = {"nodeCount": 10**6, "relationshipCount": 10**7}
    (large,) = await hosted.call(channel, "bridge.embed.stream.estimate", counts, modelName="ranks")
    assert large["bytesMin"] > 2 * 4 * 128 * 10**6
    assert (large["nodeCount"], large["relationshipCount"]) == (10**6, 10**7)
    with pytest.raises(CallError, match="has no embeddings of"):
        await embed(hosted, channel, "stream.estimate", nodeLabels=["Tag"])


async def test_more_memory_than_there_is_is_refused_before_anything_is_read(
    hosted: Database, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 1000)
    with pytest.raises(CallError, match=r"Memory required to run bridge.embed .* exceeds available memory \(1000b"):
        await embed(hosted, channel)
    assert hosted.questions == ["describe"]
    assert len(await embed(hosted, channel, sudo=True)) == USERS + FILMS


def test_the_estimate_of_a_look_up_holds() -> None:
    """What numpy has allocated at most, from the file's bytes to the joined columns, lies within its range."""
    count, dimension = 20_000, 64
    stored = np.random.default_rng(1).random((count, dimension), dtype=np.float32)
    data = save(NodeEmbedding({"A": np.arange(count)}, {"A": stored}).arrays())
    table = NodeTable("A", "key", np.arange(count) + 1, np.arange(count))
    tracemalloc.start()
    model = NodeEmbedding.load(load(data), {"labels": ["A"]})
    vectors, known = model.of(table)
    out = vectors[known]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(out) == count - 1
    manifest = Manifest(
        model_name="m", model_type="node2vec", database="neo4j", created_millis=0,
        configuration={"embeddingDimension": dimension},
        files={"embedding.safetensors": StoredFile(bytes=len(data), sha256="0" * 64)},
    )  # fmt: skip
    services = SimpleNamespace(live=SimpleNamespace(peek=lambda version: None))
    version = SimpleNamespace(manifest=manifest)
    request = EmbedConfig.parse({"modelName": "m"})
    expected = estimate_embed(request, cast(Any, version), (count, 0), cast(Any, services))
    assert expected.bytes_min <= peak <= expected.bytes_max <= 2 * peak
