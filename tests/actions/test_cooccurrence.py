"""bridge/actions/cooccurrence.py: pairs of films in the projection, as figures and as rows."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from itertools import combinations
from typing import Any

import grpc
import pytest

from bridge.actions.provenance import Origin
from bridge.actions.services import Services
from bridge.core.call import Caller
from bridge.core.graph import Graph, Label, Property, RelationshipType
from bridge.jobs.job import JobState
from tests.database import CallError, Database, Node, people_and_films

FILMS = {
    "sourceNodeLabel": "User", "targetRelationshipType": "RATED", "targetNodeLabel": "Film", "targetProperty": "rating",
}  # fmt: skip
MUTATE = {"mutateRelationshipType": "LIKED_WITH"}

Pairs = dict[tuple[int, int], tuple[int, float]]


async def call(database: Database, channel: grpc.aio.Channel, mode: str, **given: Any) -> list[dict[str, Any]]:
    return await database.call(channel, f"bridge.cooccurrence.{mode}", "graph", **(FILMS | given))


async def row_of(database: Database, channel: grpc.aio.Channel, mode: str, **given: Any) -> dict[str, Any]:
    (row,) = await call(database, channel, mode, **given)
    return row


def brute_force(database: Database, threshold: float) -> Pairs:
    """Count and weighted PMI of all pairs, by internal ids."""
    liked: dict[int, set[int]] = {}
    for source, kind, target, properties in database.links:
        if kind == "RATED" and properties["rating"] >= threshold:
            liked.setdefault(source, set()).add(target)
    items = Counter(film for films in liked.values() for film in films)
    total = items.total()
    counts = Counter(pair for films in liked.values() for pair in combinations(sorted(films), 2))
    return {
        (a, b): (count, count * math.log(count * total / (items[a] * items[b]))) for (a, b), count in counts.items()
    }


async def test_stream_is_each_pair_once_with_its_weight_and_count(channel: grpc.aio.Channel) -> None:
    """Weighted PMI of films that a user rated 4 and better, by Neo4j's ids."""
    database = people_and_films()
    rows = await call(database, channel, "stream", likedThreshold=4.0, minWeight=0.5)
    found = {
        (row["sourceNodeId"] - 1000, row["targetNodeId"] - 1000): (row["count"], row["weight"]) for row in rows
    }  # fmt: skip
    expected = {pair: value for pair, value in brute_force(database, 4.0).items() if value[1] >= 0.5}
    assert len(rows) == len(found) > 100
    assert {tuple(sorted(pair)): count for pair, (count, _) in found.items()} == {
        pair: count for pair, (count, _) in expected.items()
    }
    for pair, (_, weight) in found.items():
        assert weight == pytest.approx(expected[tuple(sorted(pair))][1])
    assert database.questions == ["describe", "read_node_properties", "read_node_properties", "read_projection"]


async def test_mutate_adds_undirected_relationships_with_a_weight(channel: grpc.aio.Channel) -> None:
    """The projection has each pair in both directions, and the yields say what was cut."""
    database = people_and_films()
    row = await row_of(database, channel, "mutate", likedThreshold=4.0, minWeight=0.5, mutateProperty="w", **MUTATE)
    everything = brute_force(database, 4.0)
    expected = {pair: weight for pair, (_, weight) in everything.items() if weight >= 0.5}
    added = {(a, b): properties for a, kind, b, properties in database.links if kind == "LIKED_WITH"}
    assert len(added) == 2 * len(expected) == row["relationshipsWritten"]
    for (a, b), weight in expected.items():
        assert added[a, b]["w"] == added[b, a]["w"] == pytest.approx(weight)
    assert database.mutations[0].undirected
    assert (row["pairsKept"], row["pairCount"]) == (len(expected), len(everything))
    assert (row["pairsBelowThreshold"], row["pairsBeyondTopK"]) == (len(everything) - len(expected), 0)
    assert row["nodeCount"] == len({film for pair in expected for film in pair})
    assert row["configuration"]["mutateRelationshipType"] == "LIKED_WITH"
    assert database.jobs[0].name == "cooccurrence.mutate"


async def test_stats_says_the_same_and_adds_nothing(channel: grpc.aio.Channel) -> None:
    """With a `topK`, what it cuts beside what thresholds cut."""
    database = people_and_films()
    row = await row_of(database, channel, "stats", likedThreshold=4.0, minCount=2, topK=3)
    assert row["pairCount"] == row["pairsBelowThreshold"] + row["pairsBeyondTopK"] + row["pairsKept"]
    assert row["pairsBelowThreshold"] > 0 < row["pairsBeyondTopK"]
    assert row["sourceCount"] == 30
    assert row["likedCount"] >= row["nodeCount"]
    assert database.mutations == []
    mutated = await row_of(database, channel, "mutate", likedThreshold=4.0, minCount=2, topK=3, **MUTATE)
    assert {key: value for key, value in mutated.items() if key.startswith("pairs")} == {
        key: value for key, value in row.items() if key.startswith("pairs")
    }


async def test_the_threshold_is_the_mean_unless_given_and_shown(channel: grpc.aio.Channel) -> None:
    """Without a property, every relationship is a like."""
    database = people_and_films()
    ratings = [link[3]["rating"] for link in database.links if link[1] == "RATED"]
    row = await row_of(database, channel, "stats")
    assert row["configuration"]["likedThreshold"] == pytest.approx(sum(ratings) / len(ratings))
    assert row["pairCount"] == len(brute_force(database, sum(ratings) / len(ratings)))
    row = await row_of(database, channel, "stats", targetProperty=None, measure="count")
    assert row["pairCount"] == row["pairsKept"] == len(brute_force(database, 0.0))
    assert row["configuration"]["likedThreshold"] is None


async def test_the_same_call_gives_the_same_rows_whatever_the_load_order(channel: grpc.aio.Channel) -> None:
    """Ties of `topK` are decided by the nodes' keys, not by internal ids."""
    first, second = people_and_films(), people_and_films()
    second.links.reverse()
    second.modified += 1
    rows = [await call(each, channel, "stream", measure="count", topK=2) for each in (first, second)]
    assert rows[0] == rows[1]


async def test_the_new_type_is_known_to_come_from_the_ratings(services: Services, channel: grpc.aio.Channel) -> None:
    """So are properties that are computed from it."""
    database = people_and_films()
    await row_of(database, channel, "mutate", **MUTATE)
    here = _Here(database)
    films = {"Film": Label("Film", 48, {"embedding": Property("embedding", "FLOAT_ARRAY", 2)})}
    types = {name: RelationshipType(name, 1) for name in ("RATED", "LIKED_WITH")}
    graph = Graph("graph", 0, 0, database.created, database.modified, films, types)
    origin = services.provenance.find_type(here, graph, "LIKED_WITH")  # type: ignore[arg-type]
    assert origin == Origin("cooccurrence:weightedPmi", frozenset({"RATED"}))
    walked = Origin("node2vec:1", frozenset({"LIKED_WITH"}))
    services.provenance.record(here, graph, "Film", "embedding", walked)  # type: ignore[arg-type]
    found = services.provenance.find(here, graph, "Film", "embedding")  # type: ignore[arg-type]
    assert found is not None
    assert found.relationship_types == {"LIKED_WITH", "RATED"}
    await database.call(
        channel, "bridge.encode.multiHot.mutate", "graph",
        nodeLabels=["Film"], relationshipTypes=["LIKED_WITH"], mutateProperty="near", nodeKeys={"Film": "filmId"},
    )  # fmt: skip
    with pytest.raises(CallError, match="The feature `near` of `Film` was computed from `RATED`"):
        await database.call(
            channel, "bridge.gnn.train", "graph", modelName="leaky", objective="ranking",
            featureProperties={"Film": ["near"]}, **FILMS,
        )  # fmt: skip


class _Here:
    """A call of the database's user, for what asks only who calls."""

    def __init__(self, database: Database) -> None:
        self.caller = Caller(user=database.user, database="neo4j", database_id="id-of-neo4j")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"mutateRelationshipType": "TAGGED"}, "Relationship type `TAGGED` already exists in the in-memory graph."),
        ({"mutateRelationshipType": None}, "mandatory configuration parameter `mutateRelationshipType`"),
        ({"mutateProperty": "target"}, "`mutateProperty` can not be `target`: bridge needs the names"),
        ({"sourceNodeLabel": "Usr"}, "`sourceNodeLabel` of ['Usr']. Available labels are ['Film', 'Tag', 'User']"),
        ({"targetNodeLabel": "Flim"}, "`targetNodeLabel` of ['Flim']"),
        ({"targetRelationshipType": "RATD"}, "`targetRelationshipType` of ['RATD']. Available relationship types are"),
        ({"targetProperty": "stars"}, "`stars` not found in relationship type 'RATED'. Properties existing on it: ["),
        ({"targetProperty": None, "likedThreshold": 4.0}, "`likedThreshold` needs a `targetProperty`"),
        ({"nodeKeys": {"Tag": "name"}}, "`nodeKeys` names ['Tag'], but the labels are ['Film', 'User']"),
        ({"measure": "lift"}, "The value of `measure` must be one of 'weightedPmi', 'pmi', 'ppmi'"),
        ({"topK": 0}, "Value for `topK` was `0`, but must be greater than 0"),
        ({"minWeight": math.nan}, "Value for `minWeight` was `nan`, but must be finite"),
        ({"minwait": 2}, "Unexpected configuration key: minwait"),
    ],
)  # fmt: skip
async def test_bad_input_is_refused_before_anything_is_read(
    channel: grpc.aio.Channel, given: dict[str, Any], text: str
) -> None:
    """With what came, what there is and what to do."""
    database = people_and_films()
    with pytest.raises(CallError) as raised:
        await call(database, channel, "mutate", **(MUTATE | given))
    assert text in str(raised.value)
    assert set(database.questions) <= {"describe"}


async def test_all_faults_are_told_at_once(channel: grpc.aio.Channel) -> None:
    with pytest.raises(CallError) as raised:
        await call(people_and_films(), channel, "mutate", mutateRelationshipType="RATED", targetProperty="stars")
    assert str(raised.value).count("\n") == 2


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"likedThreshold": 6.0}, "relationships is liked: `likedThreshold` is 6.0, more than all their values"),
        ({"minWeight": 1e6}, "none has a `weightedPmi` of at least 1e+06 (`minWeight`)"),
        ({"sourceNodeLabel": "Film", "targetNodeLabel": "User"}, "no relationship (Film)-[RATED]->(User); of what"),
    ],
)
async def test_what_leaves_nothing_is_refused_and_the_projection_is_as_before(
    channel: grpc.aio.Channel, given: dict[str, Any], text: str
) -> None:
    """The trainer's words reach the user."""
    database = people_and_films()
    with pytest.raises(CallError) as raised:
        await call(database, channel, "mutate", **(MUTATE | given))
    assert text in str(raised.value)
    assert database.mutations == []


async def test_a_rating_that_is_missing_is_refused(channel: grpc.aio.Channel) -> None:
    """It is neither liked nor disliked."""
    database = people_and_films()
    database.links.append((0, "RATED", 31, {}))
    with pytest.raises(CallError, match="`rating` is missing, NaN or infinite for 1 of"):
        await call(database, channel, "stats")


async def test_a_count_ends_when_its_job_is_cancelled(services: Services, channel: grpc.aio.Channel) -> None:
    """Nothing is added, and its trainer is gone."""
    users, films = 300, 4_000
    nodes = [Node("User", {"userId": each}) for each in range(users)] + [Node("Film") for _ in range(films)]
    links = [(user, "RATED", users + (user * 7 + step) % films, {}) for user in range(users) for step in range(2_000)]
    database = Database(nodes, links, keys={"User": "userId"})
    counting = asyncio.create_task(
        call(database, channel, "mutate", targetProperty=None, jobId="counting", topK=1, **MUTATE)
    )
    while not any(message.step == 1 and message.fraction > 0 for message in database.progress):
        await asyncio.sleep(0.01)
        assert not counting.done(), counting.result()
    await database.call(channel, "bridge.job.cancel", jobId="counting")
    with pytest.raises(CallError, match="cancelled"):
        await counting
    assert database.mutations == []
    assert services.trainers.running == 0
    assert services.jobs.get("counting", database.user).status.state is JobState.CANCELLED
