"""A folder is opened whole or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bridge.core.columns import Column
from bridge.core.errors import DamagedError
from bridge.core.projection import KEPT_PREFIX, Projection
from bridge.projection import folder as folders
from bridge.projection.columns import canonical
from bridge.projection.folder import MANIFEST, keep_files, open_folder, write_folder
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


def ratings_of(projection: Projection) -> list[float]:
    return [float(value) for table in projection.relationships.values() for value in table.properties["rating"]]


def test_a_kept_projection_shares_its_bytes_and_outlives_the_folder(tmp_path: Path) -> None:
    """Beside other files, under names of its own; hard links, so that it takes no room of its own."""
    kept = tmp_path / "version"
    kept.mkdir()
    (kept / MANIFEST).write_text("another manifest")
    before = open_folder(written(tmp_path))
    keep_files(tmp_path / "p", kept)
    for file in (tmp_path / "p").iterdir():
        assert file.samefile(kept / f"{KEPT_PREFIX}{file.name}")
        file.unlink()
    after = open_folder(kept, KEPT_PREFIX)
    assert after.fingerprint == before.fingerprint
    assert ratings_of(after) == [4.5, 3.0]
    assert (kept / MANIFEST).read_text() == "another manifest"
    assert all(isinstance(table.keys, np.memmap) for table in after.nodes.values()), "mapped, not copied"


def test_a_projection_is_copied_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another file system, or one that has none; any other trouble comes through."""
    kept = tmp_path / "version"
    kept.mkdir()
    path = written(tmp_path)

    def refuse(source: Path, target: Path) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(folders.os, "link", refuse)
    number = folders.errno.ENOSPC
    with pytest.raises(OSError, match="no"):
        keep_files(path, kept)
    number = folders.errno.EXDEV
    keep_files(path, kept)
    assert ratings_of(open_folder(kept, KEPT_PREFIX)) == [4.5, 3.0]
    assert not (path / MANIFEST).samefile(kept / f"{KEPT_PREFIX}{MANIFEST}")
