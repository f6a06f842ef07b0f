"""bridge/actions/predict.py: predictions for linked pairs and for filtered ones."""

from __future__ import annotations

from typing import Any

import grpc
import numpy as np
import pytest

from bridge.actions import predict
from tests.actions.examples import RATING
from tests.database import CallError, Database, Node, people_and_films

USERS, FILMS = 30, 48


async def ask(database: Database, channel: grpc.aio.Channel, **given: Any) -> list[dict[str, Any]]:
    return await database.call(channel, "bridge.predict.stream", "graph", **({"modelName": "rates"} | given))


def scores(rows: list[dict[str, Any]]) -> dict[tuple[int, int], float]:
    return {(row["sourceNodeId"] - 1000, row["targetNodeId"] - 1000): row["score"] for row in rows}


def rated(database: Database) -> dict[tuple[int, int], float]:
    return {(source, target): values["rating"] for source, kind, target, values in database.links if kind == "RATED"}


async def test_predictions_tell_what_a_user_likes_from_what_not(channel: grpc.aio.Channel) -> None:
    """Of all pairs of the board, rated or not: above the middle in the user's own camp, below in the other."""
    database = people_and_films()
    training = {**RATING, "epochs": 150, "learningRate": 0.02}
    await database.call(channel, "bridge.gnn.train", "graph", **training)
    found = scores(await ask(database, channel, sourceNodeFilter="User"))
    assert len(found) == USERS * FILMS
    own = np.array([(user < USERS * 2 // 5) == (film - USERS < FILMS // 3) for user, film in found])
    values = np.array(list(found.values()))
    assert np.mean((values > 3.0) == own) > 0.85
    assert values.min() >= 1.0
    assert values.max() <= 5.0, "never off the scale"


async def test_each_linked_pair_gets_one_row(hosted: Database, channel: grpc.aio.Channel) -> None:
    """Of all pairs or of those that the filters leave; the score is the pair's, however it was asked for."""
    rows = await ask(hosted, channel, pairRelationshipType="RATED")
    everything = scores(rows)
    assert len(rows) == len(everything)
    assert everything.keys() == rated(hosted).keys()
    assert {(row["modelVersion"], row["fallback"]) for row in rows} == {(1, False)}
    some = await ask(
        hosted, channel, pairRelationshipType="RATED", sourceNodeFilter=[1003, 1020], targetNodeFilter="Film"
    )
    assert scores(some) == {pair: score for pair, score in everything.items() if pair[0] in (3, 20)}
    every = scores(await ask(hosted, channel, sourceNodeFilter=1003, targetNodeFilter=[1040, 1041]))
    assert every.keys() == {(3, 40), (3, 41)}
    for pair in every.keys() & everything.keys():
        assert every[pair] == pytest.approx(everything[pair], abs=1e-5)


@pytest.mark.parametrize("given", [{"pairRelationshipType": "RATED"}, {"sourceNodeFilter": "User"}])
async def test_pieces_join_without_a_seam(
    hosted: Database, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    """No pair is lost or doubled where one piece ends and the next begins."""
    whole = scores(await ask(hosted, channel, **given))
    monkeypatch.setattr(predict, "CHUNK", 7)
    monkeypatch.setattr(predict, "PIECE_PAIRS", 3)
    rows = await ask(hosted, channel, **given)
    assert len(rows) == len(whole)
    assert scores(rows) == pytest.approx(whole, abs=1e-5)


async def test_relationships_that_are_no_target_give_pairs_too(hosted: Database, channel: grpc.aio.Channel) -> None:
    """A type that the model never saw may say which pairs are asked for."""
    hosted.links += [(2, "SAW", USERS + 7, {}), (5, "SAW", USERS + 9, {})]
    hosted.modified += 1
    assert scores(await ask(hosted, channel, pairRelationshipType="SAW")).keys() == {(2, USERS + 7), (5, USERS + 9)}


async def test_a_filter_that_names_nobody_answers_nothing(hosted: Database, channel: grpc.aio.Channel) -> None:
    assert await ask(hosted, channel, sourceNodeFilter=[]) == []
    assert await ask(hosted, channel, pairRelationshipType="RATED", targetNodeFilter=[]) == []
    assert await ask(hosted, channel, sourceNodeFilter="Tag") == []


async def test_a_pair_with_a_stranger_is_flagged(hosted: Database, channel: grpc.aio.Channel) -> None:
    """A user and a film without any relationship: the score is a mean, and the row says so."""
    hosted.nodes += [Node("User", {"userId": 9999}), Node("Film", {"filmId": "new"}, {"vector": [1.0, 1.0]})]
    hosted.modified += 1
    user, film = len(hosted.nodes) - 2, len(hosted.nodes) - 1
    rows = await ask(hosted, channel, sourceNodeFilter=[1000, 1000 + user], targetNodeFilter=[1040, 1000 + film])
    flags = {(row["sourceNodeId"] - 1000, row["targetNodeId"] - 1000): row["fallback"] for row in rows}
    assert flags == {(0, 40): False, (0, film): True, (user, 40): True, (user, film): True}
    assert all(1.0 <= score <= 5.0 for score in scores(rows).values())


async def test_a_node_that_the_caller_does_not_see_is_in_no_pair(hosted: Database, channel: grpc.aio.Channel) -> None:
    hosted.nodes[4].visible = hosted.nodes[USERS + 2].visible = False
    found = scores(await ask(hosted, channel, sourceNodeFilter="User")).keys()
    assert len(found) == (USERS - 1) * (FILMS - 1)
    assert not {pair for pair in found if 4 in pair or USERS + 2 in pair}


async def test_the_newest_version_answers_unless_another_is_asked_for(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    pair = {"sourceNodeFilter": 1000, "targetNodeFilter": 1040}
    (first,) = await ask(hosted, channel, **pair)
    await hosted.call(channel, "bridge.gnn.train", "graph", **{**RATING, "randomSeed": 8})
    (newest,) = await ask(hosted, channel, **pair)
    assert (first["modelVersion"], newest["modelVersion"]) == (1, 2)
    assert newest["score"] != first["score"]
    assert await ask(hosted, channel, modelVersion=1, **pair) == [first]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "No pairs to predict for: give `pairRelationshipType`, or `sourceNodeFilter`"),
        ({"targetNodeFilter": "Film"}, "No pairs to predict for"),
        ({"pairRelationshipType": "RATD"}, "`pairRelationshipType` of ['RATD']. Available relationship types are"),
        ({"pairRelationshipType": "TAGGED"}, "no `TAGGED` from `User` to `Film`"),
        ({"sourceNodeFilter": [1, 2, 1001]}, "`sourceNodeFilter` names 2 nodes that are no `User` nodes"),
        ({"sourceNodeFilter": "User", "targetNodeFilter": "Flim"}, "one of the labels ['Film', 'Tag', 'User']"),
        ({"modelName": "rate", "sourceNodeFilter": "User"}, "Did you mean `rates`?"),
        ({"modelVersion": 3, "sourceNodeFilter": "User"}, "Model `rates` has no version 3, only the version 1"),
    ],
)
async def test_what_is_not_there_is_named_with_what_there_is(
    hosted: Database, channel: grpc.aio.Channel, given: dict[str, Any], text: str
) -> None:
    with pytest.raises(CallError) as raised:
        await ask(hosted, channel, **given)
    assert text in str(raised.value)
    assert raised.value.code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)


async def test_all_faults_of_the_pairs_are_told_at_once(hosted: Database, channel: grpc.aio.Channel) -> None:
    """Before anything is read."""
    with pytest.raises(CallError) as raised:
        await ask(hosted, channel, sourceNodeFilter="Usr", targetNodeFilter="Flim", pairRelationshipType="RATD")
    assert all(word in str(raised.value) for word in ("`Usr`", "`Flim`", "['RATD']"))
    assert hosted.questions == ["describe"]


async def test_more_pairs_than_one_call_may_ask_for_are_refused(
    hosted: Database, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With both numbers; pairs that are linked have no such bound."""
    monkeypatch.setattr(predict, "MOST_PAIRS", 100)
    with pytest.raises(CallError, match="make 1,440 pairs; at most 100 are allowed"):
        await ask(hosted, channel, sourceNodeFilter="User")
    assert len(await ask(hosted, channel, pairRelationshipType="RATED")) > 100
