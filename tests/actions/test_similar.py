"""bridge/actions/similar.py: the nearest nodes by cosine."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import grpc
import numpy as np
import pytest

from tests.database import CallError, Database

USERS, FILMS = 30, 48


async def similar(database: Database, channel: grpc.aio.Channel, **given: Any) -> list[dict[str, Any]]:
    return await database.call(channel, "bridge.similar.stream", "graph", **({"modelName": "ranks"} | given))


async def vectors(database: Database, channel: grpc.aio.Channel, label: str) -> dict[int, np.ndarray]:
    rows = await database.call(channel, "bridge.embed.stream", "graph", modelName="ranks", nodeLabels=[label])
    return {row["nodeId"]: np.array(row["embedding"]) / np.linalg.norm(row["embedding"]) for row in rows}


@pytest.mark.parametrize(("rows", "multiplications"), [(1, 1), (7, 1000), (64, 16_000_000)])
async def test_the_nearest_are_the_exact_ones(
    hosted: Database, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch, rows: int, multiplications: int
) -> None:
    """For every film: the five of highest cosine among the other films, best first, never itself; in any pieces."""
    monkeypatch.setattr("bridge.actions.unhurried.PIECE_ROWS", rows)
    monkeypatch.setattr("bridge.actions.unhurried.PIECE_MULTIPLICATIONS", multiplications)
    own = await vectors(hosted, channel, "Film")
    rows = await similar(hosted, channel, sourceNodeFilter="Film", topK=5)
    assert len(rows) == 5 * FILMS
    for place, (one, vector) in enumerate(own.items()):
        cosines = {other: float(vector @ each) for other, each in own.items() if other != one}
        found = [row for row in rows if row["sourceNodeId"] == one]
        assert [row["rank"] for row in found] == [1, 2, 3, 4, 5], f"film {place}"
        wanted = sorted(cosines.values(), reverse=True)[:5]
        np.testing.assert_allclose([row["similarity"] for row in found], wanted, atol=1e-5)
        np.testing.assert_allclose([cosines[row["targetNodeId"]] for row in found], wanted, atol=1e-5)


async def test_without_a_filter_each_label_is_compared_with_itself(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    rows = await similar(hosted, channel, topK=2)
    assert len(rows) == 2 * (USERS + FILMS)
    assert all((row["sourceNodeId"] < 1000 + USERS) == (row["targetNodeId"] < 1000 + USERS) for row in rows)
    for first, second in pairwise(rows):
        if first["sourceNodeId"] == second["sourceNodeId"]:
            assert second["similarity"] <= first["similarity"]


async def test_filters_name_one_node_several_or_a_label(hosted: Database, channel: grpc.aio.Channel) -> None:
    """Across labels only where that is asked for."""
    rows = await similar(hosted, channel, sourceNodeFilter=1000 + USERS, topK=3)
    assert {row["sourceNodeId"] for row in rows} == {1000 + USERS}
    among = [1000 + USERS, 1000 + USERS + 1, 1000 + USERS + 2]
    rows = await similar(hosted, channel, sourceNodeFilter=[1000 + USERS], targetNodeFilter=among)
    assert {row["targetNodeId"] for row in rows} == set(among[1:])
    rows = await similar(hosted, channel, sourceNodeFilter=[1000 + USERS], targetNodeFilter="User", topK=USERS)
    assert {row["targetNodeId"] for row in rows} == {1000 + user for user in range(USERS)}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"modelName": "rank"}, "Model with name `rank` does not exist. Did you mean `ranks`?"),
        ({"sourceNodeFilter": [1, 1001]}, "`sourceNodeFilter` names nodes that are not"),
        ({"targetNodeFilter": "Usr"}, "must be node ids or one of the labels ['Film', 'Tag', 'User']"),
        ({"sourceNodeFilter": "Tag"}, "has no embedding of the nodes in `sourceNodeFilter`"),
        ({"topK": 0}, "Value for `topK` was `0`, but must be greater than 0"),
    ],
)
async def test_bad_input_is_told_what_is_allowed(
    hosted: Database, channel: grpc.aio.Channel, given: dict[str, Any], text: str
) -> None:
    with pytest.raises(CallError) as raised:
        await similar(hosted, channel, **given)
    assert text in str(raised.value)
