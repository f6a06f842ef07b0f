"""Promote and rollback while others ask: every call is answered, by one version."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from bridge.registry import files
from bridge.registry.live import Live
from bridge.registry.store import Store
from bridge.registry.version import Version

from .examples import FILE, publish

RATINGS = ("neo4j", "ratings")
SWAPS, CLIENTS = 50, 8


def weight_of(version: Version) -> float:
    return float(version.arrays(FILE)["user"][0, 0])


def test_eight_clients_are_answered_through_fifty_swaps(tmp_path: Path) -> None:
    """No call fails, and none mixes versions: number, weights and a second look at the weights agree."""
    store, live = Store(tmp_path), Live[float](max_models=1)
    for fill in (1.0, 2.0):
        publish(store, fill=fill)
    ended = threading.Event()

    def ask() -> set[int]:
        seen = set()
        while not ended.is_set():
            version = store.resolve(*RATINGS)
            weight = live.get(version, partial(weight_of, version))
            assert (weight, float(version.arrays(FILE)["user"][-1, -1])) == (version.number, version.number)
            seen.add(version.number)
        return seen

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(ask) for _ in range(CLIENTS)]
        try:
            for number in range(SWAPS):
                if number % 2:
                    store.promote(*RATINGS, 2, "")
                else:
                    assert store.rollback(*RATINGS, "") == (1, 2)
        finally:
            ended.set()
        seen = [client.result() for client in clients]
    assert set.union(*seen) == {1, 2}
    assert store.resolve(*RATINGS).number == 2


@pytest.mark.parametrize("by", ["rollback", "drop", "drop one", "promote", "publish"])
def test_nobody_waits_for_the_hashing_of_another_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """A version may have gigabytes: a store in whose lock they are read does nothing else for that long."""
    before = Store(tmp_path)
    for _ in range(3):
        publish(before)
    store, hashed, verify = Store(tmp_path), [], Version.verify
    monkeypatch.setattr(Version, "verify", lambda version: (hashed.append(is_free(store)), verify(version)))
    act: dict[str, Callable[[], object]] = {
        "rollback": lambda: store.rollback(*RATINGS, ""),
        "drop": lambda: store.drop(*RATINGS, ""),
        "drop one": lambda: store.drop(*RATINGS, "", 1),
        "promote": lambda: store.promote(*RATINGS, 1, ""),
        "publish": lambda: publish(store),
    }
    act[by]()
    assert set(hashed) == {True}


def is_free(store: Store) -> bool:
    """Say whether somebody else could change the store now."""
    claim = files.take_lock(store._layout.lock)
    if claim is not None:
        os.close(claim)
    return claim is not None


def test_what_changes_while_a_version_is_hashed_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The champion moves meanwhile: the rollback is to its predecessor. A version comes: it is dropped with the rest,
    and said to be."""
    store, verify = Store(tmp_path), Version.verify
    for fill in (1.0, 2.0, 3.0):
        publish(store, fill=fill)
    meanwhile = [lambda: store.promote(*RATINGS, 1, "")]

    def disturbed(version: Version) -> None:
        verify(version)
        if meanwhile and is_free(store):
            meanwhile.pop()()

    other = Store(tmp_path)
    monkeypatch.setattr(Version, "verify", disturbed)
    assert other.rollback(*RATINGS, "") == (3, 1)
    meanwhile.append(lambda: publish(store))
    other = Store(tmp_path)
    assert other.drop(*RATINGS, "").versions == (1, 2, 3, 4)
    assert store.models("neo4j") == []


def test_versions_dropped_meanwhile_fail_no_call(tmp_path: Path) -> None:
    """Between the alias and the files of its version the version may go, when the alias has moved before."""
    store = Store(tmp_path)
    publish(store, fill=1.0)
    ended = threading.Event()

    def ask() -> int:
        last = 0
        while not ended.is_set():
            number = store.resolve(*RATINGS).number
            assert number >= last
            last = number
        return last

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(ask) for _ in range(4)]
        try:
            for number in range(2, 42):
                publish(store, fill=number)
                if number > 2:
                    store.drop(*RATINGS, "", number - 2)
        finally:
            ended.set()
        assert all(1 <= client.result() <= 41 for client in clients)
    assert store.versions(*RATINGS) == [40, 41]
