"""bridge/actions/health.py: whether the server answers, versions, the list of all procedures."""

from __future__ import annotations

import threading
from pathlib import Path

import grpc
import pytest

from bridge import __version__
from bridge.actions import CONTRACT, PROCEDURES
from bridge.registry import catalog
from bridge.registry.version import Version, open_version
from tests.database import Database, people_and_films


def damage(data: Path, model: str) -> None:
    """Change one letter in the manifest of a model's first version."""
    (manifest,) = data.glob(f"models/*/{model}/versions/1/manifest.json")
    manifest.write_text(manifest.read_text().replace("lightGcn", "lightGCN"))


async def test_an_empty_store_is_healthy(channel: grpc.aio.Channel) -> None:
    (row,) = await people_and_films().call(channel, "bridge.health")
    assert (row["status"], row["detail"], row["models"]) == ("SERVING", "", [])
    assert (row["serverVersion"], row["pluginVersion"], row["contract"]) == (__version__, "test", CONTRACT)


async def test_a_damaged_model_is_shown_with_the_reason_beside_the_sound_ones(
    hosted: Database, channel: grpc.aio.Channel, tmp_path: Path
) -> None:
    """The server goes on serving; what a health check prints says which model can not answer, and why."""
    damage(tmp_path / "server", "ranks")
    (row,) = await hosted.call(channel, "bridge.health")
    assert (row["status"], row["detail"]) == ("SERVING", "Damaged versions of ['ranks']: see `models`.")
    ranks, rates = sorted(row["models"], key=lambda model: model["modelName"])
    assert (ranks["modelName"], ranks["modelVersion"]) == ("ranks", 1)
    assert "ranks/versions/1/manifest.json` is damaged" in ranks["error"]
    assert rates == {"modelName": "rates", "modelVersion": 1, "error": ""}


async def test_models_of_another_database_are_none_of_this_ones(
    hosted: Database, channel: grpc.aio.Channel, tmp_path: Path
) -> None:
    (folder,) = (tmp_path / "server" / "models").iterdir()
    folder.rename(folder.with_name("another"))
    (row,) = await hosted.call(channel, "bridge.health")
    assert row["models"] == []


@pytest.mark.parametrize(
    ("procedure", "given"),
    [
        ("bridge.health", {}),
        ("bridge.model.list", {}),
        ("bridge.model.list", {"modelName": "ranks"}),
        ("bridge.model.exists", {"modelName": "ranks"}),
        ("bridge.model.drop", {"modelName": "ranks"}),
    ],
)
async def test_manifests_are_not_read_where_all_calls_wait(
    hosted: Database, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch, procedure: str, given: dict[str, str]
) -> None:
    """A slow disk holds up the one who asks, and not the server, whose event loop has the main thread."""
    readers: list[threading.Thread] = []

    def opened(path: Path) -> Version:
        readers.append(threading.current_thread())
        return open_version(path)

    monkeypatch.setattr(catalog, "open_version", opened)
    await hosted.call(channel, procedure, **given)
    assert readers
    assert threading.main_thread() not in readers


async def test_versions_name_everything_that_results_depend_on(channel: grpc.aio.Channel) -> None:
    rows = await people_and_films().call(channel, "bridge.version")
    found = {row["component"]: row["version"] for row in rows}
    assert (found["bridge server"], found["bridge plugin"]) == (__version__, "test")
    assert {"Neo4j", "Graph Data Science", "Python", "torch", "torch-geometric", "numpy"} <= set(found)
    assert found["torch"][0].isdigit()


async def test_the_list_has_every_procedure_with_its_keys(channel: grpc.aio.Channel) -> None:
    """In the order of their names; a key with type, default and a sentence."""
    rows = await people_and_films().call(channel, "bridge.list")
    names = [row["name"] for row in rows]
    assert names == sorted(each.name for family in PROCEDURES for each in family.signatures())
    row = rows[names.index("bridge.recommend.write")]
    assert row["type"] == "WRITE"
    (top_k,) = (key for key in row["configuration"] if key["name"] == "topK")
    assert (top_k["type"], top_k["default"], top_k["required"]) == ("INTEGER", 10, False)
    assert "Targets per source node" in top_k["description"]
    assert {"relationshipsWritten", "writeMillis"} <= {column["name"] for column in row["yields"]}
    assert all(row["description"] and row["signature"] for row in rows)


async def test_a_prefix_keeps_its_procedures_alone(channel: grpc.aio.Channel) -> None:
    rows = await people_and_films().call(channel, "bridge.list", prefix="bridge.model.")
    assert {"bridge.model.drop", "bridge.model.exists", "bridge.model.list"} <= {row["name"] for row in rows}
    assert all(row["name"].startswith("bridge.model.") for row in rows)
    assert await people_and_films().call(channel, "bridge.list", prefix="gds.") == []
