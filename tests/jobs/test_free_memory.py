"""bridge/jobs/free_memory.py: a container's limit counts, not the machine's memory."""

from pathlib import Path

import pytest

from bridge.jobs.free_memory import free_bytes

MIB = 2**20


def write(folder: Path, **texts: str) -> None:
    """Write the files of one control group; `__` stands for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


def free(root: Path, groups: str) -> int:
    (root / "groups").write_text(groups)
    return free_bytes(root / "groups", root / "mount")


def test_a_limit_of_version_2_counts_and_what_files_take_does_not(tmp_path: Path) -> None:
    """What is left is the limit less what is used, files that nobody used lately taken as free."""
    write(tmp_path / "mount" / "service", memory__max=f"{8 * MIB}", memory__current=f"{6 * MIB}",
          memory__stat=f"anon 7\ninactive_file {MIB}")  # fmt: skip
    assert free(tmp_path, "0::/service\n") == 3 * MIB


def test_a_limit_of_version_1_counts(tmp_path: Path) -> None:
    write(tmp_path / "mount" / "memory" / "box", memory__limit_in_bytes=f"{8 * MIB}",
          memory__usage_in_bytes=f"{5 * MIB}", memory__stat=f"total_inactive_file {2 * MIB}")  # fmt: skip
    assert free(tmp_path, "9:name=systemd:/\n4:cpu,memory:/box\n") == 5 * MIB


def test_the_tightest_of_the_groups_around_counts(tmp_path: Path) -> None:
    """Also where a container sees its own group as the mount, under a path that only the machine knows."""
    write(tmp_path / "mount", memory__max=f"{4 * MIB}", memory__current="0", memory__stat="anon 0")
    write(tmp_path / "mount" / "a", memory__max="max", memory__current="0", memory__stat="anon 0")
    write(tmp_path / "mount" / "a" / "b", memory__max=f"{9 * MIB}", memory__current="0", memory__stat="anon 0")
    assert free(tmp_path, "0::/a/b\n") == 4 * MIB
    assert free(tmp_path, "0::/docker/0f3c\n") == 4 * MIB


@pytest.mark.parametrize("groups", ["", "0::/\n", "4:memory:/box\n"])
def test_without_a_limit_it_is_what_the_machine_has_left(tmp_path: Path, groups: str) -> None:
    """No file, no limit, or version 1's number that stands for none."""
    write(tmp_path / "mount" / "memory" / "box", memory__limit_in_bytes="9223372036854771712",
          memory__usage_in_bytes="0", memory__stat="anon 0")  # fmt: skip
    assert free(tmp_path, groups) > 64 * MIB
    assert free_bytes(tmp_path / "absent", tmp_path / "mount") > 64 * MIB


def test_a_spent_limit_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path / "mount", memory__max=f"{MIB}", memory__current=f"{2 * MIB}", memory__stat="anon 0")
    assert free(tmp_path, "0::/\n") == 0
