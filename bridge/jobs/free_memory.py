"""The memory that a new process could take: what the machine has left, or a control group around this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

GROUPS = Path("/proc/self/cgroup")
MOUNT = Path("/sys/fs/cgroup")

NO_LIMIT = 1 << 60
"""Version 1 says it has no limit by a number beyond all memory."""


@dataclass(frozen=True)
class _Names:
    """The files of a control group's memory, by the interface's version (kernel: cgroup-v1/memory, cgroup-v2)."""

    limit: str
    used: str
    reclaimable: str
    """The line of memory.stat with the bytes of files that nobody used lately: the kernel takes them when it needs."""


V1 = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
V2 = _Names("memory.max", "memory.current", "inactive_file")


def free_bytes(groups: Path = GROUPS, mount: Path = MOUNT) -> int:
    """Return the least that the machine and every control group around this process have left.

    Args:
        groups: the file with the groups of this process.
        mount: where the control groups are mounted, those of version 1 each under its controller's name.
    """
    return min([int(psutil.virtual_memory().available), *_left_in_groups(groups, mount)])


def _left_in_groups(groups: Path, mount: Path) -> Iterator[int]:
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return  # not Linux
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            yield from _left(mount, path, V2)
        elif "memory" in controllers.split(","):
            yield from _left(mount / "memory", path, V1)


def _left(mount: Path, path: str, names: _Names) -> Iterator[int]:
    """Yield what is left in a group and in those around it; a container sees its own group as the mount itself."""
    inner = mount / path.lstrip("/")
    for folder in [inner, *inner.parents]:
        if folder.is_relative_to(mount) and (left := _left_in(folder, names)) is not None:
            yield left


def _left_in(folder: Path, names: _Names) -> int | None:
    try:
        limit = (folder / names.limit).read_text().strip()
        if limit == "max" or int(limit) >= NO_LIMIT:
            return None
        used = int((folder / names.used).read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return max(0, int(limit) - used + int(stat.get(names.reclaimable, 0)))
    except (OSError, ValueError):
        return None  # no such group here, or none that limits memory
