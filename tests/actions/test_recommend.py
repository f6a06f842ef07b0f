"""bridge/actions/recommend.py: top-K lists, what they leave out, and what is written."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import grpc
import numpy as np
import pytest

from tests.actions.examples import RANKING
from tests.database import CallError, Database, Node

USERS, FILMS = 30, 48


async def recommend(database: Database, channel: grpc.aio.Channel, **given: Any) -> list[dict[str, Any]]:
    return await database.call(channel, "bridge.recommend.stream", "graph", modelName="ranks", **given)


async def write(database: Database, channel: grpc.aio.Channel, **given: Any) -> dict[str, Any]:
    (row,) = await database.call(channel, "bridge.recommend.write", "graph", modelName="ranks", **given)
    return row


def pairs(rows: list[dict[str, Any]]) -> set[tuple[int, int]]:
    return {(row["sourceNodeId"] - 1000, row["targetNodeId"] - 1000) for row in rows}


def rated(database: Database) -> set[tuple[int, int]]:
    return {(source, target) for source, kind, target, _ in database.links if kind == "RATED"}


def small_pieces(monkeypatch: pytest.MonkeyPatch, rows: int, targets: int) -> None:
    """Have so many scores of vectors of 16 dimensions be a piece."""
    monkeypatch.setattr("bridge.actions.unhurried.PIECE_ROWS", rows)
    monkeypatch.setattr("bridge.actions.recommend.PIECE_ROWS", rows)
    monkeypatch.setattr("bridge.actions.unhurried.PIECE_MULTIPLICATIONS", rows * targets * 16)
    monkeypatch.setattr("bridge.actions.unhurried.PIECE_SCORES", rows * FILMS)


async def test_each_source_gets_its_best_new_targets_in_order(hosted: Database, channel: grpc.aio.Channel) -> None:
    """Ranks count from 1, scores fall, nothing already linked comes back; most are of the user's own camp."""
    rows = await recommend(hosted, channel, topK=3)
    assert len(rows) == 3 * USERS
    assert not pairs(rows) & rated(hosted)
    for first, second in pairwise(rows):
        if first["sourceNodeId"] == second["sourceNodeId"]:
            assert second["rank"] == first["rank"] + 1
            assert second["score"] <= first["score"]
    own = [(user < USERS * 2 // 5) == (film - USERS < FILMS // 3) for user, film in pairs(rows)]
    assert np.mean(own) > 0.8
    assert {row["fallback"] for row in rows} == {False}


async def test_the_same_call_gives_the_same_rows(hosted: Database, channel: grpc.aio.Channel) -> None:
    assert await recommend(hosted, channel, topK=5) == await recommend(hosted, channel, topK=5)
    assert hosted.questions.count("read_projection") == 1, "the second call takes the snapshot of the first"


async def test_more_targets_than_there_are_is_all_there_are(hosted: Database, channel: grpc.aio.Channel) -> None:
    """A huge topK takes no memory of its own."""
    rows = await recommend(hosted, channel, topK=2**40, excludeRelationshipTypes=[])
    assert len(rows) == USERS * FILMS


async def test_filters_name_nodes_or_labels(hosted: Database, channel: grpc.aio.Channel) -> None:
    rows = await recommend(hosted, channel, sourceNodeFilter=[1003, 1001], targetNodeFilter="Film", topK=1)
    assert [row["sourceNodeId"] for row in rows] in ([1001, 1003], [1003, 1001])
    wanted = [1000 + USERS, 1000 + USERS + 1]
    rows = await recommend(hosted, channel, targetNodeFilter=wanted, excludeRelationshipTypes=[])
    assert len(rows) == 2 * USERS
    assert {row["targetNodeId"] for row in rows} == set(wanted)
    assert await recommend(hosted, channel, sourceNodeFilter="Tag") == []
    assert await recommend(hosted, channel, sourceNodeFilter=[]) == []


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"sourceNodeFilter": [1, 2, 1001]}, "`sourceNodeFilter` names 2 nodes that are no `User` nodes"),
        ({"targetNodeFilter": 1000}, "`targetNodeFilter` names a node that is no `Film` node"),
        ({"sourceNodeFilter": "Usr"}, "must be node ids or one of the labels ['Film', 'Tag', 'User']"),
        ({"excludeRelationshipTypes": ["RATD"]}, "Available relationship types are ['RATED', 'TAGGED']"),
        ({"modelName": "rank"}, "Model with name `rank` does not exist. Did you mean `ranks`?"),
        ({"modelVersion": 2}, "Model `ranks` has no version 2, only the version 1; its aliases are `champion` (1)."),
        ({"modelName": "rates"}, "trained with `objective: 'rating'`"),
    ],
)
async def test_what_is_not_there_is_named_with_what_there_is(
    hosted: Database, channel: grpc.aio.Channel, given: dict[str, Any], text: str
) -> None:
    with pytest.raises(CallError) as raised:
        await hosted.call(channel, "bridge.recommend.stream", "graph", **({"modelName": "ranks"} | given))
    assert text in str(raised.value)


async def test_all_faults_of_filters_and_exclusions_are_told_at_once(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    """What the projection does not have before anything is read; ids that are none when its nodes are there."""
    with pytest.raises(CallError) as raised:
        await recommend(
            hosted, channel, sourceNodeFilter="Usr", targetNodeFilter="Flim", excludeRelationshipTypes=["RATD"]
        )
    assert all(word in str(raised.value) for word in ("`Usr`", "`Flim`", "['RATD']"))
    assert hosted.questions == ["describe"]
    with pytest.raises(CallError) as raised:
        await recommend(hosted, channel, sourceNodeFilter=[1], targetNodeFilter=[2])
    assert all(f"`{key}` names a node" in str(raised.value) for key in ("sourceNodeFilter", "targetNodeFilter"))


async def test_a_model_that_does_not_rank_is_refused_before_anything_is_read(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    with pytest.raises(CallError):
        await hosted.call(channel, "bridge.recommend.stream", "graph", modelName="rates")
    assert hosted.questions == ["describe"]


async def test_nothing_below_the_least_score_comes(hosted: Database, channel: grpc.aio.Channel) -> None:
    scores = sorted(row["score"] for row in await recommend(hosted, channel))
    limit = scores[len(scores) // 2]
    rows = await recommend(hosted, channel, minScore=limit)
    assert [row["score"] >= limit for row in rows] == [True] * sum(score >= limit for score in scores)
    assert await recommend(hosted, channel, minScore=1e9) == []


async def test_a_user_without_ratings_gets_what_is_popular_and_a_flag(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    hosted.nodes.append(Node("User", {"userId": 9999}))
    hosted.modified += 1
    rows = await recommend(hosted, channel, topK=2)
    new = [row for row in rows if row["sourceNodeId"] == hosted.node_id(len(hosted.nodes) - 1)]
    assert [row["fallback"] for row in new] == [True, True]
    assert {row["fallback"] for row in rows if row not in new} == {False}


async def test_a_node_that_the_caller_does_not_see_is_neither_asked_nor_answered(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    hosted.nodes[4].visible = hosted.nodes[USERS + 2].visible = False
    rows = await recommend(hosted, channel, topK=FILMS, excludeRelationshipTypes=[])
    assert 4 not in {source for source, _ in pairs(rows)}
    assert USERS + 2 not in {target for _, target in pairs(rows)}
    assert len(rows) == (USERS - 1) * (FILMS - 1)


async def test_write_replaces_what_the_model_wrote_before(hosted: Database, channel: grpc.aio.Channel) -> None:
    """The same again changes nothing; fewer targets delete the rest."""
    row = await write(hosted, channel, topK=3)
    assert (row["relationshipsWritten"], row["relationshipsDeleted"], row["sourcesWithout"]) == (90, 0, 0)
    assert row["configuration"]["topK"] == 3
    assert row["configuration"]["modelVersion"] == 1
    one = next(iter(hosted.written.values()))
    assert {"score", "rank", "modelName", "modelVersion"} <= set(one)
    row = await write(hosted, channel, topK=3)
    assert (row["relationshipsWritten"], row["relationshipsUnchanged"]) == (0, 90)
    row = await write(hosted, channel, topK=1)
    assert (row["relationshipsDeleted"], row["relationshipsUnchanged"]) == (60, 30)


async def test_write_for_some_sources_leaves_the_others_lists(hosted: Database, channel: grpc.aio.Channel) -> None:
    await write(hosted, channel, topK=3)
    row = await write(hosted, channel, topK=1, sourceNodeFilter=[1005])
    assert (row["relationshipsDeleted"], row["relationshipsUnchanged"]) == (2, 1)
    assert len(hosted.written) == 88


async def test_write_leaves_out_links_made_since_the_projection(hosted: Database, channel: grpc.aio.Channel) -> None:
    """It asks the store, and takes the next best instead."""
    best = pairs(await recommend(hosted, channel, topK=1))
    hosted.stored_links = {(source, "RATED", target) for source, target in best}
    row = await write(hosted, channel, topK=1)
    assert row["relationshipsWritten"] == USERS
    assert not {(source, target) for source, _, target in hosted.written} & best


async def test_pieces_join_without_a_seam(
    hosted: Database, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one source or seven, of one target or twenty: nobody's list is another's, also after a look at the store."""
    whole = await recommend(hosted, channel, topK=3)
    hosted.stored_links = {(source, "RATED", target) for source, target in pairs(whole[::3])}
    await write(hosted, channel, topK=3)
    written = set(hosted.written)
    for rows, targets in ((1, 20), (7, 1), (7, FILMS)):
        small_pieces(monkeypatch, rows, targets)
        again = await recommend(hosted, channel, topK=3)
        assert [pairs([row]) for row in again] == [pairs([row]) for row in whole]
        assert [row["score"] for row in again] == pytest.approx([row["score"] for row in whole], abs=1e-5)
        hosted.written.clear()
        await write(hosted, channel, topK=3)
        assert set(hosted.written) == written


@pytest.mark.parametrize(("written", "held"), [("TAGGED", False), ("RATED", True)])
async def test_one_block_is_scored_while_the_one_before_it_is_written(
    hosted: Database, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch, written: str, held: bool
) -> None:
    """Questions about links come between the chunks; but where what is written would be taken for one, before them."""
    monkeypatch.setattr("bridge.actions.recommend.BLOCK_BYTES", 4 * FILMS * 8)
    row = await write(hosted, channel, topK=2, writeRelationshipType=written)
    assert (row["relationshipsWritten"], row["sourcesWithout"]) == (2 * USERS, 0)
    assert hosted.questions.count("check_links") == 4
    all_asked = [asked == len(hosted.questions) for asked in hosted.asked_by_chunk]
    assert all_asked == ([True] * 5 if held else [False] * 3 + [True] * 2)


async def test_the_store_is_asked_for_the_type_that_it_knows(hosted: Database, channel: grpc.aio.Channel) -> None:
    """The projection calls RATED what the database calls SEEN."""
    best = pairs(await recommend(hosted, channel, topK=1))
    hosted.stored_types = {"RATED": "SEEN"}
    hosted.stored_links = {(source, "SEEN", target) for source, target in best}
    await write(hosted, channel, topK=1)
    assert not {(source, target) for source, _, target in hosted.written} & best


async def test_write_is_refused_where_nothing_tells_the_stored_type(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    """Links made since the projection would be recommended; `stream`, which promises nothing of them, answers."""
    hosted.stored_types = {"RATED": ""}
    with pytest.raises(CallError, match=r"which type \['RATED'\] of the projection has in the database") as raised:
        await write(hosted, channel, topK=1)
    assert raised.value.code is grpc.StatusCode.FAILED_PRECONDITION
    assert len(await recommend(hosted, channel, topK=1)) == USERS
    assert (await write(hosted, channel, topK=1, excludeRelationshipTypes=[]))["relationshipsWritten"] == USERS


async def test_a_mark_that_somebody_added_to_a_relationship_is_no_difference(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    await write(hosted, channel, topK=1)
    next(iter(hosted.written.values()))["clicked"] = True
    assert (await write(hosted, channel, topK=1))["relationshipsUnchanged"] == USERS
    assert any("clicked" in properties for properties in hosted.written.values())


async def test_writing_nothing_deletes_the_old(hosted: Database, channel: grpc.aio.Channel) -> None:
    await write(hosted, channel, topK=1)
    row = await write(hosted, channel, minScore=1e9)
    assert (row["relationshipsWritten"], row["relationshipsDeleted"], row["sourcesWithout"]) == (0, USERS, USERS)
    row = await write(hosted, channel, sourceNodeFilter=[])
    assert (row["relationshipsDeleted"], row["sourcesWithout"]) == (0, 0)


async def test_a_write_that_would_not_fit_into_the_transaction_is_refused(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    """It names the way out; `batchSize` and `sudo` are ways out, and so is a smaller list."""
    hosted.transaction_memory_bytes = 100_000
    with pytest.raises(CallError, match="Set `batchSize`") as raised:
        await write(hosted, channel, topK=10)
    assert raised.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert hosted.written == {}
    assert (await write(hosted, channel, topK=10, batchSize=100))["relationshipsWritten"] == 300
    assert hosted.writes[-1].batch_size == 100
    assert await write(hosted, channel, topK=10, sudo=True)
    assert await write(hosted, channel, topK=2)


async def test_a_read_only_session_is_refused_before_anything_is_read(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    hosted.can_write = False
    with pytest.raises(CallError, match="does not support `write` execution mode"):
        await write(hosted, channel)
    assert hosted.questions == ["describe"]


async def test_nobody_is_recommended_to_themselves(channel: grpc.aio.Channel) -> None:
    """Friends of friends: sources and targets have one label, and links count in both directions."""
    rng = np.random.default_rng(0)
    links: list[tuple[int, str, int, dict[str, float]]] = []
    for one, other in zip(*np.nonzero(np.triu(rng.random((24, 24)) < 0.4, k=1)), strict=True):
        links += [(int(one), "KNOWS", int(other), {}), (int(other), "KNOWS", int(one), {})]
    nodes = [Node("Person", {"id": number}) for number in range(24)]
    database = Database(nodes, links, keys={"Person": "id"}, undirected=frozenset({"KNOWS"}))
    training = {**RANKING, "sourceNodeLabel": "Person", "targetNodeLabel": "Person", "featureProperties": {},
                "targetRelationshipType": "KNOWS", "targetProperty": None, "epochs": 2}  # fmt: skip
    await database.call(channel, "bridge.gnn.train", "graph", **training)
    found = pairs(await recommend(database, channel, topK=24))
    known = {(one, other) for one, _, other, _ in links}
    assert found == {(one, other) for one in range(24) for other in range(24) if one != other} - known
