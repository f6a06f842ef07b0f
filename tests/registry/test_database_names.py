"""The databases of a store by their names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.core.errors import InvalidArgumentError, NotFoundError
from bridge.registry.database_names import DatabaseNames
from bridge.registry.store import Store
from tests.registry.examples import publish


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def test_a_database_goes_by_its_name(store: Store) -> None:
    """However it is spelled; without a name while there is one alone."""
    publish(store, database="neo4j", database_id="A1")
    assert store.databases() == {"neo4j": "A1"}
    assert store.database_key("neo4j") == store.database_key("Neo4j") == store.database_key("") == "A1"
    publish(store, database="films")
    assert store.databases() == {"films": "films", "neo4j": "A1"}
    with pytest.raises(InvalidArgumentError, match="several databases are stored: `films`, `neo4j`"):
        store.database_key("")


def test_a_name_without_models_brings_those_there_are(store: Store) -> None:
    """One whose models were all dropped is none of them."""
    with pytest.raises(NotFoundError, match="No models are stored"):
        store.database_key("")
    publish(store, database="neo4j")
    publish(store, "gone", database="films")
    store.drop("films", "gone", "")
    with pytest.raises(NotFoundError, match=r"only of `neo4j`\. Did you mean `neo4j`\?"):
        store.database_key("neo4")
    assert store.database_key("") == "neo4j"


def test_two_databases_of_one_name_go_by_their_ids(store: Store) -> None:
    """No command may act on another model because of what was trained meanwhile."""
    publish(store, database="neo4j", database_id="OLD")
    assert store.database_key("neo4j") == "OLD"
    publish(store, database="neo4j", database_id="NEW")
    assert store.databases() == {"NEW": "NEW", "OLD": "OLD"}
    assert store.database_key("OLD") == "OLD"
    with pytest.raises(InvalidArgumentError, match=r"2 databases of that name are stored.*`NEW`, `OLD`") as raised:
        store.database_key("neo4j")
    assert raised.value.reason == "DATABASE_AMBIGUOUS"
    store.drop("OLD", "ratings", "")
    assert store.database_key("neo4j") == store.database_key("") == "NEW"


def test_what_was_found_holds_until_a_database_comes(store: Store, tmp_path: Path) -> None:
    """A prediction reads no folder to learn a name, and yet does not miss the second database."""
    publish(store, database="neo4j", database_id="A1")
    os.utime(tmp_path / "models", (1, 1))
    assert store.database_key("") == store.database_key("neo4j") == "A1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseNames, "keys", None)
        assert store.database_key("") == store.database_key("neo4j") == "A1"
    publish(store, database="films")
    with pytest.raises(InvalidArgumentError, match="several databases"):
        store.database_key("")
    os.utime(tmp_path / "models", (2, 2))
    assert store.database_key("films") == "films"
    store.drop("films", "ratings", "")
    assert store.database_key("") == "A1"


def test_a_database_of_which_nothing_can_be_read_goes_by_what_it_is_filed_under(store: Store, tmp_path: Path) -> None:
    """A version that can be read names it, however old."""
    for _ in range(2):
        publish(store, database="neo4j", database_id="A1")
    old, new = sorted(tmp_path.glob("models/A1/ratings/versions/*/manifest.json"))
    new.write_text("{")
    assert store.databases() == {"neo4j": "A1"}
    old.write_text("{")
    store.close()
    again = Store(tmp_path)
    assert again.databases() == {"A1": "A1"}
    again.close()
