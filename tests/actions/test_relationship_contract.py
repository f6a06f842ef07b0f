"""bridge/actions/relationship_contract.py: projections in other orientations, between other labels, or empty."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import grpc
import numpy as np
import pytest

from bridge.actions.relationship_contract import check_relationships
from bridge.core.errors import FailedPreconditionError, InvalidArgumentError
from bridge.core.projection import EdgeType, Projection, RelationshipTable, Target
from bridge.registry.manifest import GraphFacts
from tests.database import CallError, Database

USERS = 30
TARGET = Target("User", "RATED", "Film")
RATED, TAGGED = TARGET.edge_type, ("Film", "TAGGED", "Tag")
BOTH = GraphFacts(edge_types=(RATED, TAGGED))
UNDIRECTED = GraphFacts(
    edge_types=(RATED, ("Film", "RATED", "User"), TAGGED, ("Tag", "TAGGED", "Film")),
    undirected_types=("RATED", "TAGGED"),
)
OLDER = GraphFacts(relationship_counts={"RATED": 3, "TAGGED": 2})


def graph(*edge_types: EdgeType) -> Projection:
    table = RelationshipTable(np.zeros((2, 1), np.int32))
    return Projection({}, dict.fromkeys(edge_types, table), "")


def turned(edge_type: EdgeType) -> EdgeType:
    source, name, target = edge_type
    return target, name, source


@pytest.mark.parametrize(
    ("facts", "edge_types"),
    [
        (BOTH, ()),
        (BOTH, (TAGGED,)),
        (BOTH, (RATED,)),
        (BOTH, (RATED, TAGGED, turned(TAGGED))),
        (BOTH, (RATED, TAGGED, ("User", "TAGGED", "Tag"))),
        (UNDIRECTED, (RATED, TAGGED, turned(TAGGED))),
        (GraphFacts(edge_types=(RATED, ("User", "RATED", "Song"))), (("User", "RATED", "Song"),)),
        (GraphFacts(edge_types=(RATED, TAGGED, turned(TAGGED))), (RATED, TAGGED)),
        (OLDER, (RATED,)),
        (OLDER, (RATED, turned(TAGGED))),
    ],
)
def test_what_the_model_does_not_miss_is_let_through(facts: GraphFacts, edge_types: tuple[EdgeType, ...]) -> None:
    """No relationships of a type, more than there were, a target without its mirror image, an older manifest."""
    check_relationships(TARGET, facts, graph(*edge_types))


@pytest.mark.parametrize(
    ("facts", "edge_types", "trained", "found"),
    [
        (BOTH, (turned(RATED), TAGGED), "(:User)-[:RATED]->(:Film)", "(:Film)-[:RATED]->(:User)"),
        (BOTH, (RATED, turned(TAGGED)), "(:Film)-[:TAGGED]->(:Tag)", "(:Tag)-[:TAGGED]->(:Film)"),
        (BOTH, (("User", "RATED", "Song"),), "(:User)-[:RATED]->(:Film)", "(:User)-[:RATED]->(:Song)"),
        (UNDIRECTED, (turned(RATED),), "(:User)-[:RATED]->(:Film)", "(:Film)-[:RATED]->(:User)"),
        (UNDIRECTED, (RATED, TAGGED), "(:Tag)-[:TAGGED]->(:Film)", "(:Film)-[:TAGGED]->(:Tag)"),
        (OLDER, (turned(RATED),), "(:User)-[:RATED]->(:Film)", "(:Film)-[:RATED]->(:User)"),
    ],
)
def test_relationships_that_the_model_would_not_see_are_refused(
    facts: GraphFacts, edge_types: tuple[EdgeType, ...], trained: str, found: str
) -> None:
    """How they ran in the training, and how they run now."""
    with pytest.raises(FailedPreconditionError) as raised:
        check_relationships(TARGET, facts, graph(*edge_types))
    assert f"trained on relationships {trained}" in raised.value.message
    assert f"it has {found}" in raised.value.message


def test_all_types_that_run_otherwise_are_named_at_once() -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        check_relationships(TARGET, BOTH, graph(turned(RATED), turned(TAGGED)))
    assert "RATED" in raised.value.message
    assert "TAGGED" in raised.value.message


async def asked(database: Database, channel: grpc.aio.Channel) -> list[dict[str, Any]]:
    return await database.call(channel, "bridge.recommend.stream", "graph", modelName="ranks", topK=2)


@pytest.mark.parametrize("kind", ["RATED", "TAGGED"])
async def test_a_type_projected_in_reverse_is_refused(hosted: Database, channel: grpc.aio.Channel, kind: str) -> None:
    hosted.links = [(*((b, name, a) if name == kind else (a, name, b)), values) for a, name, b, values in hosted.links]
    hosted.modified += 1
    with pytest.raises(CallError, match=f"The model was trained on relationships .*{kind}") as raised:
        await asked(hosted, channel)
    assert raised.value.code is grpc.StatusCode.FAILED_PRECONDITION
    assert raised.value.reason == "OTHER_RELATIONSHIPS"


async def test_a_new_user_without_any_relationship_gets_a_fallback(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    """The type is projected, no relationship of it is there: what is popular, and each row says so."""
    hosted.nodes = [replace(node) for node in hosted.nodes]
    hosted.nodes[:USERS] = [replace(hosted.nodes[0], stored={"userId": 9999})]
    moved = USERS - 1
    hosted.links = [(a - moved, name, b - moved, values) for a, name, b, values in hosted.links if name == "TAGGED"]
    hosted.empty_types = {"RATED": ("rating",)}
    hosted.modified += 1
    rows = await asked(hosted, channel)
    assert len(rows) == 2
    assert all(row["fallback"] for row in rows)
