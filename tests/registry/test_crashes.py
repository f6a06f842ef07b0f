"""Killed anywhere: a store that opens again and answers."""

import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from bridge.registry.aliases import CHAMPION, PREVIOUS
from bridge.registry.store import Store

from .examples import FILE, manifest, publish, write_arrays

Changes = list[tuple[tuple[int, ...], dict[str, int]]]


def killed_at_line(number: int, work: Callable[[Path], Any], root: Path) -> bool:
    """Run `work(root)` in a fork that kills itself at the given line of the store; say whether it lived to."""
    pid = os.fork()
    if pid == 0:
        lines = 0

        def trace(frame: FrameType, event: str, argument: object) -> Any:
            nonlocal lines
            if not re.search(r"bridge/registry|/shutil\.py", frame.f_code.co_filename):
                return None
            if event == "line":
                lines += 1
                if lines == number:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        try:
            sys.settrace(trace)
            work(root)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def test_a_publish_killed_anywhere_leaves_a_whole_version_or_none(tmp_path: Path) -> None:
    """SIGKILL at every eleventh line that the store executes: what is there afterwards opens and verifies."""
    number, outcomes = 1, []
    while killed_at_line(number, lambda root: publish(Store(root), fill=2.0), root := tmp_path / str(number)):
        store = Store(root)
        found = [version for entry in store.models("neo4j") for version in entry.versions]
        outcomes.append(found)
        if found:
            assert store.aliases("neo4j", "ratings") == {"champion": 1}
            assert store.resolve("neo4j", "ratings").arrays(FILE)["user"][0, 0] == 2
        assert publish(store).number == len(found) + 1
        store.close()
        assert list((root / "staging").iterdir()) == []
        number += 11
    assert [1] in outcomes
    assert outcomes.count([]) > 20


def test_a_drop_killed_anywhere_leaves_the_whole_model_or_none(tmp_path: Path) -> None:
    """SIGKILL at every ninth line: never some of its versions, and the next start removes the rest."""
    number, outcomes = 1, set()

    def with_two_versions(root: Path) -> Path:
        store = Store(root)
        publish(store)
        publish(store)
        store.close()
        return root

    def drop(root: Path) -> None:
        Store(root).drop("neo4j", "ratings", "")

    while killed_at_line(number, drop, root := with_two_versions(tmp_path / str(number))):
        store = Store(root)
        outcomes.add(tuple(entry.versions for entry in store.models("neo4j")))
        assert list((root / "trash").iterdir()) == []
        number += 9
    assert number > 80
    assert outcomes == {(), ((1, 2),)}


def killed_everywhere(root: Path, change: Callable[[Store], Any], every: int) -> Changes:
    """Kill a change of a model with three versions, champion 2 and previous 1, again and again, each time later.

    Returns:
        the versions and the aliases that each kill left, and the whole change at last, in which every alias names a
        version that verifies.
    """
    with_versions = Store(root / "template")
    for fill in (1.0, 2.0):
        publish(with_versions, fill=fill)
    add_candidate(with_versions)
    with_versions.close()
    found: Changes = []
    number = 1
    place = root / "1"
    killed = True
    while killed:
        killed = killed_at_line(number, lambda place: change(Store(place)), shutil.copytree(root / "template", place))
        store = Store(place)
        versions, aliases = tuple(store.versions("neo4j", "ratings")), store.aliases("neo4j", "ratings")
        assert set(aliases.values()) <= set(versions)
        for version in versions:
            store.version("neo4j", "ratings", version).verify()
        assert store.verify_aliased() == []
        assert store.resolve("neo4j", "ratings").arrays(FILE)["user"][0, 0] == aliases[CHAMPION]
        assert publish(store, fill=9.0).number > max(versions)
        assert store.aliases("neo4j", "ratings")[PREVIOUS] == aliases[CHAMPION]
        store.close()
        shutil.rmtree(place)
        found.append((versions, aliases))
        number += every
        place = root / str(number)
    return found


def add_candidate(store: Store) -> int:
    staging = store.stage()
    write_arrays(staging, 3.0)
    return store.publish(staging, manifest(), promote=False).number


BEFORE = {"champion": 2, "previous": 1}


@pytest.mark.parametrize(
    ("change", "versions", "aliases"),
    [
        (lambda store: publish(store, fill=4.0), (1, 2, 3, 4), {"champion": 4, "previous": 2}),
        (add_candidate, (1, 2, 3, 4), BEFORE),
        (lambda store: store.promote("neo4j", "ratings", 3, ""), (1, 2, 3), {"champion": 3, "previous": 2}),
        (lambda store: store.promote("neo4j", "ratings", 3, "", "night"), (1, 2, 3), {**BEFORE, "night": 3}),
        (lambda store: store.rollback("neo4j", "ratings", ""), (1, 2, 3), {"champion": 1, "previous": 2}),
        (lambda store: store.drop("neo4j", "ratings", "", 3), (1, 2), BEFORE),
    ],
    ids=["publish", "publish a candidate", "promote", "alias", "rollback", "drop a version"],
)
def test_a_change_killed_anywhere_has_happened_or_not(
    tmp_path: Path, change: Callable[[Store], Any], versions: tuple[int, ...], aliases: dict[str, int]
) -> None:
    """Old or new, or a whole version that is not champion yet; no alias to nothing, and the next change works."""
    found = killed_everywhere(tmp_path, change, every=17)
    states = [((1, 2, 3), BEFORE), (versions, BEFORE), (versions, aliases)]
    assert all(state in states for state in found)
    assert found[0] == states[0]
    assert found[-1] == states[-1]
    assert found == sorted(found, key=states.index), "it goes forward only"
