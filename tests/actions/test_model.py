"""bridge/actions/model.py: the catalog of hosted models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from bridge.actions.services import Services
from tests.actions.examples import RATING
from tests.actions.test_health import damage
from tests.database import CallError, Database

KEPT = ["modelName", "modelVersion", "loaded", "stored", "published"]


async def models(database: Database, channel: grpc.aio.Channel, **given: Any) -> list[dict[str, Any]]:
    return await database.call(channel, "bridge.model.list", **given)


async def drop(database: Database, channel: grpc.aio.Channel, name: str, **given: Any) -> list[dict[str, Any]]:
    return await database.call(channel, "bridge.model.drop", modelName=name, **given)


async def test_a_model_is_listed_with_what_it_is_and_how_good(hosted: Database, channel: grpc.aio.Channel) -> None:
    """By name; metrics, configuration, schema and time are those of the version that answers."""
    await hosted.call(channel, "bridge.gnn.train", "graph", **{**RATING, "epochs": 3})
    ranks, rates = await models(hosted, channel)
    assert (ranks["modelName"], ranks["modelVersion"], ranks["modelType"]) == ("ranks", 1, "lightGcn")
    assert (rates["modelName"], rates["modelVersion"], rates["modelType"]) == ("rates", 2, "graphFm")
    assert rates["modelInfo"]["metrics"]["test"]["rmse"] > 0
    assert rates["trainConfig"]["epochs"] == 3
    assert rates["graphSchema"]["features"] == ["Film.vector"]
    assert rates["graphSchema"]["nodeKeys"] == hosted.keys
    assert rates["graphSchema"]["nodeCounts"] == {"User": 30, "Film": 48, "Tag": 2}
    assert datetime.now(UTC) - rates["creationTime"] < timedelta(minutes=10)


async def test_a_model_is_loaded_once_it_was_asked(hosted: Database, channel: grpc.aio.Channel) -> None:
    (row,) = await models(hosted, channel, modelName="ranks")
    assert [row[name] for name in KEPT] == ["ranks", 1, False, True, True]
    await hosted.call(channel, "bridge.recommend.stream", "graph", modelName="ranks", topK=1)
    assert [row["loaded"] for row in await models(hosted, channel)] == [True, False]


async def test_a_name_that_nobody_has_brings_the_similar_ones(hosted: Database, channel: grpc.aio.Channel) -> None:
    """Dropping says so too; asking whether it exists is no error."""
    with pytest.raises(CallError, match=r"Model with name `rank` does not exist\. Did you mean `ranks`\?") as raised:
        await models(hosted, channel, modelName="rank")
    assert raised.value.code is grpc.StatusCode.NOT_FOUND
    with pytest.raises(CallError, match=r"Did you mean `ranks`\?"):
        await drop(hosted, channel, "rank")
    assert await hosted.call(channel, "bridge.model.exists", modelName="rank") == [
        {"modelName": "rank", "modelVersion": None, "modelType": "n/a", "exists": False}
    ]
    assert await hosted.call(channel, "bridge.model.exists", modelName="ranks") == [
        {"modelName": "ranks", "modelVersion": 1, "modelType": "lightGcn", "exists": True}
    ]


async def test_a_damaged_model_is_listed_with_the_reason_and_can_be_dropped(
    hosted: Database, channel: grpc.aio.Channel, tmp_path: Path
) -> None:
    """One that can not even be read does not stay for ever."""
    damage(tmp_path / "server", "ranks")
    ranks, rates = await models(hosted, channel)
    assert (ranks["modelName"], ranks["modelType"], ranks["creationTime"]) == ("ranks", "n/a", None)
    assert "is damaged" in ranks["modelInfo"]["error"]
    assert "error" not in rates["modelInfo"]
    await drop(hosted, channel, "ranks")
    assert [row["modelName"] for row in await models(hosted, channel)] == ["rates"]


async def test_dropping_removes_all_versions_and_says_what_there_was(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    """From disk and memory: a new model of the name begins at version 1 and answers by its own weights."""
    await hosted.call(channel, "bridge.gnn.train", "graph", **RATING)
    ask = {"modelName": "rates", "sourceNodeFilter": 1000, "targetNodeFilter": 1040}
    (before,) = await hosted.call(channel, "bridge.predict.stream", "graph", **ask)
    (row,) = await drop(hosted, channel, "rates")
    assert [row[name] for name in KEPT] == ["rates", 2, False, False, False]
    assert row["modelInfo"]["metrics"]
    assert list(services.live.keys()) == []
    with pytest.raises(CallError, match="Model with name `rates` does not exist"):
        await hosted.call(channel, "bridge.predict.stream", "graph", **ask)
    await hosted.call(channel, "bridge.gnn.train", "graph", **{**RATING, "randomSeed": 8})
    (after,) = await hosted.call(channel, "bridge.predict.stream", "graph", **ask)
    assert (before["modelVersion"], after["modelVersion"]) == (2, 1)
    assert after["score"] != before["score"]


async def test_a_missing_model_is_dropped_without_a_word_when_that_is_asked_for(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    assert await drop(hosted, channel, "none", failIfMissing=False) == []
    assert len(await models(hosted, channel)) == 2


async def test_only_the_owner_drops_a_model_and_everyone_may_use_it(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    hosted.user = "grace"
    for given in ({}, {"failIfMissing": False}):
        with pytest.raises(CallError, match=r"belongs to user `ada`: only they .* and you are `grace`") as raised:
            await drop(hosted, channel, "ranks", **given)
        assert raised.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert await hosted.call(channel, "bridge.recommend.stream", "graph", modelName="ranks", topK=1)
    hosted.user = "ada"
    assert await drop(hosted, channel, "ranks")
