"""bridge/actions/prediction.py with served.py, kept.py, and rpc/prediction.py: answers without a database."""

from __future__ import annotations

import asyncio
import math
import shutil
from pathlib import Path
from typing import Any

import grpc
import pytest

from bridge.actions.services import Services
from bridge.core.projection import KEPT_PREFIX
from bridge.registry.document import to_document
from bridge.rpc.convert import from_value, to_value
from bridge.v1 import model_service_pb2
from bridge.v1 import prediction_service_pb2 as wire
from bridge.v1 import prediction_service_pb2_grpc as service
from tests.actions.examples import RANKING
from tests.database import CallError, Database, _call_error

USERS, FILMS = 30, 48
RANKS, RATES = (model_service_pb2.ModelReference(database="neo4j", model=name) for name in ("ranks", "rates"))


def keys_of(database: Database) -> dict[int, Any]:
    """The key by Neo4j's id."""
    found = {}
    for internal, node in enumerate(database.nodes):
        found[database.node_id(internal)] = node.stored.get(database.keys.get(node.label, ""))
    return found


def values(keys: list[Any]) -> list[Any]:
    return [to_value(key) for key in keys]


def words(keys: Any) -> list[Any]:
    return [from_value(key) for key in keys]


async def recommended(channel: grpc.aio.Channel, asked: list[Any], **given: Any) -> wire.RecommendResponse:
    request = wire.RecommendRequest(**{"name": RANKS, "sources": values(asked)} | given)
    return await service.PredictionServiceStub(channel).Recommend(request)


async def refusal(call: Any) -> CallError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return _call_error(raised.value)


async def test_recommendations_are_those_of_the_call_on_the_same_projection(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    """Keys in place of ids, without what was linked then; scores, order, fallback and version are the same."""
    keys = keys_of(hosted)
    expected: dict[Any, list[tuple[Any, float]]] = {}
    for row in await hosted.call(channel, "bridge.recommend.stream", "graph", modelName="ranks", topK=5):
        expected.setdefault(keys[row["sourceNodeId"]], []).append((keys[row["targetNodeId"]], row["score"]))
    hosted.questions.clear()
    answer = await recommended(channel, list(expected), top_k=5)
    assert answer.model_version == 1
    assert words(each.source for each in answer.lists) == list(expected)
    for each in answer.lists:
        targets, scores = zip(*expected[from_value(each.source)], strict=True)
        assert words(each.targets) == list(targets)
        assert list(each.scores) == pytest.approx(scores, rel=1e-5)
        assert not each.fallback
    assert hosted.questions == [], "nothing was read from the database"


async def test_who_scores_for_all_hears_of_each_question(
    hosted: Database, channel: grpc.aio.Channel, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so makes pauses; a CALL for all asks no question."""
    heard: list[None] = []
    monkeypatch.setattr("bridge.actions.unhurried.Unhurried.asked", lambda scoring: heard.append(None))
    await hosted.call(channel, "bridge.recommend.stream", "graph", modelName="ranks")
    assert not heard
    key = keys_of(hosted)[1003]
    await recommended(channel, [key])
    stub = service.PredictionServiceStub(channel)
    await stub.Score(wire.ScoreRequest(name=RANKS, sources=values([key]), targets=values([keys_of(hosted)[1040]])))
    assert len(heard) == 2


async def test_top_k_is_10_by_default_and_nothing_below_the_least_score_comes(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    (ten,) = (await recommended(channel, [500])).lists
    assert len(ten.targets) == len(ten.scores) == 10
    limit = ten.scores[4]
    (some,) = (await recommended(channel, [500], min_score=limit)).lists
    assert words(some.targets) == words(ten.targets)[:5]
    (none,) = (await recommended(channel, [500], min_score=1e9)).lists
    assert not none.targets
    assert not (await recommended(channel, [])).lists
    many = (await recommended(channel, [500] * 150)).lists  # encoded elsewhere
    assert [words(each.targets) for each in many] == [words(ten.targets)] * 150


async def test_scores_of_pairs_are_those_of_the_call(hosted: Database, channel: grpc.aio.Channel) -> None:
    """Of a rating and a ranking model."""
    keys = keys_of(hosted)
    for name in (RATES, RANKS):
        rows = await hosted.call(
            channel, "bridge.predict.stream", "graph", modelName=name.model, pairRelationshipType="RATED"
        )
        pairs = [(keys[row["sourceNodeId"]], keys[row["targetNodeId"]]) for row in rows]
        sources, targets = (values(list(each)) for each in zip(*pairs, strict=True))
        request = wire.ScoreRequest(name=name, sources=sources, targets=targets)
        answer = await service.PredictionServiceStub(channel).Score(request)
        assert list(answer.scores) == pytest.approx([row["score"] for row in rows], rel=1e-5)
        assert list(answer.fallbacks) == [row["fallback"] for row in rows]
        assert answer.model_version == 1


async def test_embeddings_and_neighbors_are_those_of_the_calls(hosted: Database, channel: grpc.aio.Channel) -> None:
    keys, stub = keys_of(hosted), service.PredictionServiceStub(channel)
    rows = await hosted.call(channel, "bridge.embed.stream", "graph", modelName="ranks", nodeLabels=["Film"])
    films = [keys[row["nodeId"]] for row in rows]
    vectors = await stub.Embed(wire.EmbedRequest(name=RANKS, label="Film", keys=values(films)))
    for row, each in zip(rows, vectors.embeddings, strict=True):
        assert list(each.values) == pytest.approx(row["embedding"], rel=1e-5)
    nearest: dict[Any, list[tuple[Any, float]]] = {}
    for row in await hosted.call(channel, "bridge.similar.stream", "graph", modelName="ranks", topK=3):
        nearest.setdefault(keys[row["sourceNodeId"]], []).append((keys[row["targetNodeId"]], row["similarity"]))
    for label, asked in (("Film", films), ("User", [500, 490])):
        answer = await stub.Similar(wire.SimilarRequest(name=RANKS, label=label, keys=values(asked), top_k=3))
        for each in answer.lists:
            found, similarities = zip(*nearest[from_value(each.key)], strict=True)
            assert words(each.neighbors) == list(found)
            assert list(each.similarities) == pytest.approx(similarities, abs=1e-5)


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        ({"sources": values([500, 17, "x"])}, "NOT_FOUND", "`sources` has 2 keys of which version 1 of `ranks` knows "
         "no `User` node, the first is 17. These nodes go by `userId`, an INTEGER"),
        ({"sources": values([500] * 1001)}, "INVALID_ARGUMENT", "has 1,001 keys, but at most 1,000 are allowed"),
        ({"top_k": 1001}, "INVALID_ARGUMENT", "`top_k` was 1001, but must be 1 to 1,000"),
        ({"top_k": -1}, "INVALID_ARGUMENT", "`top_k` was -1"),
        ({"sources": values([500] * 101), "top_k": 1000}, "INVALID_ARGUMENT", "101 lists of 1,000 were asked for, but"),
        ({"min_score": math.nan}, "INVALID_ARGUMENT", "`min_score` was nan, but must be a finite number"),
        ({"name": RATES}, "FAILED_PRECONDITION", "trained with `objective: 'rating'`"),
        ({"model_version": "7"}, "NOT_FOUND", "Model `ranks` has no version 7, only the version 1"),
        ({"model_version": "best"}, "NOT_FOUND", "has no alias `best`"),
        ({"model_version": "9" * 5000}, "NOT_FOUND", "has no alias `999"),
        ({"name": {"database": "neo4j", "model": "rank"}}, "NOT_FOUND", "Did you mean `ranks`?"),
        ({"name": {"database": "neo5j", "model": "ranks"}}, "NOT_FOUND", "neo4j"),
    ],
)  # fmt: skip
async def test_what_can_not_be_answered_says_what_came_and_what_is_allowed(
    hosted: Database, channel: grpc.aio.Channel, given: dict[str, Any], code: str, text: str
) -> None:
    error = await refusal(recommended(channel, [500], **given))
    assert error.code is grpc.StatusCode[code]
    assert text in str(error)
    assert error.reason


async def test_pairs_and_labels_that_do_not_fit_are_refused(hosted: Database, channel: grpc.aio.Channel) -> None:
    stub = service.PredictionServiceStub(channel)
    film, user = to_value("f001"), to_value(500)
    for call, text in (
        (stub.Score(wire.ScoreRequest(name=RATES, sources=[user], targets=[film, film])), "1 `sources` and 2"),
        (stub.Score(wire.ScoreRequest(name=RATES, sources=[user], targets=[user])), "knows no `Film` node, the first"),
        (stub.Score(wire.ScoreRequest(name=RATES, sources=[user] * 10_001, targets=[film])), "at most 10,000"),
        (stub.Embed(wire.EmbedRequest(name=RANKS, keys=[film])), "No `label` was given, but the model `ranks` has "
         "embeddings of ['Film', 'User']"),
        (stub.Embed(wire.EmbedRequest(name=RANKS, label="Tag", keys=[film])), "`label` was `Tag`, but"),
        (stub.Similar(wire.SimilarRequest(name=RANKS, label="Film", keys=[user])), "the first is 500"),
        (stub.Similar(wire.SimilarRequest(name=RANKS, label="Film", keys=[film], top_k=-3)), "`top_k` was -3"),
    ):  # fmt: skip
        error = await refusal(call)
        assert text in str(error)
        assert error.reason


async def test_a_model_of_vectors_embeds_and_compares_and_predicts_nothing(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    """A node without relationships in the training has neither a vector nor neighbors."""
    hosted.nodes.append(type(hosted.nodes[0])("Tag", {"name": "alone"}))
    hosted.modified += 1
    training = {"modelName": "walks", "nodeLabels": ["Film", "Tag"], "relationshipTypes": ["TAGGED"]}
    sizes = {"embeddingDimension": 8, "iterations": 1, "walksPerNode": 2, "walkLength": 10, "randomSeed": 1}
    await hosted.call(channel, "bridge.node2vec.train", "graph", **training, **sizes)
    stub, keys = service.PredictionServiceStub(channel), keys_of(hosted)
    walks = model_service_pb2.ModelReference(database="neo4j", model="walks")
    rows = await hosted.call(channel, "bridge.embed.stream", "graph", modelName="walks")
    expected = {keys[row["nodeId"]]: row["embedding"] for row in rows}
    asked = wire.EmbedRequest(name=walks, label="Tag", keys=values(["west", "alone"]))
    west, alone = (await stub.Embed(asked)).embeddings
    assert list(west.values) == pytest.approx(expected["west"])
    assert not alone.values
    similar = await stub.Similar(wire.SimilarRequest(name=walks, label="Tag", keys=values(["west", "alone"])))
    assert [words(each.neighbors) for each in similar.lists] == [["east"], []]
    error = await refusal(recommended(channel, ["f001"], name=walks))
    assert "is a `node2vec` model: it has a vector for each node and predicts no relationships" in str(error)


async def test_a_version_without_its_projection_says_so(
    hosted: Database, channel: grpc.aio.Channel, services: Services, tmp_path: Path
) -> None:
    """Trained by an older bridge: the CALLs answer as ever."""
    version = services.store.resolve("id-of-neo4j", "ranks")
    for file in version.path.glob(f"{KEPT_PREFIX}*"):
        file.unlink()
    document = version.manifest.model_dump(mode="json")
    document["files"] = {name: file for name, file in document["files"].items() if not name.startswith(KEPT_PREFIX)}
    (version.path / "manifest.json").write_bytes(to_document(document))
    error = await refusal(recommended(channel, [500]))
    assert error.reason == "NO_SNAPSHOT"
    assert "did not keep the projection" in str(error)
    assert await hosted.call(channel, "bridge.recommend.stream", "graph", modelName="ranks", topK=1)


async def test_a_promoted_version_answers_the_next_question_and_no_answer_mixes_versions(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    """Two versions with different scores swap places while 4 clients ask: each answer is one version's, whole."""
    place = services.store.resolve("id-of-neo4j", "ranks").path.parent
    await hosted.call(channel, "bridge.gnn.train", "graph", **_ranking(seed=99))
    assert len(list(place.iterdir())) == 2
    expected = {}
    for number in (1, 2):
        answer = await recommended(channel, [500, 499], model_version=str(number))
        assert answer.model_version == number
        expected[number] = [list(each.scores) for each in answer.lists]
    assert expected[1] != expected[2]
    done = False

    async def ask() -> int:
        asked = 0
        while not done:
            answer = await recommended(channel, [500, 499])
            assert [list(each.scores) for each in answer.lists] == expected[answer.model_version]
            asked += 1
        return asked

    clients = [asyncio.create_task(ask()) for _ in range(4)]
    for swap in range(10):
        number = 1 + swap % 2
        await services.compute(services.store.promote, "id-of-neo4j", "ranks", number, "ada")
        assert (await recommended(channel, [500])).model_version == number
        await asyncio.sleep(0.02)
    done = True
    assert min(await asyncio.gather(*clients)) > 0
    await hosted.call(channel, "bridge.model.drop", modelName="ranks")
    assert (await refusal(recommended(channel, [500]))).reason == "MODEL_NOT_FOUND"


async def test_while_the_champion_is_damaged_the_previous_version_answers(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    """Seen within a second, as the CALLs see it at once; a restored file answers again."""
    first = services.store.resolve("id-of-neo4j", "ranks")
    await hosted.call(channel, "bridge.gnn.train", "graph", **_ranking(seed=99))
    assert (await recommended(channel, [500])).model_version == 2
    (kept,) = first.path.with_name("2").glob(f"{KEPT_PREFIX}0.npy")
    shutil.copy(kept, first.path.parent.parent / "backup")
    kept.unlink()
    async with asyncio.timeout(60):
        while (await recommended(channel, [500])).model_version == 2:
            await asyncio.sleep(0.1)
    shutil.copy(first.path.parent.parent / "backup", kept)
    assert (await recommended(channel, [500])).model_version == 2


def _ranking(seed: int) -> dict[str, Any]:
    return {**RANKING, "randomSeed": seed}
