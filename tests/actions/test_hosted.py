"""bridge/actions/hosted.py: whether a projection fits the model that is asked on it."""

from __future__ import annotations

import asyncio
import shutil
import sys
import threading
from dataclasses import replace
from typing import Any

import grpc
import numpy as np
import pytest

from bridge.actions.hosted import Loaded
from bridge.actions.services import Services
from tests.actions.examples import RATING
from tests.database import CallError, Database, people_and_films

USERS = 30


async def ask(database: Database, channel: grpc.aio.Channel, **given: Any) -> list[dict[str, Any]]:
    given = {"modelName": "rates", "pairRelationshipType": "RATED", **given}
    return await database.call(channel, "bridge.predict.stream", "graph", **given)


async def refusal(database: Database, channel: grpc.aio.Channel, **given: Any) -> CallError:
    with pytest.raises(CallError) as raised:
        await ask(database, channel, **given)
    return raised.value


async def test_a_node_is_known_again_by_its_key_wherever_it_stands(hosted: Database, channel: grpc.aio.Channel) -> None:
    """Another projection of the same data, its nodes in another order: the same predictions."""
    before = {(row["sourceNodeId"], row["targetNodeId"]): row["score"] for row in await ask(hosted, channel)}
    order = np.random.default_rng(3).permutation(len(hosted.nodes)).tolist()
    place = {old: new for new, old in enumerate(order)}
    other = people_and_films()
    other.nodes = [hosted.nodes[old] for old in order]
    other.links = [(place[a], kind, place[b], values) for a, kind, b, values in hosted.links]
    other.created = 77
    for row in await ask(other, channel):
        pair = (order[row["sourceNodeId"] - 1000] + 1000, order[row["targetNodeId"] - 1000] + 1000)
        assert row["score"] == pytest.approx(before[pair], abs=1e-5)


async def test_a_projection_that_lacks_something_is_told_all_of_it(hosted: Database, channel: grpc.aio.Channel) -> None:
    """A label, a type and a feature at once, each with what there is."""
    hosted.nodes = [node for node in hosted.nodes if node.label != "Tag"]
    hosted.links = [link for link in hosted.links if link[1] == "RATED"]
    for node in hosted.nodes:
        node.projected.clear()
    text = str(await refusal(hosted, channel))
    for words in ("the labels ['Tag']", "the relationship types ['TAGGED']", "properties of 'Film' ['vector']"):
        assert words in text
    assert hosted.questions == ["describe"]


async def test_other_node_keys_than_the_trainings_are_refused(hosted: Database, channel: grpc.aio.Channel) -> None:
    error = await refusal(hosted, channel, nodeKeys={"Film": "title"})
    assert error.reason == "OTHER_NODE_KEYS"
    assert "{Film: 'filmId', Tag: 'name', User: 'userId'}" in str(error)


async def test_a_model_without_keys_answers_only_for_its_own_projection(channel: grpc.aio.Channel) -> None:
    """Neo4j's ids of another projection may mean other nodes. A constraint made later does not change that."""
    database = people_and_films()
    database.keys = {"User": "userId", "Film": "filmId"}
    await database.call(channel, "bridge.gnn.train", "graph", **RATING)
    assert await ask(database, channel)
    database.keys = {**database.keys, "Tag": "name"}
    assert await ask(database, channel), "it still knows its own projection"
    database.created += 1
    error = await refusal(database, channel)
    assert error.reason == "NO_NODE_KEYS"
    assert "['Tag']" in str(error)


@pytest.mark.parametrize("change", ["direction", "dimension", "length"])
async def test_a_feature_that_is_another_one_is_refused_by_name(
    hosted: Database, channel: grpc.aio.Channel, change: str
) -> None:
    """FastRP with another seed, of another dimension, or scaled."""
    changed = {
        "direction": lambda vector: [-vector[1], vector[0] - 1.0],
        "dimension": lambda vector: [*vector, 0.0],
        "length": lambda vector: [each * 100 for each in vector],
    }[change]
    for node in hosted.nodes:
        if "vector" in node.projected:
            node.projected["vector"] = changed(node.projected["vector"])
    error = await refusal(hosted, channel)
    assert (error.reason, error.metadata["feature"]) == ("FEATURE_MISMATCH", "Film.vector")


async def test_a_projection_that_was_mutated_is_read_again(hosted: Database, channel: grpc.aio.Channel) -> None:
    """Its columns may be others; the snapshot of before must not answer."""
    await ask(hosted, channel)
    await ask(hosted, channel)
    assert hosted.questions.count("read_projection") == 1
    hosted.links = hosted.links[10:]
    hosted.modified += 1
    assert len(await ask(hosted, channel)) == sum(link[1] == "RATED" for link in hosted.links)
    assert hosted.questions.count("read_projection") == 2


async def test_a_snapshot_that_made_room_for_others_is_read_again(
    hosted: Database, channel: grpc.aio.Channel, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between being found and being held it may go: the user must not notice."""
    find = services.snapshots.find
    await ask(hosted, channel)

    def found_then_gone(lookup: Any) -> Any:
        snapshot = find(lookup)
        if snapshot is not None:
            shutil.rmtree(services.snapshots._kept.pop(lookup.folder).path)
            monkeypatch.setattr(services.snapshots, "find", find)
        return snapshot

    monkeypatch.setattr(services.snapshots, "find", found_then_gone)
    assert await ask(hosted, channel)
    assert hosted.questions.count("read_projection") == 2


async def test_calls_that_wait_for_one_model_leave_the_executor_to_others(
    hosted: Database, channel: grpc.aio.Channel, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call computes, the others of that version wait without a thread: there are two for everybody."""
    began, release = threading.Event(), threading.Event()
    answer = Loaded.on

    def slow(self: Loaded, *given: Any) -> Any:
        began.set()
        assert release.wait(120)
        return answer(self, *given)

    monkeypatch.setattr(Loaded, "on", slow)
    calls = [asyncio.create_task(ask(hosted_copy(hosted), channel)) for _ in range(3)]
    try:
        assert await asyncio.to_thread(began.wait, 60)
        await asyncio.sleep(0.3)  # the others have come as far as they get
        assert await asyncio.wait_for(services.compute(lambda: "done"), 60) == "done"
    finally:
        release.set()
    found = await asyncio.gather(*calls)
    assert found[0] == found[1] == found[2]


def hosted_copy(database: Database) -> Database:
    """Return the same data for a call beside others."""
    return replace(database, questions=[], jobs=[], progress=[])


async def test_nodes_are_looked_through_off_the_event_loop(
    hosted: Database, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filters, linked pairs and the rows to write: with millions of nodes nobody else would be answered meanwhile."""
    threads: list[str] = []

    def watched(name: str) -> None:
        function = getattr(np, name)

        def noting(*given: Any, **more: Any) -> Any:
            if sys._getframe(1).f_globals["__name__"].startswith("bridge.actions."):
                threads.append(threading.current_thread().name)
            return function(*given, **more)

        monkeypatch.setattr(np, name, noting)

    for name in ("isin", "unique"):
        watched(name)
    assert await ask(hosted, channel, sourceNodeFilter=[1003], targetNodeFilter="Film")
    given = {"modelName": "ranks", "writeRelationshipType": "NEXT", "sourceNodeFilter": [1003], "topK": 2}
    await hosted.call(channel, "bridge.recommend.write", "graph", **given)
    assert len(threads) > 4
    assert all(thread.startswith("compute") for thread in threads)
