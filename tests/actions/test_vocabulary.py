"""bridge/actions/vocabulary.py: what positions are stored under which name, and who needs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest

from bridge.actions.services import Services
from tests.actions.examples import RATING
from tests.database import CallError, Database, people_and_films


async def encode(database: Database, channel: grpc.aio.Channel, vocabulary: str, property_name: str) -> None:
    given = {"nodeLabels": ["Film"], "relationshipTypes": ["TAGGED"]}
    await database.call(
        channel, "bridge.encode.multiHot.mutate", "graph",
        **given, vocabulary=vocabulary, mutateProperty=property_name,
    )  # fmt: skip


async def listed(database: Database, channel: grpc.aio.Channel, **given: Any) -> list[dict[str, Any]]:
    return await database.call(channel, "bridge.vocabulary.list", **given)


async def drop(database: Database, channel: grpc.aio.Channel, name: str, **given: Any) -> list[dict[str, Any]]:
    return await database.call(channel, "bridge.vocabulary.drop", vocabulary=name, **given)


async def test_vocabularies_are_listed_with_their_values(channel: grpc.aio.Channel) -> None:
    """In the order of the positions; by name, and one alone when it is asked for."""
    database = people_and_films()
    assert await listed(database, channel) == []
    for name in ("tags", "more"):
        await encode(database, channel, name, name)
    rows = await listed(database, channel)
    assert [(row["vocabulary"], row["values"], row["valueCount"]) for row in rows] == [
        ("more", ["east", "west"], 2), ("tags", ["east", "west"], 2),
    ]  # fmt: skip
    assert {(row["owner"], tuple(row["usedBy"]), row["error"]) for row in rows} == {(database.user, (), None)}
    assert all(row["creationTime"] for row in rows)
    assert [row["vocabulary"] for row in await listed(database, channel, vocabulary="tags")] == ["tags"]


async def test_a_dropped_one_is_gone_and_its_name_free(channel: grpc.aio.Channel, services: Services) -> None:
    database = people_and_films()
    await encode(database, channel, "tags", "hot")
    (row,) = await drop(database, channel, "tags")
    assert row["values"] == ["east", "west"]
    assert await listed(database, channel) == []
    assert services.vocabularies.find("id-of-neo4j", "tags") is None
    with pytest.raises(CallError, match="Vocabulary with name `tags` does not exist"):
        await drop(database, channel, "tags")
    assert await drop(database, channel, "tags", failIfMissing=False) == []


async def test_one_that_a_stored_version_needs_is_kept(channel: grpc.aio.Channel) -> None:
    """Until the version is dropped: who would predict with it has to make the same vectors again."""
    database = people_and_films()
    await encode(database, channel, "tags", "hot")
    training = {**RATING, "epochs": 1, "featureProperties": {"Film": ["hot"]}}
    await database.call(channel, "bridge.gnn.train", "graph", **training)
    (row,) = await listed(database, channel)
    assert row["usedBy"] == ["rates:1"]
    with pytest.raises(CallError, match=r"`tags` is needed by 1 stored versions, the first `rates:1`") as raised:
        await drop(database, channel, "tags")
    assert raised.value.code is grpc.StatusCode.FAILED_PRECONDITION
    await database.call(channel, "bridge.model.drop", modelName="rates")
    assert len(await drop(database, channel, "tags")) == 1


async def test_only_who_made_it_may_drop_it(channel: grpc.aio.Channel) -> None:
    """Everyone may read and use it."""
    database = people_and_films()
    database.user = "ann"
    await encode(database, channel, "tags", "hot")
    database.user = "bob"
    assert [row["owner"] for row in await listed(database, channel)] == ["ann"]
    with pytest.raises(CallError, match="`tags` belongs to user `ann`: only they may drop it, and you are `bob`"):
        await drop(database, channel, "tags")
    database.user = "ann"
    assert len(await drop(database, channel, "tags")) == 1


async def test_a_damaged_one_is_listed_with_the_reason(channel: grpc.aio.Channel, tmp_path: Path) -> None:
    """It hides none of the others, and is not dropped: nobody knows whose it is."""
    database = people_and_films()
    await encode(database, channel, "tags", "hot")
    await encode(database, channel, "whole", "warm")
    next((tmp_path / "server").rglob("tags.json")).write_text("{}")
    damaged, whole = await listed(database, channel)
    assert (damaged["vocabulary"], damaged["values"], whole["error"]) == ("tags", [], None)
    assert "is not what was written" in damaged["error"]
    with pytest.raises(CallError, match="is not what was written"):
        await drop(database, channel, "tags")
