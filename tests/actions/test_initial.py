"""bridge/actions/initial.py: a training that starts from a version's weights."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from bridge.actions.services import Services
from tests.actions.examples import RANKING, RATING
from tests.database import CallError, Database, people_and_films

START = {"initialModel": "start"}


async def train(database: Database, channel: grpc.aio.Channel, **given: Any) -> dict[str, Any]:
    (row,) = await database.call(channel, "bridge.gnn.train", "graph", **given)
    info: dict[str, Any] = row["modelInfo"]
    return info


@pytest.mark.parametrize("given", [{**RATING, "epochs": 40}, RANKING], ids=["rating", "ranking"])
async def test_a_training_that_starts_from_a_version_begins_with_what_that_one_learned(
    channel: grpc.aio.Channel, services: Services, given: dict[str, Any]
) -> None:
    """On a graph that has grown: its first loss is lower, and it is the parent in its own model alone."""
    database = people_and_films()
    grown = list(database.links)
    late = [link for link in grown if link[1] == "RATED"][::20]
    database.links = [link for link in grown if link not in late]
    cold = await train(database, channel, **given | {"modelName": "start", "refit": True})
    database.links, database.modified = grown, 2
    warm = await train(database, channel, **given | START | {"refit": True})
    assert warm["losses"][0] < cold["losses"][0]
    assert warm["initial"] == {"modelName": "start", "modelVersion": 1}
    assert services.store.resolve("id-of-neo4j", given["modelName"]).manifest.parent_version is None
    await train(database, channel, **given | {"modelName": "start"}, promote="always")
    await train(database, channel, **given | {"modelName": "start"}, **START, initialVersion=1)
    assert services.store.resolve("id-of-neo4j", "start", 3).manifest.parent_version == 1


async def test_what_was_learned_then_is_not_tested_now(channel: grpc.aio.Channel) -> None:
    """With another split, the weights would know the answers."""
    database = people_and_films()
    await train(database, channel, **RATING | {"modelName": "start"})
    with pytest.raises(CallError, match=r"has learned \d+ of the \d+ test relationships") as raised:
        await train(database, channel, **RATING | START, splitSeed=7)
    assert raised.value.reason == "LEAKY_START"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"embeddingDimension": 8}, "`embeddingDimension` was `32`, and is `8`"),
        ({"architecture": "sage"}, "`architecture` was `graphFm`"),
        ({"featureProperties": {}}, "`features` was"),
        ({"initialModel": "strat"}, "Did you mean `start`?"),
        ({"initialVersion": 4}, "has no version 4"),
        ({"initialModel": None, "initialVersion": 4}, "there is no `initialModel`"),
    ],
)
async def test_what_does_not_fit_is_refused_before_anything_is_read(
    channel: grpc.aio.Channel, given: dict[str, Any], words: str
) -> None:
    database = people_and_films()
    await train(database, channel, **RATING | {"modelName": "start", "epochs": 1})
    database.questions.clear()
    with pytest.raises(CallError) as raised:
        await train(database, channel, **RATING | START | given)
    assert words in str(raised.value)
    assert database.questions == ["describe"]
