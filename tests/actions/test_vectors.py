"""bridge/actions/vectors.py: vectors of several labels are added together or the user is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest

from bridge.actions.provenance import Origin, Provenance
from bridge.actions.vectors import add_vectors, check_writable
from bridge.core.call import Call, Caller, Done
from bridge.core.columns import Table
from bridge.core.errors import FailedPreconditionError, ResourceExhaustedError
from bridge.core.graph import Graph

ADA = Caller("ada", "neo4j", "id-of-neo4j")
GRAPH = Graph("films", 0, 0, 1, 1, {}, {})
VECTORS = {label: (np.arange(3), np.ones((3, 2), dtype=np.float32)) for label in ("Film", "Tag", "User")}


@dataclass
class Adding:
    """The other side of a call: takes labels one by one."""

    caller: Caller = ADA
    fails_at: str = ""
    added: list[str] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def mutate_node_property(self, label: str, property_name: str, values: Table) -> Done:
        self.began.set()
        await self.go_on.wait()
        if label == self.fails_at:
            raise ResourceExhaustedError("The database has no memory left.", reason="MEMORY")
        self.added.append(label)
        return Done(written=len(values), millis=2)


async def add(other: Adding, provenance: Provenance) -> Any:
    return await add_vectors(cast(Call, other), GRAPH, "hot", VECTORS, Origin("text:1f0c"), provenance)


async def test_a_cancellation_after_the_first_command_leaves_all_labels_with_their_vectors() -> None:
    other, provenance = Adding(), Provenance()
    work = asyncio.create_task(add(other, provenance))
    await other.began.wait()
    work.cancel()
    await asyncio.sleep(0)
    other.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert other.added == ["Film", "Tag", "User"]
    assert provenance.count == 3


async def test_a_label_that_fails_names_those_that_have_their_vectors() -> None:
    other = Adding(fails_at="User")
    other.go_on.set()
    with pytest.raises(ResourceExhaustedError) as raised:
        await add(other, Provenance())
    assert raised.value.message == (
        "The database has no memory left. The labels ['Film', 'Tag'] have the property `hot` already. Before trying "
        "again, drop it: `CALL gds.graph.nodeProperties.drop('films', 'hot')`."
    )
    assert raised.value.reason == "MEMORY"


async def test_the_first_label_that_fails_says_no_more_than_why() -> None:
    other = Adding(fails_at="Film")
    other.go_on.set()
    with pytest.raises(ResourceExhaustedError, match=r"^The database has no memory left\.$"):
        await add(other, Provenance())


async def test_counts_and_milliseconds_are_those_of_all_labels() -> None:
    other = Adding()
    other.go_on.set()
    assert await add(other, Provenance()) == (9, 6)


def test_a_database_that_can_not_be_written_to_is_refused_with_a_way_out() -> None:
    with pytest.raises(FailedPreconditionError, match="Ask in mode `stream` or `mutate`"):
        check_writable(Graph("films", 0, 0, 1, 1, {}, {}, can_write=False))
