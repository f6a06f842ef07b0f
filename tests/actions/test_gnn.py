"""bridge/actions/gnn.py with gnn_checks, gnn_fit, gnn_manifest, gnn_origins."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from bridge.actions.services import Services
from tests.actions.examples import RATING
from tests.database import CallError, Database, people_and_films

USERS = 30


async def train(database: Database, channel: grpc.aio.Channel, **given: Any) -> dict[str, Any]:
    (row,) = await database.call(channel, "bridge.gnn.train", "graph", **(RATING | given))
    return row


async def refusal(database: Database, channel: grpc.aio.Channel, **given: Any) -> str:
    with pytest.raises(CallError) as raised:
        await train(database, channel, **given)
    assert raised.value.code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
    return str(raised.value)


async def test_model_info_says_how_good_the_model_is_and_how_it_came_about(channel: grpc.aio.Channel) -> None:
    """Metrics beside baselines on the same split, loss per epoch, seed, versions, fingerprint, warnings."""
    row = await train(people_and_films(), channel, baselines="fast", refit=True)
    info = row["modelInfo"]
    sizes = info["splits"]
    assert sum(sizes.values()) == sum(link[1] == "RATED" for link in people_and_films().links)
    assert info["metrics"]["test"]["count"] == sizes["test"]
    assert info["metrics"]["validation"]["count"] == sizes["validation"]
    assert {each.get("count") for each in info["baselines"].values()} == {sizes["test"]}
    assert {"mean", "bias", "itemKnn"} <= set(info["baselines"])
    assert len(info["losses"]) == 5
    assert 1 <= info["epochs"] <= 5
    assert (info["modelName"], info["modelVersion"], info["modelType"], info["randomSeed"], info["device"]) == (
        "rates", 1, "graphFm", 7, "cpu",
    )  # fmt: skip
    assert info["threads"] == 1, "what the server allows, of the 4 that were asked for"
    assert set(info["seconds"]) == {"train", "baselines", "refit"}
    assert {"torch", "torch-geometric", "numpy"} <= set(info["libraries"])
    assert len(info["fingerprint"]) == 64
    assert any("Film.vector" in warning for warning in info["warnings"]), "its origin is unknown"
    assert row["configuration"]["epochs"] == 5
    assert row["configuration"]["learningRate"] > 0, "the architecture's default was in force"


async def test_a_taken_name_gets_the_next_version_from_its_owner_alone(channel: grpc.aio.Channel) -> None:
    database = people_and_films()
    first = await train(database, channel, randomSeed=None)
    second = await train(database, channel, randomSeed=None)
    assert second["modelInfo"]["modelVersion"] == 2
    assert first["modelInfo"]["randomSeed"] == first["configuration"]["randomSeed"]
    assert first["modelInfo"]["randomSeed"] != second["modelInfo"]["randomSeed"], "a new seed each, and recorded"
    database.user = "grace"
    with pytest.raises(CallError, match="belongs to user `ada`") as raised:
        await train(database, channel)
    assert raised.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert database.questions[-1] == "describe", "before anything was read"


async def test_all_faults_of_a_training_are_told_at_once_before_anything_is_read(channel: grpc.aio.Channel) -> None:
    """Each under the key that it was typed under, with what there is."""
    database = people_and_films()
    text = await refusal(
        database, channel, architecture="lightGcn", sourceNodeLabel="Usr", targetRelationshipType="RATD",
        nodeLabels=["Flm"], featureProperties={"Film": ["vecto"]}, truncateTargets=True, split="temporal",
        validationFraction=0.5, testFraction=0.5, nodeKeys={"Genre": "name"},
    )  # fmt: skip
    for words in (
        "`lightGcn` is not made for the objective `rating`", "`sourceNodeLabel` of ['Usr']",
        "`targetRelationshipType` of ['RATD']", "`nodeLabels` of ['Flm']", "['vecto'] are not present for the label",
        "`lightGcn` does not take ['truncateTargets']", "`timeProperty`", "leave nothing to train on", "['Genre']",
    ):  # fmt: skip
        assert words in text
    assert database.questions == ["describe"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"targetProperty": "stars"}, "Properties existing on it: ['rating', 'timestamp']"),
        ({"targetNodeLabel": "Tag"}, "The projection has no relationship (User)-[RATED]->(Tag)"),
        ({"nodeKeys": {"Film": "tags"}}, "`tags` of `Film`"),
        ({"nodeKeys": {"Film": "none"}}, "`none` of `Film` is null for 48 of 48 nodes"),
        ({"splitProperty": "rating"}, "`rating`"),
        ({"featureProperties": ["vector", "none"]}, "['none'] are not present on any of the labels"),
    ],
)
async def test_what_cannot_be_trained_is_refused_in_words(
    channel: grpc.aio.Channel, given: dict[str, Any], text: str
) -> None:
    """Also what only the trainer process can see."""
    assert text in await refusal(people_and_films(), channel, **given)


async def test_a_feature_that_knows_the_answers_is_refused(channel: grpc.aio.Channel) -> None:
    """A vector of who rated a film holds the held-out ratings too."""
    database = people_and_films()
    given = {"nodeLabels": ["Film"], "relationshipTypes": ["RATED"], "mutateProperty": "raters"}
    await database.call(channel, "bridge.encode.multiHot.mutate", "graph", **given)
    text = await refusal(database, channel, featureProperties={"Film": ["raters"]})
    assert "`raters` of `Film` was computed from `RATED`" in text
    await database.call(channel, "bridge.encode.multiHot.mutate", "graph", **{**given, "mutateProperty": "again"})
    text = await refusal(database, channel, featureProperties={"Film": ["raters", "again"]})
    assert "`raters` of `Film` was computed from" in text
    assert "`again` of `Film` was computed from" in text, "all of them at once"
    row = await train(database, channel, featureProperties={"Film": ["raters"]}, allowLeakyFeatures=True)
    assert row["modelInfo"]["warnings"] == [each for each in row["modelInfo"]["warnings"] if "unknown" not in each]


async def test_a_nan_in_a_feature_and_a_missing_one_are_named(channel: grpc.aio.Channel) -> None:
    database = people_and_films()
    database.nodes[USERS].projected["vector"] = [float("nan"), 1.0]
    assert "`vector` of `Film` is NaN or infinite for 1 of 48" in await refusal(database, channel)
    database.nodes[USERS].projected.pop("vector")
    database.modified += 1
    assert "`vector` of `Film` is missing for 1 of 48" in await refusal(database, channel)
    assert await train(database, channel, missing="mean")


async def test_all_faults_of_the_data_are_told_before_anything_waits_for_a_trainer(
    channel: grpc.aio.Channel, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no trainer to be had, the refusal comes at once."""
    monkeypatch.setattr(services.trainers, "turn", None)
    database = people_and_films()
    database.nodes[USERS].projected["vector"] = [float("nan"), 1.0]
    text = await refusal(database, channel, splitProperty="timestamp")
    assert "`vector` of `Film` is NaN or infinite for 1 of 48" in text
    assert "`splitProperty` `timestamp` is none of 0 (train)" in text


async def test_the_target_type_projected_a_second_time_is_refused(channel: grpc.aio.Channel) -> None:
    """In reverse under another name it would tell the held-out ratings; `relationshipTypes` can leave it out."""
    database = people_and_films()
    database.links += [(b, "RATED_REV", a, {}) for a, kind, b, _ in database.links if kind == "RATED"]
    assert "(:Film)-[:RATED_REV]->(:User) repeat" in await refusal(database, channel)
    assert await train(database, channel, relationshipTypes=["RATED", "TAGGED"])
    row = await train(database, channel, allowLeakyFeatures=True)
    assert any("RATED_REV" in warning for warning in row["modelInfo"]["warnings"])


async def test_a_property_made_anew_elsewhere_is_of_unknown_origin(channel: grpc.aio.Channel) -> None:
    """Its namesake was computed from the target; this one was not made by bridge."""
    database = people_and_films()
    given = {"nodeLabels": ["Film"], "relationshipTypes": ["RATED"], "mutateProperty": "hot"}
    await database.call(channel, "bridge.encode.multiHot.mutate", "graph", **given)
    for node in database.nodes:
        if node.label == "Film":
            node.projected["hot"] = [0.5, 1.5]
    database.modified += 1
    row = await train(database, channel, featureProperties={"Film": ["hot"]})
    assert any("unknown origin: Film.hot" in warning for warning in row["modelInfo"]["warnings"])


async def test_messages_over_what_was_made_from_the_target_are_refused(channel: grpc.aio.Channel) -> None:
    """Films that the same users like are linked by held-out ratings too; `relationshipTypes` can leave them out."""
    database = people_and_films()
    made = {"sourceNodeLabel": "User", "targetNodeLabel": "Film", "targetRelationshipType": "RATED", "minWeight": 0.0}
    await database.call(channel, "bridge.cooccurrence.mutate", "graph", **made, mutateRelationshipType="LIKED_WITH")
    database.modified += 1
    assert "The relationship type `LIKED_WITH` was computed from `RATED`" in await refusal(database, channel)
    assert await train(database, channel, relationshipTypes=["RATED", "TAGGED"])
