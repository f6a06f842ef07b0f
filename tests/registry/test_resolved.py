"""bridge/registry/resolved.py: what is remembered of which version answers, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.core.errors import NotFoundError
from bridge.registry.catalog import Catalog
from bridge.registry.resolved import RECHECK_SECONDS, Resolved
from bridge.registry.store import Store

from .examples import FILE, publish

ASKED = ("neo4j", "ratings", None)


class Clock:
    """Time that the test tells."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store")
    publish(store)
    publish(store, fill=2.0)
    yield store
    store.close()


def test_a_version_is_found_in_memory_until_something_changes(store: Store) -> None:
    """Each way in which another version may come to answer is seen at once, also where another server goes it."""
    resolved, other = Resolved(store), Store(store._layout.root)
    assert resolved.find(*ASKED) is None
    assert resolved.resolve(*ASKED).number == 2
    for change, number in (
        (lambda: other.promote("neo4j", "ratings", 1, ""), 1),
        (lambda: other.rollback("neo4j", "ratings", ""), 2),
        (lambda: publish(other, fill=3.0), 3),
        (lambda: other.drop("neo4j", "ratings", "", 1), 3),
    ):
        assert (found := resolved.find(*ASKED)) is not None
        assert found == store.resolve("neo4j", "ratings")
        change()
        assert resolved.find(*ASKED) is None
        assert resolved.resolve(*ASKED).number == number
    other.drop("neo4j", "ratings", "")
    assert resolved.find(*ASKED) is None
    with pytest.raises(NotFoundError, match="No models are stored"):
        resolved.resolve(*ASKED)
    other.close()


def test_aliases_and_numbers_are_remembered_each_for_itself(store: Store) -> None:
    resolved = Resolved(store)
    store.promote("neo4j", "ratings", 1, "", alias="stable")
    assert resolved.resolve("neo4j", "ratings", "stable").number == 1
    assert resolved.resolve("", "ratings", 2).number == 2
    found = [resolved.find("neo4j", "ratings", "stable"), resolved.find("", "ratings", 2)]
    assert [each and each.number for each in found] == [1, 2]
    assert resolved.find("neo4j", "ratings", 1) is None


def test_the_files_are_looked_at_again_after_a_while_and_nothing_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that is still sound is not read again; a damaged one gives way, and is back when it is restored."""
    clock = Clock()
    resolved = Resolved(store, clock)
    version = resolved.resolve(*ASKED)
    with monkeypatch.context() as patch:
        patch.setattr(Catalog, "resolve", lambda *_: pytest.fail("read again"))
        clock.now += RECHECK_SECONDS + 0.1
        assert resolved.find(*ASKED) is None
        assert resolved.resolve(*ASKED) is version
        assert resolved.find(*ASKED) is version
    content = (version.path / FILE).read_bytes()
    (version.path / FILE).write_bytes(content[:-1])
    assert resolved.find(*ASKED) is version, "not looked at before its time"
    clock.now += RECHECK_SECONDS + 0.1
    assert resolved.resolve(*ASKED).number == 1
    assert resolved.find(*ASKED) is None, "a stand-in is never remembered"
    (version.path / FILE).write_bytes(content)
    assert resolved.resolve(*ASKED).number == 2
