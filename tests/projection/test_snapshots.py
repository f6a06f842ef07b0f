"""The snapshot store keeps what it was given, within its limit, and nothing by halves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bridge.core.columns import Column, object_column
from bridge.core.errors import FailedPreconditionError, ResourceExhaustedError
from bridge.core.projection import Projection
from bridge.projection import folder
from bridge.projection.snapshots import (
    SnapshotKey,
    Snapshots,
    keys_digest,
    open_snapshot,
    projection_bytes,
    selection_digest,
)
from tests.projection.graphs import ratings

KEY = SnapshotKey("id", "neo4j", "ann", "movies", 1, 2, "selection", "keys")
LIMIT = 1 << 20


def projection(seed: float = 0.0) -> Projection:
    return ratings([("u", movie, 4.5, seed) for movie in range(3000)] + [("v", 1, 0.1, 2.0)])


def test_what_was_kept_is_found_and_opens_in_another_process(tmp_path: Path) -> None:
    """The fingerprint and the arrays are those of the projection, read by a process that knows the path alone."""
    kept = Snapshots(tmp_path / "s", LIMIT).keep(KEY, projection())
    script = (
        "import sys, pathlib; from bridge.projection.snapshots import open_snapshot; "
        "from bridge.projection.fingerprint import fingerprint; "
        "p = open_snapshot(pathlib.Path(sys.argv[1])); print(fingerprint(p.nodes, p.relationships))"
    )
    found = subprocess.run([sys.executable, "-c", script, str(kept.path)], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == kept.fingerprint == projection().fingerprint


def test_an_opened_snapshot_is_mapped_and_cannot_be_changed(tmp_path: Path) -> None:
    """Several processes share the pages, so none may write."""
    opened = open_snapshot(Snapshots(tmp_path, LIMIT).keep(KEY, projection()).path)
    values = opened.relationships["User", "RATED", "Movie"].properties["rating"]
    assert isinstance(values, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 1
    assert opened.nodes["User"].ids.tolist() == projection().nodes["User"].ids.tolist()


@pytest.mark.parametrize(
    "other",
    [
        {"database_id": "x"}, {"database": "x"}, {"user": "bob"}, {"graph_name": "x"}, {"created_millis": 9},
        {"modified_millis": 9}, {"selection": "x"}, {"keys": "x"},
    ],
)  # fmt: skip
def test_another_reading_is_not_found(tmp_path: Path, other: dict) -> None:
    """Every part of the key counts: above all, nobody gets another user's projection."""
    snapshots = Snapshots(tmp_path, LIMIT)
    snapshots.keep(KEY, projection())
    assert snapshots.find(KEY) is not None
    assert snapshots.find(replace(KEY, **other)) is None


def test_only_the_owner_can_read_a_snapshot(tmp_path: Path) -> None:
    """Folders are 0700 and files 0600, whatever the umask."""
    before = os.umask(0)
    try:
        kept = Snapshots(tmp_path / "s", LIMIT).keep(KEY, projection())
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "s", kept.path)} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in kept.path.iterdir()} == {0o600}


def test_a_new_store_starts_empty(tmp_path: Path) -> None:
    """What an earlier process left, finished or not, is swept."""
    Snapshots(tmp_path, LIMIT).keep(KEY, projection())
    (tmp_path / "abc.1.partial").mkdir()
    (tmp_path / "stray").write_text("x")
    snapshots = Snapshots(tmp_path, LIMIT)
    assert list(tmp_path.iterdir()) == []
    assert (snapshots.find(KEY), snapshots.bytes) == (None, 0)


def keys(count: int) -> list[SnapshotKey]:
    return [replace(KEY, graph_name=f"g{index}") for index in range(count)]


def test_the_least_recently_used_makes_room(tmp_path: Path) -> None:
    """Finding counts as use; the limit on bytes holds."""
    size = Snapshots(tmp_path / "a", LIMIT).keep(KEY, projection()).bytes
    snapshots = Snapshots(tmp_path / "b", int(2.5 * size))
    first, second, third = keys(3)
    kept = {key: snapshots.keep(key, projection(index)) for index, key in enumerate((first, second))}
    assert snapshots.find(first) == kept[first]
    snapshots.keep(third, projection(9))
    assert snapshots.find(second) is None
    assert not kept[second].path.exists()
    assert snapshots.find(first) == kept[first]
    assert snapshots.bytes <= 2.5 * size


def test_a_snapshot_in_use_stays(tmp_path: Path) -> None:
    """A pinned one is not evicted: an older one that is free goes first, and without any the newcomer is refused."""
    size = Snapshots(tmp_path / "a", LIMIT).keep(KEY, projection()).bytes
    in_use = f"of which {2 * size / 2**20:.1f} MiB are in use"
    snapshots = Snapshots(tmp_path / "b", int(2.5 * size))
    first, second, third, fourth = keys(4)
    used = snapshots.keep(first, projection(1))
    snapshots.keep(second, projection(2))
    with snapshots.pin(used):
        snapshots.keep(third, projection(3))
        assert (snapshots.find(first), snapshots.find(second)) == (used, None)
        with (
            snapshots.pin(used),
            snapshots.pin(snapshots.find(third)),
            pytest.raises(ResourceExhaustedError, match=in_use),
        ):
            snapshots.keep(fourth, projection(4))
    snapshots.keep(fourth, projection(4))
    assert snapshots.find(first) is None
    with pytest.raises(FailedPreconditionError, match="made room for newer ones"), snapshots.pin(used):
        pass


def test_a_snapshot_above_the_limit_is_refused(tmp_path: Path) -> None:
    """The error has both numbers and the setting to change, and what is kept stays."""
    snapshots = Snapshots(tmp_path, 2**10)
    needed = projection_bytes(projection()) / 2**20
    text = rf"takes {needed:.1f} MiB, but snapshots may take 0\.0 MiB, .* larger BRIDGE_SNAPSHOT_MIB"
    with pytest.raises(ResourceExhaustedError, match=text):
        snapshots.keep(KEY, projection())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever file the disk gives up at, no half snapshot stays, and the error says how much was needed."""
    write, left = folder._write_array, [3]

    def full(path: Path, array: np.ndarray) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        return write(path, array)

    monkeypatch.setattr(folder, "_write_array", full)
    snapshots = Snapshots(tmp_path, LIMIT)
    needed = projection_bytes(projection()) / 2**20
    text = rf"takes {needed:.1f} MiB .*No space left on device.* MiB free"
    with pytest.raises(ResourceExhaustedError, match=text):
        snapshots.keep(KEY, projection())
    assert list(tmp_path.iterdir()) == []
    assert (snapshots.find(KEY), snapshots.bytes) == (None, 0)


def test_two_calls_with_the_same_reading_make_one_snapshot(tmp_path: Path) -> None:
    """Whoever finishes second gets the first one's, and nothing else is left on disk."""
    snapshots = Snapshots(tmp_path, LIMIT)
    found = []
    threads = [threading.Thread(target=lambda: found.append(snapshots.keep(KEY, projection()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert list(tmp_path.iterdir()) == [found[0].path]


def test_digests_tell_selections_and_keys_apart() -> None:
    """The order of names does not matter; names, values and what they are the values of do."""
    assert selection_digest({"A": ("x", "y")}, {}) == selection_digest({"A": ("y", "x")}, {})
    assert selection_digest({"A": ("x",)}, {}) != selection_digest({}, {"A": ("x",)})
    columns = [object_column(["a"]), object_column([1]), object_column(["1"]), Column(np.array([2]))]
    columns += [object_column(each) for each in (["a", "b"], ["a\0b"], ["ab"], ["a", None])]
    masked = Column(np.array([2]), np.array([0], dtype=np.uint8))
    digests = {keys_digest({"A": column}, {"A": "id"}) for column in [*columns, masked]}
    assert len(digests | {keys_digest({"A": columns[0]}, {"A": "name"}), keys_digest({"B": columns[0]}, {})}) == 11
