"""bridge/actions/gnn_estimate.py, and the guard before a training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import grpc
import pytest

from bridge.actions import memory
from bridge.actions.gnn_checks import check_training
from bridge.actions.gnn_config import GnnTrainConfig
from bridge.actions.gnn_estimate import fictitious_graph, sizes_of
from bridge.core.call import FictitiousGraph
from bridge.core.procedure import EstimateRow
from tests.actions.examples import RANKING, RATING
from tests.database import CallError, people_and_films

ESTIMATE = "bridge.gnn.train.estimate"
MIB = 2**20


async def estimated(channel: grpc.aio.Channel, graph: Any = "graph", /, **given: Any) -> dict[str, Any]:
    (row,) = await people_and_films().call(channel, ESTIMATE, graph, **(RATING | given))
    return row


def counts(nodes: int, relationships: int) -> dict[str, int]:
    return {"nodeCount": nodes, "relationshipCount": relationships}


async def test_an_estimate_of_a_projection_has_the_columns_of_gds(channel: grpc.aio.Channel) -> None:
    """The projection is described and nothing of it is read."""
    database = people_and_films()
    (row,) = await database.call(channel, ESTIMATE, "graph", **RATING)
    assert list(row) == EstimateRow.columns()
    assert (row["nodeCount"], row["relationshipCount"]) == (80, len(database.links))
    assert 0 < row["bytesMin"] < row["bytesMax"]
    assert row["treeView"].startswith(f"bridge.gnn.train: {row['requiredMemory']}\n")
    assert {part["name"] for part in row["mapView"]["components"]} >= {"libraries", "projection"}
    assert 0 < row["heapPercentageMin"] <= row["heapPercentageMax"]
    assert database.questions == ["describe"]


async def test_an_estimate_for_counts_asks_the_database_nothing(channel: grpc.aio.Channel) -> None:
    """Ten times the graph takes several times the memory, and the counts are told back."""
    database = people_and_films()
    rows = [
        (await database.call(channel, ESTIMATE, counts(nodes, 20 * nodes), **RATING))[0] for nodes in (10**5, 10**6)
    ]
    assert [(row["nodeCount"], row["relationshipCount"]) for row in rows] == [(10**5, 2 * 10**6), (10**6, 2 * 10**7)]
    assert 5 < rows[1]["bytesMin"] / rows[0]["bytesMin"] < 10
    assert database.questions == []


async def test_what_is_configured_is_estimated(channel: grpc.aio.Channel) -> None:
    """Longer vectors, another architecture, side types and features each change the answer."""
    graph = counts(100_000, 2_000_000)
    default, long, sage = [
        (await estimated(channel, graph, **given))["bytesMin"]
        for given in ({}, {"embeddingDimension": 256}, {"architecture": "sage"})
    ]
    assert long > 2 * default
    assert sage > 2 * default
    bare, whole = [
        await estimated(channel, **given)
        for given in ({"relationshipTypes": ["RATED"], "nodeLabels": ["User", "Film"], "featureProperties": {}}, {})
    ]
    assert bare["bytesMin"] < whole["bytesMin"], "tags and features"


async def test_a_large_inverse_is_counted_only_where_the_baseline_is_not_skipped(channel: grpc.aio.Channel) -> None:
    """EASE on 6,000 targets takes more than the training beside it; on 40,000 it is above the limit of `fast`."""
    least = {}
    for nodes in (12_000, 80_000):
        for extent in ("none", "fast"):
            given = RANKING | {"embeddingDimension": 8, "baselines": extent}
            least[nodes, extent] = (await estimated(channel, counts(nodes, 100_000), **given))["bytesMin"]
    assert least[12_000, "fast"] > least[12_000, "none"] + 20 * 6_000**2 / 2
    assert least[80_000, "fast"] < least[80_000, "none"] + 100 * MIB


@pytest.mark.parametrize("graph", ["graph", counts(100, 1000)])
async def test_an_estimate_refuses_what_the_training_would_refuse(channel: grpc.aio.Channel, graph: Any) -> None:
    """Unknown keys, keys of another architecture and what does not fit the objective."""
    for given, text in (
        ({"epoch": 3}, "Unexpected configuration key: epoch (Did you mean [epochs]?)"),
        ({"truncateTargets": True}, "`graphFm` does not take ['truncateTargets']"),
        ({"architecture": "lightGcn"}, "`lightGcn` is not made for the objective `rating`"),
    ):
        with pytest.raises(CallError) as raised:
            await estimated(channel, graph, **given)
        assert text in str(raised.value)


async def test_labels_and_types_that_are_only_named_are_there_for_counts_alone(channel: grpc.aio.Channel) -> None:
    """A fictitious graph fits the request; nodes of one label are not split."""
    named = {"nodeLabels": ["User", "Film", "Tag"], "relationshipTypes": ["TAGGED"], "featureProperties": ["vector"]}
    assert (await estimated(channel, counts(1000, 1000), **named))["bytesMin"] > 0
    friends = {"targetNodeLabel": "User", "featureProperties": {}}
    one, two = [(await estimated(channel, counts(10**6, 10**6), **given))["bytesMin"] for given in (friends, {})]
    assert one > 1.5 * two, "every node is source and target"


def test_an_undirected_type_counts_once_between_two_labels_and_twice_within_one() -> None:
    """Within one label both directions are examples; between two, the other direction is left out."""
    for label, relationships in (("Film", 500), ("User", 1000)):
        request = GnnTrainConfig.parse(RATING | {"targetNodeLabel": label, "featureProperties": {}})
        graph = fictitious_graph(request, FictitiousGraph(100, 1000))
        kind = replace(graph.relationship_types["RATED"], undirected=True)
        graph = replace(graph, relationship_types={"RATED": kind})
        assert sizes_of(request, check_training(request, graph), graph).relationships == relationships


async def test_a_training_that_needs_more_than_there_is_is_refused_with_both_numbers(
    channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is read and before there is a job."""
    monkeypatch.setattr(memory, "available_bytes", lambda services: 10 * MIB)
    most = (await estimated(channel))["bytesMax"]
    database = people_and_films()
    with pytest.raises(CallError) as raised:
        await database.call(channel, "bridge.gnn.train", "graph", **RATING)
    assert raised.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert f"{most}b" in str(raised.value)
    assert f"{10 * MIB}b" in str(raised.value)
    assert "sudo" in str(raised.value)
    assert database.questions == ["describe"]
    assert database.jobs == []


async def test_sudo_trains_all_the_same(channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda services: 10 * MIB)
    (row,) = await people_and_films().call(channel, "bridge.gnn.train", "graph", **RATING, sudo=True)
    assert row["modelInfo"]["modelVersion"] == 1
    assert row["configuration"]["sudo"] is True
