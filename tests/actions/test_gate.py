"""bridge/actions/gate.py with gnn_gate and node2vec_gate: which new version serves, and what is said of the others."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from bridge.actions import gate, gnn_fit, gnn_gate
from bridge.actions.services import Services
from tests.actions.examples import RANKING, RATING
from tests.actions.test_node2vec import QUICK
from tests.database import CallError, Database, Node, people_and_films
from tests.jobs.targets import ignore_the_flag

IF_BETTER = {"promote": "ifBetter"}
GOOD = {**RATING, "epochs": 60, "learningRate": 0.02, "featureProperties": {}}
BAD = {**GOOD, "epochs": 1, "learningRate": 1e-6}


def board(users: int = 90) -> Database:
    """Make enough ratings that a tenth of them is enough to compare by."""
    return people_and_films(users=users)


async def train(database: Database, channel: grpc.aio.Channel, **given: Any) -> dict[str, Any]:
    (row,) = await database.call(channel, "bridge.gnn.train", "graph", **given)
    info: dict[str, Any] = row["modelInfo"]
    return info


async def champion(channel: grpc.aio.Channel, name: str = "rates") -> int:
    (row,) = await people_and_films().call(channel, "bridge.model.info", modelName=name)
    version: int = row["modelVersion"]
    return version


async def test_a_worse_version_is_kept_and_its_job_says_why(channel: grpc.aio.Channel, services: Services) -> None:
    """The row comes without an error; the champion goes on serving; the job ends REJECTED with both sets of metrics."""
    database = board()
    first = await train(database, channel, **GOOD, **IF_BETTER)
    assert (first["gate"]["reason"], first["gate"]["promoted"], first["gate"]["promote"]) == (
        "FIRST_VERSION", True, "ifBetter",
    )  # fmt: skip
    second = await train(database, channel, **BAD, **IF_BETTER, jobId="nightly")
    found = second["gate"]
    assert (found["passed"], found["promoted"], found["championVersion"], found["metric"]) == (False, False, 1, "rmse")
    assert found["reason"] in ("WORSE", "BELOW_FLOOR")
    assert found["candidate"] > found["champion"] > 0
    assert found["pairs"] == second["metrics"]["test"]["count"], "the same split: all that was held out"
    assert found["candidate"] == pytest.approx(second["metrics"]["test"]["rmse"], abs=1e-4)
    assert found["champion"] == pytest.approx(first["metrics"]["test"]["rmse"], abs=1e-4)
    assert await champion(channel) == 1
    record = await services.jobs.find("nightly", "ada")
    assert (record.status.state.name, record.status.reason, record.model_version) == ("REJECTED", found["reason"], 2)
    for words in ("Version 2 of `rates` was kept", found["text"], "metrics of version 2: rmse", "of version 1, on its"):
        assert words in record.status.error
    rows = await database.call(channel, "bridge.model.versions", modelName="rates")
    assert [row["gate"]["promoted"] for row in rows] == [True, False]


async def test_a_better_version_serves(channel: grpc.aio.Channel) -> None:
    database = board()
    await train(database, channel, **BAD)
    found = (await train(database, channel, **GOOD, **IF_BETTER))["gate"]
    assert (found["reason"], found["passed"], found["promoted"]) == ("NOT_WORSE", True, True)
    assert found["lowerBound"] > 0
    assert await champion(channel) == 2


async def test_always_serves_whatever_the_gate_says_and_never_does_not(channel: grpc.aio.Channel) -> None:
    """Without an error or a rejection; what the gate said is there to read."""
    database = board()
    await train(database, channel, **GOOD)
    found = (await train(database, channel, **BAD))["gate"]
    assert (found["promote"], found["passed"], found["promoted"]) == ("always", False, True)
    assert await champion(channel) == 2
    found = (await train(database, channel, **GOOD, promote="never", jobId="aside"))["gate"]
    assert (found["promote"], found["passed"], found["promoted"]) == ("never", True, False)
    assert await champion(channel) == 2
    (row,) = await database.call(channel, "bridge.job.list", jobId="aside")
    assert row["status"] == "SUCCEEDED"


async def test_a_model_that_a_baseline_beats_says_so(channel: grpc.aio.Channel) -> None:
    info = await train(board(), channel, **BAD | {"baselines": "fast"})
    assert any("without a model, `" in warning for warning in info["warnings"])


async def test_lists_are_compared_source_by_source_while_the_graph_grows(channel: grpc.aio.Channel) -> None:
    """New users and their ratings are held out for both; what the champion has learned is no unit and no mistake."""
    database = board(users=140)
    grown = list(database.links)
    rated = [place for place, link in enumerate(grown) if link[1] == "RATED"]
    late = set(np.random.default_rng(0).choice(rated, len(rated) // 20, replace=False).tolist())
    database.links = [link for place, link in enumerate(grown) if place not in late]
    given = RANKING | IF_BETTER | {"featureProperties": {}}
    await train(database, channel, **given)
    database.links, database.modified = grown, 2
    found = (await train(database, channel, **given | {"epochs": 1, "learningRate": 1e-6}))["gate"]
    assert (found["metric"], found["promoted"]) == ("ndcgAt10", False)
    assert 50 <= found["pairs"] <= 140
    assert found["champion"] > found["candidate"]


async def test_another_split_leaves_too_little_to_compare(channel: grpc.aio.Channel) -> None:
    """The champion has learned nine tenths of what the candidate holds out."""
    database = board()
    await train(database, channel, **GOOD)
    found = (await train(database, channel, **GOOD, **IF_BETTER, splitSeed=7))["gate"]
    assert (found["reason"], found["promoted"]) == ("NOT_COMPARABLE", False)
    assert "with the same split settings" in found["text"]
    assert found.get("pairs", 0) < 50


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({**RANKING, "modelName": "rates", "featureProperties": {}}, "That one is a rating of (:User)-[:RATED]->"),
        ({**GOOD, "nodeLabels": ["User", "Film"], "relationshipTypes": ["RATED"]}, "trained on the label `Tag`, the"),
        ({**GOOD, "nodeKeys": {"Film": "title"}}, "They know the nodes of `Film` by different `nodeKeys`"),
    ],
)
async def test_what_cannot_be_asked_the_same_is_not_comparable(
    channel: grpc.aio.Channel, given: dict[str, Any], words: str
) -> None:
    """And says why, and what to do: it can be promoted by hand."""
    database = board()
    await train(database, channel, **BAD)
    found = (await train(database, channel, **given | IF_BETTER))["gate"]
    assert (found["reason"], found["promoted"]) == ("NOT_COMPARABLE", False)
    assert words in found["text"]
    assert "promote the new one by hand" in found["text"]
    await database.call(channel, "bridge.model.promote", modelName="rates", modelVersion=2)
    assert await champion(channel) == 2


async def test_a_damaged_champion_is_not_compared_with(channel: grpc.aio.Channel, services: Services) -> None:
    database = board()
    await train(database, channel, **BAD)
    version = services.store.resolve("id-of-neo4j", "rates")
    (version.path / "evaluated.safetensors").write_bytes(b"nothing")
    found = (await train(database, channel, **GOOD, **IF_BETTER))["gate"]
    assert (found["reason"], found["promoted"]) == ("NOT_COMPARABLE", False)
    assert "is damaged: `evaluated.safetensors` has 7 bytes" in found["text"]


async def test_while_the_champion_is_damaged_the_version_that_answers_is_the_one_to_beat(
    channel: grpc.aio.Channel, services: Services
) -> None:
    database = board()
    await train(database, channel, **GOOD)
    await train(database, channel, **BAD)
    version = services.store.resolve("id-of-neo4j", "rates", 2)
    (version.path / "evaluated.safetensors").write_bytes(b"nothing")
    found = (await train(database, channel, **BAD, **IF_BETTER))["gate"]
    assert (found["championVersion"], found["promoted"]) == (1, False), "as good as 2, worse than 1"
    found = (await train(database, channel, **GOOD, **IF_BETTER))["gate"]
    assert (found["championVersion"], found["promoted"]) == (1, True)
    assert await champion(channel) == 4


@pytest.mark.parametrize(("name", "offset"), [("served.safetensors", -4), ("content.safetensors", -8)])
async def test_a_bit_that_flips_before_the_publishing_is_found(
    channel: grpc.aio.Channel, services: Services, monkeypatch: pytest.MonkeyPatch, name: str, offset: int
) -> None:
    """The least one of a weight too, which changes no prediction that anyone would notice."""
    run = services.trainers.run

    async def flipping(job: Any, target: Any, spec: Any, **given: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await run(job, target, spec, **given)
        if target is gnn_fit.check:
            path = Path(spec["plan"]["staging"]) / name
            content = bytearray(path.read_bytes())
            content[offset] ^= 1
            path.write_bytes(content)
        return answer

    monkeypatch.setattr(services.trainers, "run", flipping)
    with pytest.raises(CallError, match=f"`{name}` is not what the training wrote") as raised:
        await train(people_and_films(), channel, **RATING | {"epochs": 1})
    assert raised.value.reason == "MODEL_UNSOUND"
    (row,) = await people_and_films().call(channel, "bridge.model.exists", modelName="rates")
    assert not row["exists"]


async def test_a_file_that_is_no_model_is_named_as_files_are(
    channel: grpc.aio.Channel, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not by the class of what went wrong."""
    run = services.trainers.run

    async def spoiling(job: Any, target: Any, spec: Any, **given: Any) -> dict[str, Any]:
        if target is gnn_fit.check:
            (Path(spec["plan"]["staging"]) / "served.json").write_text("[]")
        answer: dict[str, Any] = await run(job, target, spec, **given)
        return answer

    monkeypatch.setattr(services.trainers, "run", spoiling)
    with pytest.raises(CallError, match=r"no model can be made of its `served\.json` and `served\.") as raised:
        await train(people_and_films(), channel, **RATING | {"epochs": 1})
    assert "Error" not in str(raised.value)


async def test_no_version_serves_by_a_comparison_with_one_that_does_not_serve_any_more(
    channel: grpc.aio.Channel, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another training publishes while a candidate is being compared: it is compared again, with that one."""
    database = board()
    await train(database, channel, **BAD)
    compared_with: list[int] = []
    run = services.trainers.run

    async def interrupted(job: Any, target: Any, spec: Any, **given: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await run(job, target, spec, **given)
        if target is gnn_gate.compare_models:
            compared_with.append(int(spec["champion"].rsplit("/", 1)[1]))
            if len(compared_with) == 1:
                services.store.promote("id-of-neo4j", "rates", 2, "ada")
        return answer

    await train(database, channel, **GOOD, promote="never")
    monkeypatch.setattr(services.trainers, "run", interrupted)
    found = (await train(database, channel, **BAD, **IF_BETTER))["gate"]
    assert compared_with == [1, 2]
    assert (found["championVersion"], found["promoted"]) == (2, False), "as good as 1, worse than 2"
    assert await champion(channel) == 2


async def test_who_is_overtaken_again_and_again_is_kept_and_not_promoted(
    channel: grpc.aio.Channel, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = board()
    for _ in range(2):
        await train(database, channel, **BAD, promote="never")
    turn = 0
    run = services.trainers.run

    async def overtaken(job: Any, target: Any, spec: Any, **given: Any) -> dict[str, Any]:
        nonlocal turn
        answer: dict[str, Any] = await run(job, target, spec, **given)
        if target is gnn_gate.compare_models:
            turn += 1
            services.store.promote("id-of-neo4j", "rates", 1 + turn % 2, "ada")
        return answer

    monkeypatch.setattr(services.trainers, "run", overtaken)
    found = (await train(database, channel, **GOOD, **IF_BETTER))["gate"]
    assert (found["reason"], found["promoted"], turn) == ("NOT_COMPARABLE", False, gate.ATTEMPTS)
    assert "another version became champion meanwhile" in found["text"]


async def test_a_model_that_takes_for_ever_to_load_is_refused(
    channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "CHECK_SECONDS", 1.0)
    monkeypatch.setattr(gnn_fit, "check", ignore_the_flag)
    with pytest.raises(CallError, match="could not be loaded and asked within 1 s"):
        await asyncio.wait_for(train(people_and_films(), channel, **RATING), 100)
    (row,) = await people_and_films().call(channel, "bridge.model.exists", modelName="rates")
    assert not row["exists"]


async def test_a_submitted_training_is_rejected_too(channel: grpc.aio.Channel, services: Services) -> None:
    database = board()
    await train(database, channel, **GOOD)
    asked = {"procedure": "bridge.gnn.train", "configuration": BAD | IF_BETTER, "jobId": "nightly"}
    await database.call(channel, "bridge.job.submit", "graph", **asked)
    await asyncio.wait_for(services.jobs.get("nightly", "ada").ended(), 100)
    record = await services.jobs.find("nightly", "ada")
    assert (record.status.state.name, record.model_version) == ("REJECTED", 2)
    assert await champion(channel) == 1


SHORT = {"embeddingDimension": 2, "walkLength": 2, "walksPerNode": 1, "iterations": 1}


def towns(count: int = 80, seed: int = 3) -> Database:
    """Make two camps of towns with enough roads that a fifth of them is enough to compare by."""
    rng = np.random.default_rng(seed)
    links: list[tuple[int, str, int, dict[str, float]]] = []
    for one in range(count):
        for other in range(one):
            if rng.random() < (0.3 if (one < count // 3) == (other < count // 3) else 0.02):
                links += [(one, "ROAD", other, {}), (other, "ROAD", one, {})]
    nodes = [Node("Town", {"name": f"town {place:02}"}, {}) for place in range(count)]
    return Database(nodes, links, keys={"Town": "name"}, undirected=frozenset({"ROAD"}))


async def test_embeddings_are_compared_link_by_link(channel: grpc.aio.Channel) -> None:
    """A version that walked but a step does not take the place of a whole one, on a graph that has grown meanwhile."""
    database = towns()
    grown = list(database.links)
    database.links = grown[: len(grown) - len(grown) // 40 * 2]
    given = QUICK | IF_BETTER | {"modelName": "towns", "testFraction": 0.2}
    (row,) = await database.call(channel, "bridge.node2vec.train", "graph", **given)
    assert row["modelInfo"]["gate"]["reason"] == "FIRST_VERSION"
    database.links, database.modified = grown, 2
    (row,) = await database.call(channel, "bridge.node2vec.train", "graph", **given | SHORT)
    found = row["modelInfo"]["gate"]
    assert (found["metric"], found["promoted"], found["championVersion"]) == ("mrr", False, 1)
    assert found["pairs"] == row["modelInfo"]["metrics"]["test"]["heldOut"], "one split: all of it is new to both"
    assert found["champion"] > found["candidate"]
    assert await champion(channel, "towns") == 1
