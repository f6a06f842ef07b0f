"""bridge/actions/provenance.py: an origin lasts no longer than what it is the origin of."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import grpc
import numpy as np
import pytest

from bridge.actions import origin_log
from bridge.actions import provenance as module
from bridge.actions.origin_log import OriginLog
from bridge.actions.provenance import Origin, Provenance, Sample
from bridge.actions.services import Services
from bridge.core.call import Call, Caller
from bridge.core.graph import Graph, Label, Property, RelationshipType
from bridge.core.projection import NodeTable
from tests.actions.examples import RATING
from tests.database import CallError, Database, people_and_films

MADE = Origin("multiHot:77ab", frozenset({"RATED"}))


@dataclass
class Asking:
    caller: Caller


CALL = cast(Call, Asking(Caller("ada", "neo4j", "id-of-neo4j")))


def graph(*properties: str, modified: int = 1, created: int = 1, types: tuple[str, ...] = ()) -> Graph:
    film = Label("Film", 3, {name: Property(name, "FLOAT_ARRAY", 2) for name in properties})
    kinds = {name: RelationshipType(name, 1) for name in types}
    return Graph("graph", 3, 1, created, modified, {"Film": film}, kinds)


def made(**types: Origin) -> Provenance:
    provenance = Provenance()
    provenance.record(CALL, graph(), "Film", "hot", MADE)
    for name, origin in types.items():
        provenance.record_type(CALL, graph(), name, origin)
    return provenance


def test_what_was_just_made_is_known_before_the_projection_is_described_again() -> None:
    """Several labels get their property within one call, each recorded with the description from before."""
    provenance = made()
    provenance.record(CALL, graph(), "Tag", "hot", MADE)
    assert provenance.find(CALL, graph(), "Film", "hot") == MADE
    assert provenance.find(CALL, graph("hot", modified=2), "Film", "hot") == MADE


def test_a_property_that_was_dropped_is_forgotten_for_good() -> None:
    """Another of its name, made elsewhere, has no origin."""
    provenance = made()
    assert provenance.find(CALL, graph(modified=3), "Film", "other") is None
    assert provenance.find(CALL, graph("hot", modified=4), "Film", "hot") is None


def test_a_relationship_type_that_was_dropped_is_forgotten_too() -> None:
    provenance = made(SIMILAR=MADE)
    assert provenance.find_type(CALL, graph("hot", modified=2, types=("SIMILAR",)), "SIMILAR") == MADE
    provenance.find_type(CALL, graph("hot", modified=3), "SIMILAR")
    assert provenance.find_type(CALL, graph("hot", modified=4, types=("SIMILAR",)), "SIMILAR") is None
    assert provenance.find(CALL, graph("hot", modified=4), "Film", "hot") == MADE


def test_a_projection_made_anew_leaves_nothing_of_the_one_before() -> None:
    provenance = made()
    assert provenance.find(CALL, graph("hot", created=2), "Film", "hot") is None
    assert provenance.count == 0


def test_the_number_of_origins_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest leave."""
    monkeypatch.setattr(module, "MOST_ORIGINS", 3)
    provenance = Provenance()
    for place in range(5):
        provenance.record(CALL, graph(), "Film", f"p{place}", MADE)
    assert [provenance.find(CALL, graph(), "Film", f"p{place}") for place in range(5)] == [None, None, MADE, MADE, MADE]


async def test_an_origin_outlives_the_server(tmp_path: Path) -> None:
    """The projection does, too. The sample by which the property is known again comes back with it."""
    ids, values = np.arange(5), np.eye(5, dtype=np.float32)
    before = Provenance(OriginLog(tmp_path / "origins"))
    before.record(CALL, graph(), "Film", "hot", MADE, Sample.of(ids, values))
    before.record(CALL, graph(), "Film", "other", Origin("text:1f"))
    before.record_type(CALL, graph(), "SIMILAR", MADE)
    await before.save()
    described = graph("hot", "other", modified=2, types=("SIMILAR",))
    for _ in range(2):
        after = Provenance(OriginLog(tmp_path / "origins"))
        assert after.find(CALL, described, "Film", "hot") == after.find_type(CALL, described, "SIMILAR") == MADE
        assert after.find(CALL, described, "Film", "other") == Origin("text:1f")
        assert after.samples(CALL, described) == {("Film", "hot"): Sample.of(ids, values)}
    assert after.find(CALL, graph("hot", created=2), "Film", "hot") is None


async def test_the_last_word_on_a_property_counts_after_a_restart(tmp_path: Path) -> None:
    """Made twice, it is what it was made by at last."""
    before = Provenance(OriginLog(tmp_path / "origins"))
    for encoder in ("multiHot:1", "multiHot:2"):
        before.record(CALL, graph(), "Film", "hot", Origin(encoder))
        await before.save()
    after = Provenance(OriginLog(tmp_path / "origins"))
    assert after.find(CALL, graph("hot"), "Film", "hot") == Origin("multiHot:2")


async def test_a_line_that_is_no_origin_takes_no_other_with_it(tmp_path: Path) -> None:
    """Cut off by a crash, or another program's: the rest is known, and what comes after it, too."""
    before = Provenance(OriginLog(tmp_path / "origins"))
    before.record(CALL, graph(), "Film", "hot", MADE)
    await before.save()
    with (tmp_path / "origins").open("ab") as file:
        file.write(b'\n\xff\n[1]\n{"key": 1}\n{"key": {"datab')
    log = OriginLog(tmp_path / "origins")
    assert len(log.read()) == 2
    log.append([log.read()[0] | {"encoder": "multiHot:2"}])
    assert Provenance(log).find(CALL, graph("hot"), "Film", "hot") == Origin("multiHot:2", frozenset({"RATED"}))


async def test_a_disk_that_takes_nothing_fails_no_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The property is in the projection by then: the origin is known until the server stops, and the log says so."""
    provenance = Provenance(OriginLog(tmp_path / "none" / "origins"))
    provenance.record(CALL, graph(), "Film", "hot", MADE)
    await provenance.save()
    assert provenance.find(CALL, graph("hot"), "Film", "hot") == MADE
    assert "only until the server stops" in caplog.text


async def test_a_slow_disk_holds_up_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everyone's calls share the event loop. What comes meanwhile is known at once, and stands behind it in the file,
    also when who waited has left."""
    reached, go_on, append = threading.Event(), threading.Event(), OriginLog.append

    def slow(log: OriginLog, documents: Iterable[dict[str, Any]]) -> None:
        reached.set()
        assert go_on.wait(60)
        append(log, documents)

    monkeypatch.setattr(OriginLog, "append", slow)
    provenance = Provenance(OriginLog(tmp_path / "origins"))
    provenance.record(CALL, graph(), "Film", "hot", Origin("multiHot:1"))
    first = asyncio.create_task(provenance.save())
    async with asyncio.timeout(60):
        while not reached.is_set():
            await asyncio.sleep(0.01)
    provenance.record(CALL, graph(), "Film", "hot", MADE)
    second = asyncio.create_task(provenance.save())
    first.cancel()
    await asyncio.sleep(0.1)
    assert provenance.find(CALL, graph("hot"), "Film", "hot") == MADE
    go_on.set()
    await asyncio.gather(first, second, return_exceptions=True)
    assert Provenance(OriginLog(tmp_path / "origins")).find(CALL, graph("hot"), "Film", "hot") == MADE


async def test_the_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made again and again has a line or two in the end."""
    monkeypatch.setattr(origin_log, "MOST_LINES", 4)
    provenance = Provenance(OriginLog(tmp_path / "origins"))
    for _ in range(20):
        provenance.record(CALL, graph(), "Film", "hot", MADE)
        await provenance.save()
    assert len((tmp_path / "origins").read_bytes().splitlines()) <= 5


def table(ids: np.ndarray, values: np.ndarray) -> NodeTable:
    return NodeTable("Film", "id", np.arange(len(ids)), ids, {"hot": values})


def test_a_sample_knows_its_property_again() -> None:
    """In another order, with nodes that came or went; not with other values at the nodes that are left."""
    rng = np.random.default_rng(0)
    ids, values = np.arange(500), rng.random((500, 4), dtype=np.float32)
    sample = Sample.of(ids, values)
    order = rng.permutation(500)[:300]
    assert len(sample.hashes) == 64
    assert sample.fits(table(ids[order], values[order].astype(np.float64)), "hot")
    assert not sample.fits(table(ids[order], values[order] + np.float32(0.1)), "hot")
    assert Sample.of(ids, values[:, :1]).fits(table(ids, values[:, 0]), "hot"), "a vector of one is read as a scalar"
    assert Sample.of(ids[:0], values[:0]).fits(table(ids, values), "hot")


async def encoded(channel: grpc.aio.Channel) -> Database:
    database = people_and_films()
    given: dict[str, Any] = {"nodeLabels": ["Film"], "relationshipTypes": ["TAGGED"], "mutateProperty": "hot"}
    await database.call(channel, "bridge.encode.multiHot.mutate", "graph", **given)
    return database


async def test_a_server_keeps_origins_in_its_data_folder(
    channel: grpc.aio.Channel, services: Services, tmp_path: Path
) -> None:
    """What was encoded for one server, the next one on that folder knows."""
    await encoded(channel)
    (document,) = OriginLog(tmp_path / "server" / "origins.jsonl").read()
    assert (document["key"]["label"], document["key"]["name"]) == ("Film", "hot")
    assert document["encoder"].startswith("multiHot:")


async def test_a_model_is_asked_with_another_property_of_the_same_name(
    channel: grpc.aio.Channel, services: Services
) -> None:
    """Dropped and made anew by others between two calls: its origin is forgotten, and nobody knows its positions."""
    database = await encoded(channel)
    await database.call(channel, "bridge.gnn.train", "graph", **RATING | {"featureProperties": {"Film": ["hot"]}})
    asked = {"modelName": "rates", "pairRelationshipType": "RATED"}
    assert await database.call(channel, "bridge.predict.stream", "graph", **asked)
    assert services.provenance.count == 1
    for node in database.nodes:
        if node.label == "Film":
            node.projected["hot"] = node.projected["hot"][::-1]
    database.modified += 1
    with pytest.raises(CallError, match=r"`hot` of `Film` was made by `bridge\.encode\.multiHot` when .* not known"):
        await database.call(channel, "bridge.predict.stream", "graph", **asked)
    assert services.provenance.count == 0
