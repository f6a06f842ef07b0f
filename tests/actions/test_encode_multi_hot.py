"""bridge/actions/encode_multi_hot.py"""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import numpy as np
import pytest

import tests.database
from bridge.actions.encode_multi_hot import _within_reach
from bridge.actions.services import Services
from tests.database import CallError, Database, Node, people_and_films

USERS = 30


async def encode(database: Database, channel: grpc.aio.Channel, **given: Any) -> dict[str, Any]:
    given = {"nodeLabels": ["Film"], "mutateProperty": "hot", **given}
    (row,) = await database.call(channel, "bridge.encode.multiHot.mutate", "graph", **given)
    return row


async def test_a_list_property_becomes_a_vector_in_the_order_of_its_vocabulary(channel: grpc.aio.Channel) -> None:
    database = people_and_films()
    database.nodes[USERS].stored["tags"] = ["b", "a", "b"]
    database.nodes[USERS + 1].stored["tags"] = []
    database.nodes[USERS + 2].stored.pop("tags")
    row = await encode(database, channel, sourceProperty="tags")
    assert (row["vocabulary"], row["nodeCount"], row["nodePropertiesWritten"], row["valuesIgnored"]) == (
        ["a", "b"], 48, 48, 0,
    )  # fmt: skip
    vectors = [database.nodes[USERS + place].projected["hot"] for place in (0, 1, 2, 3, 40)]
    assert vectors == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]


async def test_a_single_value_counts_as_a_list_of_one(channel: grpc.aio.Channel) -> None:
    database = people_and_films()
    row = await encode(database, channel, nodeLabels=["Tag"], sourceProperty="name")
    assert row["vocabulary"] == ["east", "west"]
    assert [node.projected["hot"] for node in database.nodes if node.label == "Tag"] == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("undirected", [False, True])
async def test_neighbours_are_named_by_their_keys_in_either_direction(
    channel: grpc.aio.Channel, undirected: bool
) -> None:
    """An undirected relationship, which is there twice, names its neighbour once."""
    database = people_and_films()
    if undirected:
        database.undirected = frozenset({"TAGGED"})
        database.links += [(b, kind, a, {}) for a, kind, b, _ in database.links if kind == "TAGGED"]
    row = await encode(database, channel, relationshipTypes=["TAGGED"], vocabulary="tags")
    assert row["vocabulary"] == ["east", "west"]
    assert database.nodes[USERS].projected["hot"] == [0.0, 1.0]
    assert database.nodes[USERS + 47].projected["hot"] == [1.0, 0.0]
    other = people_and_films()
    other.nodes[-1].stored["name"] = "north"
    other.links, other.undirected = database.links, database.undirected
    row = await encode(other, channel, relationshipTypes=["TAGGED"], vocabulary="tags")
    assert row["valuesIgnored"] == 16, "each film's unknown neighbour counts once"
    row = await encode(people_and_films(), channel, nodeLabels=["Tag"], relationshipTypes=["TAGGED"])
    assert len(row["vocabulary"]) == 48, "a tag's neighbours are the films that point to it"


async def test_a_named_vocabulary_decides_the_positions_from_then_on(channel: grpc.aio.Channel) -> None:
    """What it does not know is ignored and counted; what is not there any more keeps its place."""
    first = await encode(people_and_films(), channel, sourceProperty="tags", vocabulary="tags")
    database = people_and_films()
    for node in database.nodes[USERS : USERS + 48]:
        node.stored["tags"] = ["b", "zebra"]
    row = await encode(database, channel, sourceProperty="tags", vocabulary="tags")
    assert row["vocabulary"] == first["vocabulary"] == ["a", "b"]
    assert row["valuesIgnored"] == 48
    assert database.nodes[USERS].projected["hot"] == [0.0, 1.0]


async def test_a_misspelt_property_is_refused_also_where_the_vocabulary_is_known(channel: grpc.aio.Channel) -> None:
    """Else every vector would be zero, and nothing would say so."""
    await encode(people_and_films(), channel, sourceProperty="tags", vocabulary="tags")
    with pytest.raises(CallError, match="has the stored property `tag`"):
        await encode(people_and_films(), channel, sourceProperty="tag", vocabulary="tags")


async def test_a_node_that_the_caller_does_not_see_gets_no_vector(channel: grpc.aio.Channel) -> None:
    database = people_and_films()
    database.nodes[USERS].visible = False
    row = await encode(database, channel, sourceProperty="tags")
    assert (row["nodeCount"], row["nodePropertiesWritten"]) == (47, 47)
    assert "hot" not in database.nodes[USERS].projected


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "Give either `relationshipTypes` or `sourceProperty`"),
        ({"sourceProperty": "tags", "relationshipTypes": ["TAGGED"]}, "Give either"),
        ({"relationshipTypes": ["TAGED"]}, "Available relationship types are ['RATED', 'TAGGED']"),
        ({"nodeLabels": ["Flim"], "sourceProperty": "tags"}, "Available labels are ['Film', 'Tag', 'User']"),
        ({"mutateProperty": "vector", "sourceProperty": "tags"}, "Node property `vector` already exists"),
        ({"sourceProperty": "nothing"}, "None of the nodes of the labels ['Film'] has the stored property `nothing`."),
        ({"nodeLabels": [], "relationshipTypes": ["TAGGED"]}, "`nodeLabels` is empty. Name at least one of ['Film', "),
        ({"relationshipTypes": []}, "`relationshipTypes` is empty. Name at least one of ['RATED', 'TAGGED']"),
        ({"nodeLabels": ["User"], "relationshipTypes": ["TAGGED"]}, "['User'] have no values by ['TAGGED']"),
        ({"sourceProperty": "id"}, "The stored property `id` can not be encoded: bridge needs the name for itself"),
        ({"sourceProperty": "tags", "mutateProperty": "nodeId"}, "`mutateProperty` was `nodeId`, but bridge needs the"),
    ],
)
async def test_bad_input_is_refused_and_the_projection_is_as_before(
    channel: grpc.aio.Channel, given: dict[str, Any], text: str
) -> None:
    database = people_and_films()
    with pytest.raises(CallError) as raised:
        await encode(database, channel, **given)
    assert text in str(raised.value)
    assert "mutate_node_property" not in database.questions


async def test_several_faults_are_told_at_once(channel: grpc.aio.Channel) -> None:
    with pytest.raises(CallError) as raised:
        await encode(people_and_films(), channel, mutateProperty="vector")
    assert str(raised.value).count("\n") == 2


async def test_neighbours_without_a_key_cannot_be_named(channel: grpc.aio.Channel) -> None:
    database = people_and_films()
    database.keys = {}
    with pytest.raises(CallError, match=r"`nodeKeys: \{Tag: 'name'\}`"):
        await encode(database, channel, relationshipTypes=["TAGGED"])
    assert await encode(database, channel, relationshipTypes=["TAGGED"], nodeKeys={"Tag": "name"})


async def test_a_vocabulary_has_its_bounds(channel: grpc.aio.Channel) -> None:
    database = Database([Node("Film", {"tags": [f"t{place}" for place in range(5000)]})], [])
    with pytest.raises(CallError, match=r"5,000 different values, but .* at most 4,096"):
        await encode(database, channel, sourceProperty="tags")


async def test_labels_that_no_neighbour_has_need_no_key(channel: grpc.aio.Channel) -> None:
    """Users without a key, and a key of theirs that is null, stand in nobody's way."""
    database = people_and_films()
    database.keys = {"Tag": "name", "Film": "filmId", "User": "userId"}
    database.nodes[0].stored.clear()
    row = await encode(database, channel, relationshipTypes=["TAGGED"])
    assert row["vocabulary"] == ["east", "west"]
    with pytest.raises(CallError, match="`userId` of `User` is null for 1 of 30 nodes"):
        await encode(database, channel, relationshipTypes=["TAGGED", "RATED"], mutateProperty="other")


def test_a_neighbour_of_several_labels_is_named_by_one_of_them() -> None:
    """The encoded label itself if it is one of them, else the largest."""
    ids = {"Film": np.arange(4), "Person": np.arange(10, 20), "Actor": np.arange(10, 13), "Tag": np.arange(30, 32)}
    links = [(np.array([0, 11]), np.array([12, 3]))]
    assert _within_reach(ids, links, ["Film"]) == ["Film", "Person"]
    assert _within_reach(ids, links, ["Actor"]) == ["Actor", "Film"]
    assert _within_reach(ids | {"Best": np.array([12])}, links, ["Film", "Best"]) == ["Best", "Film", "Person"]
    assert _within_reach(ids, [(np.array([30]), np.array([31]))], ["Tag"]) == ["Tag"]
    assert _within_reach(ids, [], ["Tag"]) == ["Tag"]


async def test_a_client_that_dies_while_vectors_are_added_holds_no_job(
    channel: grpc.aio.Channel, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server waits for the command's end, and a stream that broke is its end."""

    def dies(*given: Any) -> Any:
        raise ConnectionError("gone")

    monkeypatch.setattr(tests.database, "apply", dies)
    with pytest.raises(ConnectionError):
        await encode(people_and_films(), channel, sourceProperty="tags", jobId="hot")
    await asyncio.wait_for(services.jobs.get("hot", "ada").ended(), 60)
