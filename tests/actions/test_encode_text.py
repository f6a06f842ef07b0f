"""bridge/actions/encode_text.py"""

from __future__ import annotations

from typing import Any

import grpc
import numpy as np
import pytest

from bridge.actions import memory
from bridge.actions.services import Services
from bridge.models.text import TextEncoder
from tests.database import CallError, Database, Node

TITLES = ["Heat (1995)", "Toy Story (1995)", "Heat (1995)"]


def films(*titles: str | None) -> Database:
    """Make films with these titles, and a tag with a name."""
    nodes = [Node("Film", {} if title is None else {"title": title}) for title in titles]
    return Database([*nodes, Node("Tag", {"title": "fun", "weight": 3})], [])


async def encode(database: Database, channel: grpc.aio.Channel, **given: Any) -> dict[str, Any]:
    given = {"nodeLabels": ["Film"], "sourceProperty": "title", "mutateProperty": "text", **given}
    (row,) = await database.call(channel, "bridge.encode.text.mutate", "graph", **given)
    return row


def vectors(database: Database) -> list[Any]:
    return [node.projected.get("text") for node in database.nodes]


async def test_each_node_gets_the_embedding_of_its_own_text(channel: grpc.aio.Channel) -> None:
    """What the encoder says of the title, whatever batch it was in; labels that were not named get nothing."""
    database = films(*TITLES)
    row = await encode(database, channel, batchSize=1)
    assert (row["nodeCount"], row["nodePropertiesWritten"], row["nodesWithoutText"], row["embeddingDimension"]) == (
        3, 3, 0, 384,
    )  # fmt: skip
    np.testing.assert_allclose(vectors(database)[:3], TextEncoder(threads=1).encode(TITLES), atol=1e-5)
    assert vectors(database)[3] is None
    assert row["configuration"]["batchSize"] == 1


async def test_several_labels_are_encoded_in_one_call(channel: grpc.aio.Channel) -> None:
    """Each label's nodes get their own texts' vectors."""
    database = films(*TITLES)
    row = await encode(database, channel, nodeLabels=["*"])
    assert row["nodeCount"] == 4
    np.testing.assert_allclose(vectors(database), TextEncoder(threads=1).encode([*TITLES, "fun"]), atol=1e-5)


@pytest.mark.parametrize("missing", ["error", "zero", "mean"])
async def test_nodes_without_a_text_get_what_missing_says(channel: grpc.aio.Channel, missing: str) -> None:
    """A title of blanks is none; the others' vectors are as without them."""
    database = films("Heat (1995)", None, "Toy Story (1995)", "  ")
    if missing == "error":
        with pytest.raises(CallError, match=r"2 of 4 `Film` nodes have no text .*`title`.*`missing` to `zero`"):
            await encode(database, channel)
        assert "mutate_node_property" not in database.questions
        return
    row = await encode(database, channel, missing=missing)
    assert (row["nodesWithoutText"], row["nodePropertiesWritten"]) == (2, 4)
    heat, none, toys, blank, _ = vectors(database)
    filler = np.zeros(384) if missing == "zero" else (np.array(heat) + toys) / 2
    np.testing.assert_allclose([none, blank], [filler, filler], atol=1e-6)
    np.testing.assert_allclose([heat, toys], TextEncoder(threads=1).encode(TITLES[:2]), atol=1e-5)


async def test_nobody_with_a_text_is_no_failure_when_missing_allows_it(channel: grpc.aio.Channel) -> None:
    """All zero: also the mean of nothing."""
    database = films(None, None)
    await encode(database, channel, missing="mean")
    assert not np.any(vectors(database)[:2])


async def test_a_node_that_the_caller_does_not_see_gets_no_vector(channel: grpc.aio.Channel) -> None:
    database = films(*TITLES)
    database.nodes[1].visible = False
    row = await encode(database, channel)
    assert (row["nodeCount"], row["nodePropertiesWritten"]) == (2, 2)
    assert vectors(database)[1] is None


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"nodeLabels": []}, "`nodeLabels` is empty. Name at least one of ['Film', 'Tag']"),
        ({"nodeLabels": ["Flim"]}, "Available labels are ['Film', 'Tag']"),
        ({"nodeLabels": ["Tag"], "sourceProperty": "weight"}, "`weight` of a `Tag` node is `3`, which is no string"),
        ({"sourceProperty": "id"}, "The stored property `id` can not be encoded: bridge needs the name for itself"),
        ({"mutateProperty": "id"}, "`mutateProperty` was `id`, but bridge needs the names ['id', 'nodeId'] for itself"),
        ({"mutateProperty": None}, "mandatory configuration parameter `mutateProperty`"),
        ({"batchSize": 0}, "`batchSize` was `0`, but must be greater than 0"),
    ],
)
async def test_bad_input_is_refused_and_the_projection_is_as_before(
    channel: grpc.aio.Channel, services: Services, given: dict[str, Any], text: str
) -> None:
    database = films(*TITLES)
    with pytest.raises(CallError) as raised:
        await encode(database, channel, **given)
    assert text in str(raised.value)
    assert "mutate_node_property" not in database.questions
    assert list(services.scratch.iterdir()) == []


async def test_a_property_that_is_there_already_is_not_overwritten(channel: grpc.aio.Channel) -> None:
    """The error names the way to drop it."""
    database = films(*TITLES)
    await encode(database, channel)
    before = vectors(database)
    with pytest.raises(CallError, match=r"`text` already exists.*gds\.graph\.nodeProperties\.drop"):
        await encode(database, channel, sourceProperty="other")
    assert vectors(database) == before


async def test_the_texts_do_not_stay_on_disk(channel: grpc.aio.Channel, services: Services) -> None:
    """They may be private: the folder between server and trainer goes with the job."""
    await encode(films(*TITLES), channel)
    assert list(services.scratch.iterdir()) == []


async def test_the_estimate_grows_with_the_texts(channel: grpc.aio.Channel) -> None:
    """For the projection, whose texts are not read for it, and for a graph that is not there."""
    given = {"nodeLabels": ["Film"], "sourceProperty": "title", "mutateProperty": "text"}
    database = films(*TITLES)
    (row,) = await database.call(channel, "bridge.encode.text.mutate.estimate", "graph", **given)
    assert row["nodeCount"] == 3
    assert database.questions == ["describe"]
    counts = {"nodeCount": 10**5, "relationshipCount": 0}
    (many,) = await database.call(channel, "bridge.encode.text.mutate.estimate", counts, **given)
    assert row["bytesMin"] < many["bytesMin"]
    assert row["bytesMax"] < many["bytesMax"]


async def test_more_memory_than_there_is_is_refused_before_a_text_is_read(
    channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With both numbers and what helps; `sudo` encodes all the same."""
    monkeypatch.setattr(memory, "available_bytes", lambda services: 1000)
    database = films(*TITLES)
    with pytest.raises(CallError, match=r"bridge.encode.text .* exceeds available memory \(1000b.* `nodeLabels`"):
        await encode(database, channel)
    assert database.questions == ["describe"]
    assert (await encode(database, channel, sudo=True))["nodePropertiesWritten"] == 3
