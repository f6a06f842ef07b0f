"""bridge/actions/node2vec.py: what is read, what each mode hands out, what a trained version says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from bridge.actions import memory
from bridge.actions.services import Services
from tests.database import CallError, Database, Node

SMALL, LARGE = 18, 30
"""Nodes of the two camps: unequal, so that a mix-up shows."""
ALONE = SMALL + LARGE
"""The node without relationships."""

QUICK = {"embeddingDimension": 16, "walkLength": 20, "walksPerNode": 6, "iterations": 3, "randomSeed": 7}


def two_camps(seed: int = 3) -> Database:
    """Make towns linked by roads, most of them within a camp, in shuffled order; the last town has no road."""
    rng = np.random.default_rng(seed)
    camp = np.arange(SMALL + LARGE) < SMALL
    links: list[tuple[int, str, int, dict[str, float]]] = []
    for one in range(SMALL + LARGE):
        for other in range(one):
            if rng.random() < (0.4 if camp[one] == camp[other] else 0.02):
                lanes = {"lanes": float(rng.integers(1, 4))}
                links += [(one, "ROAD", other, lanes), (other, "ROAD", one, lanes)]
    nodes = [Node("Town", {"name": f"town {place:02}"}, {"size": 1.0}) for place in range(SMALL + LARGE + 1)]
    return Database(nodes, links, keys={"Town": "name"}, undirected=frozenset({"ROAD"}))


async def run(database: Database, channel: grpc.aio.Channel, mode: str = "stream", **given: Any) -> Any:
    return await database.call(channel, f"bridge.node2vec.{mode}", "graph", **(QUICK | given))


def vectors(rows: list[dict[str, Any]]) -> dict[int, np.ndarray]:
    return {row["nodeId"] - 1000: np.array(row["embedding"]) for row in rows}


async def test_the_nearest_town_is_of_the_same_camp(channel: grpc.aio.Channel) -> None:
    found = vectors(await run(two_camps(), channel))
    assert sorted(found) == list(range(ALONE)), "every town with a road, and no other"
    matrix = np.array([found[place] / np.linalg.norm(found[place]) for place in range(ALONE)])
    cosines = matrix @ matrix.T
    np.fill_diagonal(cosines, -2)
    nearest = cosines.argmax(axis=1)
    assert np.mean((nearest < SMALL) == (np.arange(ALONE) < SMALL)) >= 0.9


async def test_the_same_seed_gives_the_same_vectors_at_any_concurrency(channel: grpc.aio.Channel) -> None:
    database = two_camps()
    one = await run(database, channel, concurrency=1)
    assert one == await run(database, channel, concurrency=2)
    assert one != await run(database, channel, randomSeed=8)


async def test_the_order_of_the_projection_does_not_matter(channel: grpc.aio.Channel) -> None:
    """Towns are known by name: another order of loading gives the same vectors to the same names."""
    database = two_camps()
    turned = two_camps()
    turned.nodes.reverse()
    turned.links = [(ALONE - one, kind, ALONE - other, lanes) for one, kind, other, lanes in reversed(turned.links)]
    turned.modified = 2
    one = vectors(await run(database, channel))
    other = vectors(await run(turned, channel))
    for place, vector in one.items():
        np.testing.assert_array_equal(vector, other[ALONE - place])


async def test_weights_change_the_walks(channel: grpc.aio.Channel) -> None:
    database = two_camps()
    assert await run(database, channel) != await run(database, channel, relationshipWeightProperty="lanes")


async def test_stats_counts_and_shows_the_loss(channel: grpc.aio.Channel) -> None:
    (row,) = await run(two_camps(), channel, "stats")
    assert (row["nodeCount"], row["nodesWithoutRelationships"]) == (ALONE + 1, 1)
    losses = row["lossPerIteration"]
    assert len(losses) == 3
    assert losses[2] < losses[0]
    assert row["configuration"]["randomSeed"] == 7
    assert row["configuration"]["walkLength"] == 20
    assert row["configuration"]["returnFactor"] == 1.0


async def test_a_seed_that_was_not_given_is_shown_and_gives_the_same_again(channel: grpc.aio.Channel) -> None:
    database = two_camps()
    (row,) = await run(database, channel, "stats", randomSeed=None)
    (again,) = await run(database, channel, "stats", randomSeed=row["configuration"]["randomSeed"])
    assert again["lossPerIteration"] == row["lossPerIteration"]


async def test_the_projection_gets_what_stream_shows(channel: grpc.aio.Channel) -> None:
    """The town without a road has no value there."""
    database = two_camps()
    shown = vectors(await run(database, channel))
    (row,) = await run(database, channel, "mutate", mutateProperty="vec")
    assert (row["nodePropertiesWritten"], row["nodeCount"], row["postProcessingMillis"]) == (ALONE, ALONE + 1, 0)
    for place, vector in shown.items():
        np.testing.assert_array_equal(np.float32(database.nodes[place].projected["vec"]), np.float32(vector))
    assert "vec" not in database.nodes[ALONE].projected


async def test_the_database_gets_what_stream_shows(channel: grpc.aio.Channel) -> None:
    """The town without a road is left as it is."""
    database = two_camps()
    shown = vectors(await run(database, channel))
    (row,) = await run(database, channel, "write", writeProperty="vec")
    assert row["nodePropertiesWritten"] == ALONE
    for place, vector in shown.items():
        np.testing.assert_array_equal(np.float32(database.nodes[place].stored["vec"]), np.float32(vector))
    assert "vec" not in database.nodes[ALONE].stored


async def test_a_version_is_measured_beside_what_needs_no_training(channel: grpc.aio.Channel) -> None:
    database = two_camps()
    (row,) = await run(database, channel, "train", modelName="towns", testFraction=0.2)
    info = row["modelInfo"]
    assert (info["modelName"], info["modelVersion"], info["modelType"]) == ("towns", 1, "node2vec")
    assert set(info["baselines"]) == {"commonNeighbors", "adamicAdar", "degreeProduct"}
    test = info["metrics"]["test"]
    assert test["auc"] > 0.6, "camps alone tell most links from pairs without one"
    assert 0 < test["mrr"] <= 1
    assert test["heldOut"] == info["splits"]["test"]
    pairs = len(database.links) // 2
    assert info["splits"]["train"] + info["splits"]["test"] == pairs
    assert 0.1 * pairs < test["heldOut"] < 0.3 * pairs
    assert len(info["losses"]) == 3
    assert info["randomSeed"] == 7
    assert info["computedFrom"] == ["ROAD"]
    (row,) = await run(database, channel, "train", modelName="towns")
    assert row["modelInfo"]["modelVersion"] == 2


async def test_the_hosted_vectors_are_those_of_the_whole_graph(channel: grpc.aio.Channel) -> None:
    """Also of a projection that has lost a town and got a new one, which has no vector."""
    database = two_camps()
    shown = vectors(await run(database, channel))
    await run(database, channel, "train", modelName="towns")
    rows = await database.call(channel, "bridge.embed.stream", "graph", modelName="towns")
    hosted = vectors(rows)
    assert sorted(hosted) == sorted(shown)
    for place, vector in shown.items():
        np.testing.assert_array_equal(hosted[place], vector)
    database.nodes[0].stored["name"] = "a new town"
    rows = await database.call(channel, "bridge.embed.stream", "graph", modelName="towns")
    assert sorted(vectors(rows)) == list(range(1, ALONE))
    near = await database.call(channel, "bridge.similar.stream", "graph", modelName="towns", sourceNodeFilter=1001)
    assert [row["rank"] for row in near] == list(range(1, 11))
    assert 1000 not in {row["targetNodeId"] for row in near}


async def test_it_predicts_nothing_and_says_what_to_ask_instead(channel: grpc.aio.Channel) -> None:
    database = two_camps()
    await run(database, channel, "train", modelName="towns")
    for procedure, given in (("recommend", {}), ("predict", {"pairRelationshipType": "ROAD"})):
        with pytest.raises(CallError, match=r"Ask it with `bridge\.similar\.stream`"):
            await database.call(channel, f"bridge.{procedure}.stream", "graph", modelName="towns", **given)


async def test_the_estimate_names_bytes_and_counts(channel: grpc.aio.Channel) -> None:
    """For the projection, and for a graph that is not there; a larger one takes more."""
    database = two_camps()
    (row,) = await run(database, channel, "stream.estimate")
    assert (row["nodeCount"], row["relationshipCount"]) == (ALONE + 1, len(database.links))
    assert 0 < row["bytesMin"] <= row["bytesMax"]
    assert row["treeView"].startswith("bridge.node2vec: ")
    counts = {"nodeCount": 10**6, "relationshipCount": 10**7}
    (large,) = await database.call(channel, "bridge.node2vec.train.estimate", counts, modelName="m")
    assert large["bytesMin"] > row["bytesMax"]
    assert (large["nodeCount"], large["relationshipCount"]) == (10**6, 10**7)


async def test_more_memory_than_there_is_is_refused_with_both_numbers(
    channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def little(services: Services) -> int:
        return 1000

    monkeypatch.setattr(memory, "available_bytes", little)
    database = two_camps()
    with pytest.raises(CallError, match=r"exceeds available memory \(1000b"):
        await run(database, channel)
    assert database.questions == ["describe"], "refused before anything is read"
    assert len(await run(database, channel, sudo=True)) == ALONE


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"nodeLabels": ["Twon"]}, "Available labels are ['Town']"),
        ({"relationshipTypes": ["RAOD"]}, "Available relationship types are ['ROAD']"),
        ({"relationshipWeightProperty": "lnes"}, "Properties existing on all relationship types: ['lanes']"),
        ({"walkLength": 1}, "Value for `walkLength` was `1`, but must be at least 2"),
        ({"windowSize": 1}, "Value for `windowSize` was `1`, but must be at least 2"),
        ({"returnFactor": 0.0}, "Value for `returnFactor` was `0.0`, but must be greater than 0"),
        ({"inOutFactor": -1.0}, "Value for `inOutFactor` was `-1.0`, but must be greater than 0"),
        ({"embeddingDimension": 0}, "Value for `embeddingDimension` was `0`, but must be greater than 0"),
        ({"walkBufferSize": 1000}, "Unexpected configuration key: walkBufferSize"),
        ({"embeddingDimensions": 8}, "Did you mean [embeddingDimension]?"),
        ({"mutateProperty": "vec"}, "Unexpected configuration key: mutateProperty"),
    ],
)
async def test_bad_keys_are_told_what_is_allowed(channel: grpc.aio.Channel, given: dict[str, Any], text: str) -> None:
    with pytest.raises(CallError) as raised:
        await run(two_camps(), channel, **given)
    assert text in str(raised.value)


@pytest.mark.parametrize(("weight", "shown"), [(-1.0, "-1"), (float("nan"), "none"), (float("inf"), "inf")])
async def test_a_weight_that_is_none_is_named_with_its_ends(
    channel: grpc.aio.Channel, weight: float, shown: str
) -> None:
    database = two_camps()
    one, kind, other, _ = database.links[0]
    database.links[0] = (one, kind, other, {"lanes": weight})
    with pytest.raises(CallError) as raised:
        await run(database, channel, relationshipWeightProperty="lanes")
    assert f"for instance {shown} on the `ROAD` from the `Town` with `name` town" in str(raised.value)


async def test_a_graph_without_relationships_is_refused(channel: grpc.aio.Channel) -> None:
    database = two_camps()
    database.links = [(0, "ROAD", 1, {"lanes": 1.0})]
    database.nodes[1].label = "Village"
    with pytest.raises(CallError, match="There are no relationships between nodes of the labels"):
        await run(database, channel, nodeLabels=["Town"])
    database.links = []
    with pytest.raises(CallError, match="so there is nothing to walk over"):
        await run(database, channel)


async def test_nothing_is_kept_of_a_training_that_fails(channel: grpc.aio.Channel) -> None:
    """One road can not be both held out and walked over."""
    database = two_camps()
    database.links = [(0, "ROAD", 1, {"lanes": 1.0}), (1, "ROAD", 0, {"lanes": 1.0})]
    with pytest.raises(CallError, match="one at least must be held out and one be left"):
        await run(database, channel, "train", modelName="towns")
    (row,) = await database.call(channel, "bridge.model.exists", modelName="towns")
    assert not row["exists"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"initialLearningRate": 1e30}, "no longer finite after iteration 1. Nothing was kept. Choose a smaller"),
        ({"embeddingDimension": 1}, "collapsed in iteration 1: all vectors point the same way. Nothing was kept."),
    ],
)
async def test_vectors_that_mean_nothing_fail_and_leave_nothing(
    channel: grpc.aio.Channel, services: Services, tmp_path: Path, given: dict[str, Any], text: str
) -> None:
    """In any mode the iteration is named; no property, no version and no file stays, and the version before serves."""
    database = two_camps()
    await run(database, channel, "train", modelName="towns")
    for mode, more in (("stream", {}), ("mutate", {"mutateProperty": "vec"}), ("train", {"modelName": "towns"})):
        with pytest.raises(CallError) as raised:
            await run(database, channel, mode, **given, **more)
        assert text in str(raised.value)
    assert not any("vec" in node.projected for node in database.nodes)
    rows = await database.call(channel, "bridge.model.versions", modelName="towns")
    assert [(row["modelVersion"], row["aliases"]) for row in rows] == [(1, ["champion"])]
    left = [path for place in ("staging", "scratch") for path in (tmp_path / "server" / place).rglob("*.safetensors")]
    assert left == []
