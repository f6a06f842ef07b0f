"""A folder is opened whole or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.core.columns import Column
from bridge.core.errors import DamagedError
from bridge.projection.columns import canonical
from bridge.projection.folder import MANIFEST, open_folder, write_folder
from tests.projection.graphs import nodes, ratings, raw


def written(tmp_path: Path) -> Path:
    write_folder(tmp_path / "p", ratings([("u", 1, 4.5, 1.0), ("v", 2, 3.0, 2.0)]))
    return tmp_path / "p"


def test_the_size_is_that_on_disk(tmp_path: Path) -> None:
    """The store counts bytes by it."""
    size = write_folder(tmp_path / "p", ratings([("u", 1, 4.5, 1.0), ("v", 2, 3.0, 2.0)]))
    assert size == sum(file.stat().st_size for file in (tmp_path / "p").iterdir())


def test_a_half_written_folder_is_refused(tmp_path: Path) -> None:
    """The manifest is written last: without it, nothing is there."""
    (written(tmp_path) / MANIFEST).unlink()
    with pytest.raises(DamagedError, match=r"manifest.json cannot be read. Call again"):
        open_folder(tmp_path / "p")


@pytest.mark.parametrize("manifest", [b"{", b"[]", b'{"format": 99}', b"\xff"])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, manifest: bytes) -> None:
    """Neither broken text nor another format opens."""
    (written(tmp_path) / MANIFEST).write_bytes(manifest)
    with pytest.raises(DamagedError, match="is not what was written"):
        open_folder(tmp_path / "p")


@pytest.mark.parametrize("change", ["cut", "remove"])
def test_a_file_of_another_size_is_refused(tmp_path: Path, change: str) -> None:
    """Each file must be there with the size in the manifest."""
    for number in range(len(list(written(tmp_path).iterdir())) - 1):
        file = tmp_path / "p" / f"{number}.npy"
        content = file.read_bytes()
        file.write_bytes(content[:-1]) if change == "cut" else file.unlink()
        with pytest.raises(DamagedError, match=rf"{number}.npy does not have {len(content)} bytes"):
            open_folder(tmp_path / "p")
        file.write_bytes(content)
    assert open_folder(tmp_path / "p").node_count == 4


def test_names_of_any_characters_and_empty_tables_survive(tmp_path: Path) -> None:
    """Labels and properties are Cypher names, not file names."""
    empty = nodes("../../etc", [], **{"a/b\0": Column(nodes("x", []).columns["id"].values)})
    projection = canonical(raw([empty], []))
    write_folder(tmp_path / "p", projection)
    opened = open_folder(tmp_path / "p")
    assert list(opened.nodes["../../etc"].properties) == ["a/b\0"]
    assert opened.fingerprint == projection.fingerprint
