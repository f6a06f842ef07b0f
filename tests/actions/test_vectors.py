"""bridge/actions/vectors.py: vectors of several labels are added together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
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
    """The other side of a call: takes the labels of a command, or fails."""

    caller: Caller = ADA
    fails: bool = False
    added: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def mutate_node_property(
        self, label: str, property_name: str, values: Table, *, further_labels: Sequence[str] = ()
    ) -> Done:
        self.began.set()
        await self.go_on.wait()
        if self.fails:
            raise ResourceExhaustedError("The database has no memory left.", reason="MEMORY")
        self.added += [label, *further_labels]
        self.rows += values.columns["id"].values.tolist()
        return Done(written=len(values), millis=2)


async def add(other: Adding, provenance: Provenance) -> Any:
    return await add_vectors(cast(Call, other), GRAPH, "hot", VECTORS, Origin("text:1f0c"), provenance)


async def test_a_cancellation_on_the_way_leaves_all_labels_with_their_vectors_and_origin() -> None:
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


async def test_a_failure_leaves_no_label_with_vectors_or_an_origin() -> None:
    other, provenance = Adding(fails=True), Provenance()
    other.go_on.set()
    with pytest.raises(ResourceExhaustedError, match=r"^The database has no memory left\.$"):
        await add(other, provenance)
    assert provenance.count == 0


async def test_all_labels_get_their_rows_in_one_command() -> None:
    other = Adding()
    other.go_on.set()
    assert await add(other, Provenance()) == (9, 2)
    assert other.added == ["Film", "Tag", "User"]
    assert other.rows == [0, 1, 2] * 3


def test_a_database_that_can_not_be_written_to_is_refused_with_a_way_out() -> None:
    with pytest.raises(FailedPreconditionError, match="Ask in mode `stream` or `mutate`"):
        check_writable(Graph("films", 0, 0, 1, 1, {}, {}, can_write=False))
