"""bridge/actions/initial.py with gnn_initial and node2vec_initial: a training that starts from a version."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from bridge.actions.services import Services
from tests.actions.examples import RANKING, RATING
from tests.actions.test_node2vec import QUICK, two_camps
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


async def embed(database: Database, channel: grpc.aio.Channel, mode: str = "train", **given: Any) -> dict[str, Any]:
    asked = QUICK | {"modelName": "towns", "testFraction": 0.2} | given
    (row,) = await database.call(channel, f"bridge.node2vec.{mode}", "graph", **asked)
    info: dict[str, Any] = row if mode.endswith("estimate") else row["modelInfo"]
    return info


async def test_an_embedding_that_starts_from_a_version_begins_with_what_that_one_learned(
    channel: grpc.aio.Channel, services: Services
) -> None:
    """On a graph that has got roads and lost a town: its first pass is about as good as the other's second."""
    database = two_camps()
    grown = list(database.links)
    database.links = grown[:-20]
    cold = await embed(database, channel, modelName="start")
    database.links, database.modified = grown, 2
    database.nodes[3].stored["name"] = "a new town"
    warm = await embed(database, channel, **START, iterations=1)
    first, second, _ = cold["losses"]
    assert warm["losses"][0] < (first + second) / 2 < first
    assert warm["initial"] == {"modelName": "start", "modelVersion": 1}
    assert services.store.resolve("id-of-neo4j", "towns").manifest.parent_version is None
    await embed(database, channel, modelName="start", promote="always")
    await embed(database, channel, modelName="start", **START, initialVersion=1)
    assert services.store.resolve("id-of-neo4j", "start", 3).manifest.parent_version == 1


async def test_links_that_were_learned_then_are_not_tested_now(channel: grpc.aio.Channel) -> None:
    database = two_camps()
    await embed(database, channel, modelName="start")
    with pytest.raises(CallError, match=r"has learned \d+ of the \d+ test relationships") as raised:
        await embed(database, channel, **START, splitSeed=7)
    assert raised.value.reason == "LEAKY_START"


async def test_vectors_that_do_not_fit_are_refused_before_anything_is_read(channel: grpc.aio.Channel) -> None:
    database = two_camps()
    await embed(database, channel, modelName="start", iterations=1)
    await train(films := people_and_films(), channel, **RATING | {"modelName": "ratings", "epochs": 1})
    for given, words in (
        ({"embeddingDimension": 8}, "`embeddingDimension` was `16`, and is `8`"),
        ({"initialModel": "ratings"}, "`architecture` was `graphFm`, and is `node2vec`"),
        ({"nodeKeys": {"Town": "size"}}, "`nodeKeys` was"),
        ({"initialModel": None, "initialVersion": 4}, "there is no `initialModel`"),
    ):
        database.questions.clear()
        with pytest.raises(CallError) as raised:
            await embed(database, channel, **START | given)
        assert words in str(raised.value)
        assert database.questions == ["describe"]
    with pytest.raises(CallError, match="`architecture` was `node2vec`"):
        await train(films, channel, **RATING | START)


async def test_the_estimate_counts_the_version_to_start_from(channel: grpc.aio.Channel, services: Services) -> None:
    """What is held of it while the training goes on: the stored vectors, or the largest of the weights."""
    database, films = two_camps(), people_and_films()
    await embed(database, channel, modelName="start", iterations=1)
    await train(films, channel, **RATING | {"modelName": "ratings", "epochs": 1})
    for given, name in (({}, "start"), ({"initialModel": "ratings"}, "ratings")):
        sizes = services.store.resolve("id-of-neo4j", name).manifest.files
        if name == "start":
            cold, warm = [await embed(database, channel, "train.estimate", **more) for more in ({}, START | given)]
            held = sizes["embedding.safetensors"].bytes + sizes["embedding.start.safetensors"].bytes
        else:
            (cold,), (warm,) = [
                await films.call(channel, "bridge.gnn.train.estimate", "graph", **RATING | more) for more in ({}, given)
            ]
            held = sizes["served.safetensors"].bytes
        assert warm["bytesMin"] - cold["bytesMin"] == warm["bytesMax"] - cold["bytesMax"] == held > 0
