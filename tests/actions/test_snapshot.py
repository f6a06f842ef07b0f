"""bridge/actions/snapshot.py: the fingerprint of a projection's content."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import numpy as np
import pytest

from bridge.actions.services import Services
from tests.actions.examples import RANKING
from tests.database import CallError, Database, people_and_films

USERS, FILMS = 30, 48
READ = {"nodeProperties": ["vector"], "relationshipProperties": ["rating", "timestamp"]}


async def snapshot(database: Database, channel: grpc.aio.Channel, **given: Any) -> dict[str, Any]:
    (row,) = await database.call(channel, "bridge.snapshot.stats", "graph", **(READ | given))
    return row


async def test_it_says_what_was_read(channel: grpc.aio.Channel) -> None:
    database = people_and_films()
    row = await snapshot(database, channel)
    assert (row["nodeCount"], row["relationshipCount"]) == (USERS + FILMS + 2, len(database.links))
    assert (len(row["fingerprint"]), row["reused"]) == (64, False)
    assert row["bytes"] > 8 * len(database.links)
    row = await snapshot(database, channel, nodeLabels=["User", "Film"], relationshipTypes=["RATED"])
    assert row["nodeCount"] == USERS + FILMS
    assert row["relationshipCount"] == sum(link[1] == "RATED" for link in database.links)


async def test_equal_data_in_another_order_have_the_same_fingerprint(channel: grpc.aio.Channel) -> None:
    """Where a node stands in memory, and which comes first, is not the data."""
    database, other = people_and_films(), people_and_films()
    order = np.random.default_rng(3).permutation(len(database.nodes)).tolist()
    place = {old: new for new, old in enumerate(order)}
    other.nodes = [database.nodes[old] for old in order]
    other.links = [(place[a], kind, place[b], values) for a, kind, b, values in reversed(database.links)]
    other.created = 77
    one, two = await snapshot(database, channel), await snapshot(other, channel)
    assert not two["reused"]
    assert one["fingerprint"] == two["fingerprint"]


@pytest.mark.parametrize("change", ["a value", "a time", "a feature", "a key", "a relationship"])
async def test_any_change_of_what_is_read_changes_the_fingerprint(channel: grpc.aio.Channel, change: str) -> None:
    database = people_and_films()
    before = await snapshot(database, channel)
    source, kind, target, values = database.links[5]
    if change == "a value":
        database.links[5] = (source, kind, target, {**values, "rating": values["rating"] + 0.5})
    elif change == "a time":
        database.links[5] = (source, kind, target, {**values, "timestamp": values["timestamp"] + 1})
    elif change == "a feature":
        database.nodes[USERS].projected["vector"] = [0.25, 1.0]
    elif change == "a key":
        database.nodes[0].stored["userId"] = 7
    else:
        del database.links[5]
    database.modified += 1
    assert (await snapshot(database, channel))["fingerprint"] != before["fingerprint"]


async def test_a_second_call_reads_nothing_unless_it_is_told_to(channel: grpc.aio.Channel) -> None:
    database = people_and_films()
    rows = [await snapshot(database, channel, reuse=reuse) for reuse in (True, True, False)]
    assert [row["reused"] for row in rows] == [False, True, False]
    assert database.questions.count("read_projection") == 2
    assert len({row["fingerprint"] for row in rows}) == 1


async def test_it_does_not_wait_behind_a_training(channel: grpc.aio.Channel, services: Services) -> None:
    """The training has the only slot and keeps it; the arrays are opened in a trainer all the same."""
    training = {**RANKING, "epochs": 1_000_000, "patience": 1_000_000}
    busy = people_and_films()
    running = asyncio.create_task(busy.call(channel, "bridge.gnn.train", "graph", **training))
    async with asyncio.timeout(300):
        while not any("epoch" in each.detail for each in busy.progress):
            await asyncio.sleep(0.02)
        row = await snapshot(people_and_films(), channel)
    assert row["openMillis"] >= 0
    assert (services.trainers.running, running.done()) == (1, False)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with asyncio.timeout(60):
        while services.trainers.running:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"nodeLabels": ["Flim"]}, "Available labels are ['Film', 'Tag', 'User']"),
        ({"relationshipTypes": ["RATD"]}, "Available relationship types are ['RATED', 'TAGGED']"),
        ({"nodeProperties": ["colour"]}, "None of what is read has the `nodeProperties` ['colour']"),
        ({"relationshipTypes": ["TAGGED"]}, "None of what is read has the `relationshipProperties` ['rating', 'times"),
        ({"nodeKeys": {"Film": "tags"}}, "`tags` of `Film`"),
    ],
)
async def test_what_is_not_there_is_named_with_what_there_is(
    channel: grpc.aio.Channel, given: dict[str, Any], text: str
) -> None:
    with pytest.raises(CallError) as raised:
        await snapshot(people_and_films(), channel, **given)
    assert text in str(raised.value)


async def test_all_faults_are_told_at_once(channel: grpc.aio.Channel) -> None:
    with pytest.raises(CallError) as raised:
        await snapshot(
            people_and_films(), channel, nodeLabels=["Flim"], relationshipTypes=["RATD"], nodeProperties=["colour"]
        )
    for words in ("['Flim']", "['RATD']", "['colour']"):
        assert words in str(raised.value)
