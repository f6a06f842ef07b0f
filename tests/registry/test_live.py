"""Models in memory: loaded once, bounded, dropped."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.registry.live import Live
from bridge.registry.store import Store
from bridge.registry.version import Version

from .examples import publish


@pytest.fixture
def versions(tmp_path: Path) -> list[Version]:
    store = Store(tmp_path)
    return [publish(store, f"model{number}") for number in range(4)]


def test_a_model_is_loaded_once_however_many_ask_at_once(versions: list[Version]) -> None:
    """All get the very same object."""
    live: Live[object] = Live()
    loads = []
    gate = threading.Barrier(8)

    def load() -> object:
        loads.append(1)
        return object()

    def ask() -> object:
        gate.wait(10)
        return live.get(versions[0], load)

    with ThreadPoolExecutor(8) as pool:
        models = [one.result() for one in [pool.submit(ask) for _ in range(8)]]
    assert len(loads) == 1
    assert len({id(model) for model in models}) == 1


def test_a_load_does_not_hold_up_another_model(versions: list[Version]) -> None:
    """Only callers of the same version wait."""
    live: Live[str] = Live()
    other = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(live.get, versions[0], lambda: "slow" if other.wait(10) else "stuck")
        assert live.get(versions[1], lambda: "quick") == "quick"
        other.set()
        assert slow.result() == "slow"


def test_the_least_recently_used_model_is_let_go(versions: list[Version]) -> None:
    """By count; using a model makes it recent."""
    live: Live[str] = Live(max_models=2)
    live.get(versions[0], lambda: "a")
    live.get(versions[1], lambda: "b")
    live.get(versions[0], lambda: "again")
    live.get(versions[2], lambda: "c")
    assert live.keys() == [versions[0].key, versions[2].key]
    assert live.get(versions[0], lambda: "reloaded") == "a"


def test_models_are_let_go_by_size_but_never_the_one_asked_for(versions: list[Version]) -> None:
    """A model bigger than the bound is served alone."""
    live: Live[str] = Live(max_bytes=100)
    live.get(versions[0], lambda: "a", size_bytes=60)
    live.get(versions[1], lambda: "b", size_bytes=40)
    assert live.size_bytes == 100
    live.get(versions[2], lambda: "c", size_bytes=500)
    assert (live.keys(), live.size_bytes) == ([versions[2].key], 500)


def test_a_failed_load_is_tried_again_by_the_next_caller(versions: list[Version]) -> None:
    """A passing fault leaves nothing behind."""
    live: Live[str] = Live()

    def fail() -> str:
        raise OSError("for the moment")

    with pytest.raises(OSError, match="for the moment"):
        live.get(versions[0], fail)
    assert live.keys() == []
    assert live.get(versions[0], lambda: "a") == "a"


def test_models_that_can_not_be_loaded_leave_nothing_behind(versions: list[Version]) -> None:
    """In a server that runs for months; who waited for the failed load loads it, once."""
    live, loads, waiting = Live[str](), [], threading.Event()

    def fail() -> str:
        assert waiting.wait(10)
        raise OSError("damaged")

    def load() -> str:
        loads.append(1)
        return "a"

    for version in versions:
        waiting.set()
        with pytest.raises(OSError, match="damaged"):
            live.get(version, fail)
    assert not live._places
    waiting.clear()
    with ThreadPoolExecutor(4) as pool:
        failing = pool.submit(live.get, versions[0], fail)
        others = [pool.submit(live.get, versions[0], load) for _ in range(3)]
        while live._places[versions[0].key].callers < 4:
            time.sleep(0.01)
        waiting.set()
        assert [one.result(10) for one in others] == ["a"] * 3
        with pytest.raises(OSError, match="damaged"):
            failing.result(10)
    assert (len(loads), live.keys()) == (1, [versions[0].key])


def test_a_dropped_model_leaves_memory_with_all_its_versions(tmp_path: Path) -> None:
    """Also one whose load was under way; whoever holds a model keeps it."""
    store, live = Store(tmp_path), Live[str]()
    first, second = publish(store), publish(store)
    other = publish(store, "other")
    for version in (first, other):
        live.get(version, lambda: "model")

    def load() -> str:
        live.drop("neo4j", "ratings")
        return "late"

    assert live.get(second, load) == "late"
    assert live.keys() == [other.key]


def test_a_model_trained_anew_under_a_dropped_name_is_not_mistaken_for_the_old_one(tmp_path: Path) -> None:
    """Name and number are the same, the key is not."""
    store = Store(tmp_path)
    old = publish(store)
    store.drop("neo4j", "ratings", "")
    new = publish(store, created_millis=1_800_000_000_000)
    live: Live[str] = Live()
    live.get(old, lambda: "old")
    assert (old.number, new.number) == (1, 1)
    assert live.get(new, lambda: "new") == "new"
