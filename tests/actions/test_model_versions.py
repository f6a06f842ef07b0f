"""bridge/actions/model_versions.py: versions of a model, and which one answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest

from bridge.actions.services import Services
from tests.actions.examples import RATING
from tests.database import CallError, Database

RATES = {"modelName": "rates"}
PAIR = {**RATES, "sourceNodeFilter": 1000, "targetNodeFilter": 1040}


@pytest.fixture
async def twice(hosted: Database, channel: grpc.aio.Channel) -> Database:
    """Train `rates` again, with another seed."""
    await hosted.call(channel, "bridge.gnn.train", "graph", **{**RATING, "randomSeed": 8})
    return hosted


async def ask(database: Database, channel: grpc.aio.Channel, **given: Any) -> tuple[int, float]:
    (row,) = await database.call(channel, "bridge.predict.stream", "graph", **{**PAIR, **given})
    return row["modelVersion"], row["score"]


def spoil(data: Path, version: int) -> None:
    (weights,) = data.glob(f"models/*/rates/versions/{version}/served.safetensors")
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


async def test_versions_are_listed_with_their_aliases_and_how_good_they_are(
    twice: Database, channel: grpc.aio.Channel
) -> None:
    """Ascending; the newest training is champion."""
    first, second = await twice.call(channel, "bridge.model.versions", **RATES)
    assert [list(row)[:2] for row in (first, second)] == [["modelName", "modelVersion"]] * 2
    assert (first["modelVersion"], first["aliases"], first["parentVersion"]) == (1, ["previous"], None)
    assert (second["modelVersion"], second["aliases"], second["parentVersion"]) == (2, ["champion"], 1)
    assert second["metrics"]["test"]["rmse"] > 0
    assert (second["stored"], second["error"]) == (True, "")
    assert second["bytes"] > 1000
    assert first["creationTime"] <= second["creationTime"]


async def test_a_rollback_lets_the_version_before_answer_and_says_which(
    twice: Database, channel: grpc.aio.Channel
) -> None:
    """In the very next call, by its own weights; and back again."""
    new = await ask(twice, channel)
    row = {"modelName": "rates", "modelVersion": 1, "alias": "champion", "versionBefore": 2}
    assert await twice.call(channel, "bridge.model.rollback", **RATES) == [row]
    old = await ask(twice, channel)
    assert (new[0], old[0]) == (2, 1)
    assert new[1] != old[1]
    assert await ask(twice, channel, modelVersion="previous") == new
    await twice.call(channel, "bridge.model.rollback", **RATES)
    assert await ask(twice, channel) == new


async def test_a_version_is_asked_by_number_or_alias(twice: Database, channel: grpc.aio.Channel) -> None:
    """An alias of the user's own too; what is neither is answered with what there is."""
    promoted = {**RATES, "modelVersion": 1, "alias": "night"}
    assert await twice.call(channel, "bridge.model.promote", **promoted) == [
        {"modelName": "rates", "modelVersion": 1, "alias": "night", "versionBefore": None}
    ]
    by_number = await ask(twice, channel, modelVersion=1)
    assert await ask(twice, channel, modelVersion="night") == by_number
    assert await ask(twice, channel, modelVersion="champion") == await ask(twice, channel)
    with pytest.raises(CallError, match=r"no alias `nigth`, only the versions 1, 2; its aliases are .*`night` \(1\)"):
        await ask(twice, channel, modelVersion="nigth")
    with pytest.raises(CallError, match="`modelVersion` must be of type `Integer` or `String` but was `Float`"):
        await ask(twice, channel, modelVersion=1.0)
    with pytest.raises(CallError, match="`modelVersion` was `0`, but must be greater than 0"):
        await ask(twice, channel, modelVersion=0)


async def test_the_champion_is_what_the_catalog_shows(twice: Database, channel: grpc.aio.Channel) -> None:
    """list and exists by the version that answers, info by any."""
    await twice.call(channel, "bridge.model.rollback", **RATES)
    (row,) = await twice.call(channel, "bridge.model.list", **RATES)
    assert (row["modelVersion"], row["modelInfo"]["aliases"], row["trainConfig"]["randomSeed"]) == (1, ["champion"], 7)
    (row,) = await twice.call(channel, "bridge.model.exists", **RATES)
    assert (row["modelVersion"], row["exists"]) == (1, True)
    for version, number in ((None, 1), (2, 2), ("previous", 2)):
        (row,) = await twice.call(channel, "bridge.model.info", **RATES, modelVersion=version)
        assert (row["modelVersion"], row["modelInfo"]["modelVersion"]) == (number, number)
    gate = row["modelInfo"]["gate"]
    assert (row["modelInfo"]["parentVersion"], gate["promote"], row["trainConfig"]["randomSeed"]) == (1, "always", 8)


async def test_a_damaged_champion_is_shown_everywhere_and_the_previous_version_answers(
    twice: Database, channel: grpc.aio.Channel, tmp_path: Path
) -> None:
    """In rows, health, list, versions; asked for by number it is refused with the reason."""
    first = await ask(twice, channel, modelVersion=1)
    spoil(tmp_path / "server", 2)
    assert await ask(twice, channel) == first
    (health,) = await twice.call(channel, "bridge.health")
    (rates,) = (model for model in health["models"] if model["modelName"] == "rates")
    assert (health["status"], rates["modelVersion"]) == ("SERVING", 1)
    assert "['rates']" in health["detail"]
    (row,) = await twice.call(channel, "bridge.model.list", **RATES)
    assert row["modelVersion"] == 1
    for text in (rates["error"], row["modelInfo"]["error"]):
        assert "Version 2 of model `rates` is damaged: `served.safetensors` is not what was written" in text
        assert text.endswith("Version 1 answers meanwhile.")
    versions = await twice.call(channel, "bridge.model.versions", **RATES)
    assert [(row["stored"], row["aliases"]) for row in versions] == [(True, ["previous"]), (False, ["champion"])]
    assert "is damaged" in versions[1]["error"]
    with pytest.raises(CallError, match="Version 2 of model `rates` is damaged"):
        await twice.call(channel, "bridge.model.info", **RATES, modelVersion=2)


async def test_a_damaged_version_is_not_promoted(twice: Database, channel: grpc.aio.Channel, tmp_path: Path) -> None:
    spoil(tmp_path / "server", 1)
    with pytest.raises(CallError, match="Version 1 of model `rates` is damaged"):
        await twice.call(channel, "bridge.model.promote", **RATES, modelVersion=1)
    with pytest.raises(CallError, match="Version 1 of model `rates` is damaged"):
        await twice.call(channel, "bridge.model.rollback", **RATES)
    assert (await ask(twice, channel))[0] == 2


async def test_only_the_owner_promotes_and_rolls_back(twice: Database, channel: grpc.aio.Channel) -> None:
    """Everyone may look."""
    twice.user = "grace"
    for procedure, given in (("promote", {"modelVersion": 1}), ("rollback", {})):
        with pytest.raises(CallError, match=r"belongs to user `ada`") as raised:
            await twice.call(channel, f"bridge.model.{procedure}", **RATES, **given)
        assert raised.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert len(await twice.call(channel, "bridge.model.versions", **RATES)) == 2


async def test_one_version_is_dropped_when_it_has_no_alias(
    twice: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    """It leaves the memory too; the others go on answering."""
    with pytest.raises(CallError, match=r"Version 2 of model `rates` is `champion`\. Promote another"):
        await twice.call(channel, "bridge.model.drop", **RATES, modelVersion=2)
    await twice.call(channel, "bridge.gnn.train", "graph", **{**RATING, "randomSeed": 9})
    await ask(twice, channel, modelVersion=1)
    await ask(twice, channel)
    (row,) = await twice.call(channel, "bridge.model.drop", **RATES, modelVersion=1)
    assert [row[name] for name in ("modelVersion", "loaded", "stored", "published")] == [1, False, False, False]
    assert row["trainConfig"]["randomSeed"] == 7
    loaded = services.live.keys()
    assert [key[2] for key in loaded] == [3]
    assert [row["modelVersion"] for row in await twice.call(channel, "bridge.model.versions", **RATES)] == [2, 3]
    with pytest.raises(CallError, match="no version 1, only the versions 2, 3"):
        await twice.call(channel, "bridge.model.drop", **RATES, modelVersion=1)
    assert await twice.call(channel, "bridge.model.drop", **RATES, modelVersion=1, failIfMissing=False) == []


async def test_calls_through_fifty_swaps_are_answered_by_one_version_each(
    twice: Database, channel: grpc.aio.Channel
) -> None:
    """Eight clients: none fails, and number and score of an answer belong together."""
    scores = {number: (await ask(twice, channel, modelVersion=number))[1] for number in (1, 2)}
    swapping = True

    async def client() -> set[int]:
        seen = set()
        while swapping:
            number, score = await ask(twice, channel)
            assert score == scores[number]
            seen.add(number)
        return seen

    clients = [asyncio.create_task(client()) for _ in range(8)]
    for _ in range(50):
        await twice.call(channel, "bridge.model.rollback", **RATES)
    swapping = False
    assert set.union(*await asyncio.gather(*clients)) == {1, 2}
