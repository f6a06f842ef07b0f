"""bridge/actions/model_staleness.py: how far a projection has moved away from the training's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest
from safetensors.numpy import save_file

from bridge.actions.services import Services
from bridge.projection.content import CONTENT_FILE, content_hashes
from bridge.projection.snapshots import open_snapshot
from tests.actions.examples import RATING
from tests.database import CallError, Database, Node

Counts = dict[tuple[str, str], tuple[int, int, int, int, int | None]]
COLUMNS = ("trainedCount", "count", "added", "removed", "changed")


async def staleness(
    database: Database, channel: grpc.aio.Channel, **given: Any
) -> tuple[list[dict[str, Any]], Counts]:
    rows = await database.call(channel, "bridge.model.staleness", "graph", **{"modelName": "rates", **given})
    return rows, {(row["element"], row["name"]): tuple(row[name] for name in COLUMNS) for row in rows}  # type: ignore[misc]


def changed(database: Database) -> None:
    """Add a user with two ratings, forget a rating, change two more and the vector of a film."""
    nodes, links = database.nodes, database.links
    rated = [place for place, link in enumerate(links) if link[1] == "RATED"]
    for place in rated[:2]:
        a, kind, b, values = links[place]
        links[place] = (a, kind, b, {**values, "rating": 0.5})
    del links[rated[2]]
    nodes.append(Node("User", {"userId": 9_999}))
    links += [(len(nodes) - 1, "RATED", 30 + film, {"rating": 4.0, "timestamp": 1.0}) for film in (0, 1)]
    nodes[30].projected = {"vector": [0.25, 0.5]}
    database.modified += 1


async def keep_content(database: Database, channel: grpc.aio.Channel, services: Services) -> None:
    """Make the next version of `rates` as a training does that keeps what it saw."""
    await staleness(database, channel)
    (snapshot,) = services.snapshots._kept.values()
    staging = services.store.stage()
    version = services.store.resolve("id-of-neo4j", "rates")
    for name in version.manifest.files:
        (staging / name).write_bytes(version.read(name))
    save_file(content_hashes(open_snapshot(snapshot.path)), staging / CONTENT_FILE)
    services.store.publish(staging, version.manifest.model_copy(update={"files": {}}))


async def forget_content(services: Services) -> None:
    """Make the next version of `rates` as an older bridge did, which kept counts alone."""
    staging = services.store.stage()
    version = services.store.resolve("id-of-neo4j", "rates")
    for name in set(version.manifest.files) - {CONTENT_FILE}:
        (staging / name).write_bytes(version.read(name))
    services.store.publish(staging, version.manifest.model_copy(update={"files": {}}))


async def test_a_projection_as_it_was_trained_on_is_not_stale(hosted: Database, channel: grpc.aio.Channel) -> None:
    """The fingerprint says so, whatever the version keeps."""
    rows, counts = await staleness(hosted, channel)
    rated = sum(link[1] == "RATED" for link in hosted.links)
    assert counts == {
        ("node", "Film"): (48, 48, 0, 0, 0), ("node", "Tag"): (2, 2, 0, 0, 0), ("node", "User"): (30, 30, 0, 0, 0),
        ("relationship", "RATED"): (rated, rated, 0, 0, 0), ("relationship", "TAGGED"): (48, 48, 0, 0, 0),
    }  # fmt: skip
    assert all(row["exact"] and row["sameFingerprint"] for row in rows)
    assert [list(row)[:2] for row in rows] == [["modelName", "modelVersion"]] * 5
    assert {(row["modelName"], row["modelVersion"]) for row in rows} == {("rates", 1)}


async def test_what_was_added_removed_and_changed_is_counted_by_label_and_type(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    """By keys, so that another order of nodes changes nothing."""
    await keep_content(hosted, channel, services)
    rated = sum(link[1] == "RATED" for link in hosted.links)
    changed(hosted)
    rows, counts = await staleness(hosted, channel)
    assert counts == {
        ("node", "Film"): (48, 48, 0, 0, 1), ("node", "Tag"): (2, 2, 0, 0, 0), ("node", "User"): (30, 31, 1, 0, 0),
        ("relationship", "RATED"): (rated, rated + 1, 2, 1, 2), ("relationship", "TAGGED"): (48, 48, 0, 0, 0),
    }  # fmt: skip
    assert all(row["exact"] and not row["sameFingerprint"] for row in rows)
    assert {row["modelVersion"] for row in rows} == {2}


async def test_a_version_that_keeps_counts_alone_says_that_it_can_not_tell_all(
    hosted: Database, channel: grpc.aio.Channel, services: Services
) -> None:
    """One added and one removed cancel out, and changes are null."""
    await forget_content(services)
    rated = sum(link[1] == "RATED" for link in hosted.links)
    changed(hosted)
    rows, counts = await staleness(hosted, channel, modelVersion="champion")
    assert not any(row["exact"] or row["sameFingerprint"] for row in rows)
    assert counts["node", "User"] == (30, 31, 1, 0, None)
    assert counts["relationship", "RATED"] == (rated, rated + 1, 1, 0, None)


async def test_properties_that_the_model_does_not_read_do_not_make_it_stale(
    hosted: Database, channel: grpc.aio.Channel
) -> None:
    for place, (a, kind, b, values) in enumerate(hosted.links):
        hosted.links[place] = (a, kind, b, {**values, "seen": 1.0})
    hosted.modified += 1
    rows, _ = await staleness(hosted, channel)
    assert all(row["sameFingerprint"] for row in rows)


async def test_the_times_and_splits_of_a_training_count(hosted: Database, channel: grpc.aio.Channel) -> None:
    """What the training read is read again: else no fingerprint would be equal."""
    given = {**RATING, "split": "temporal", "timeProperty": "timestamp"}
    await hosted.call(channel, "bridge.gnn.train", "graph", **given)
    rows, _ = await staleness(hosted, channel)
    assert {(row["modelVersion"], row["sameFingerprint"]) for row in rows} == {(2, True)}
    a, kind, b, values = hosted.links[0]
    hosted.links[0] = (a, kind, b, {**values, "timestamp": -1.0})
    hosted.modified += 1
    rows, _ = await staleness(hosted, channel)
    assert not any(row["sameFingerprint"] for row in rows)


async def test_a_model_of_vectors_alone_can_be_stale_too(hosted: Database, channel: grpc.aio.Channel) -> None:
    given = {"modelName": "walks", "randomSeed": 1, "embeddingDimension": 4, "walksPerNode": 1, "iterations": 1}
    await hosted.call(channel, "bridge.node2vec.train", "graph", **given, relationshipWeightProperty="rating",
                      relationshipTypes=["RATED"])  # fmt: skip
    rows, _ = await staleness(hosted, channel, modelName="walks")
    assert all(row["sameFingerprint"] for row in rows)
    changed(hosted)
    rows, counts = await staleness(hosted, channel, modelName="walks")
    assert counts["node", "User"] == (30, 31, 1, 0, 0)


async def test_a_projection_that_lacks_something_is_told_all_of_it(hosted: Database, channel: grpc.aio.Channel) -> None:
    hosted.nodes = [node for node in hosted.nodes if node.label != "Tag"]
    hosted.links = [(a, kind, b, {}) for a, kind, b, _ in hosted.links if kind == "RATED"]
    with pytest.raises(CallError) as raised:
        await staleness(hosted, channel)
    for words in ("the labels ['Tag']", "the relationship types ['TAGGED']", "properties of 'RATED' ['rating']"):
        assert words in str(raised.value)


async def test_damaged_content_is_refused(
    hosted: Database, channel: grpc.aio.Channel, services: Services, tmp_path: Path
) -> None:
    """Asked for by number; by default the version before answers."""
    await keep_content(hosted, channel, services)
    changed(hosted)
    (path,) = (tmp_path / "server").glob(f"models/*/rates/versions/2/{CONTENT_FILE}")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CallError, match=f"`{CONTENT_FILE}` has"):
        await staleness(hosted, channel, modelVersion=2)
    rows, _ = await staleness(hosted, channel)
    assert {row["modelVersion"] for row in rows} == {1}
