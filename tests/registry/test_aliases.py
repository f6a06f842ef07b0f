"""Aliases: movable names of versions, in one file that is whole or not there."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bridge.core.errors import (
    BridgeError,
    DamagedError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
)
from bridge.registry.aliases import ALIASES_NAME, Aliases, read_aliases, write_aliases
from bridge.registry.store import Store

from .examples import FILE, manifest, publish, write_arrays

RATINGS = ("neo4j", "ratings")


def candidate(store: Store, **changes: Any) -> int:
    """Publish a version that is not promoted."""
    staging = store.stage()
    write_arrays(staging, 3.0)
    return store.publish(staging, manifest(**changes), promote=False).number


def three_versions(root: Path, **changes: Any) -> Store:
    store = Store(root)
    for fill in (1.0, 2.0, 3.0):
        publish(store, fill=fill, **changes)
    return store


def test_each_promoted_version_is_champion_and_the_one_before_it_previous(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store)
    assert store.aliases(*RATINGS) == {"champion": 1}
    publish(store)
    assert store.aliases(*RATINGS) == {"champion": 2, "previous": 1}
    publish(store)
    assert Store(tmp_path).aliases(*RATINGS) == {"champion": 3, "previous": 2}


def test_a_version_that_is_not_promoted_waits_unless_it_is_the_first(tmp_path: Path) -> None:
    """The gate decides between publishing and promoting; the first version always serves."""
    store = Store(tmp_path)
    assert candidate(store) == 1
    assert store.resolve(*RATINGS).number == 1
    assert candidate(store) == 2
    assert (store.resolve(*RATINGS).number, store.resolve(*RATINGS, 2).number) == (1, 2)
    assert store.promote(*RATINGS, 2, "") == (2, 1)
    assert store.resolve(*RATINGS).number == 2


def test_a_version_knows_its_parent_and_the_gates_result(tmp_path: Path) -> None:
    """The parent is the champion of that moment, unless the training says which one it is; both are sealed."""
    store = three_versions(tmp_path)
    store.rollback(*RATINGS, "")
    gate = {"outcome": "PROMOTED", "candidate": {"rmse": 0.8}}
    versions = [publish(store, gate=gate), publish(store, parent_version=1)]
    assert [version.manifest.parent_version for version in versions] == [2, 1]
    assert store.version(*RATINGS, 4).manifest.gate == gate
    assert [store.version(*RATINGS, number).manifest.parent_version for number in (1, 2, 3)] == [None, 1, 2]


def test_a_rollback_exchanges_champion_and_previous(tmp_path: Path) -> None:
    """Twice is back again."""
    store = three_versions(tmp_path)
    assert store.rollback(*RATINGS, "") == (2, 3)
    assert store.aliases(*RATINGS) == {"champion": 2, "previous": 3}
    assert store.resolve(*RATINGS).arrays(FILE)["user"][0, 0] == 2
    assert store.rollback(*RATINGS, "") == (3, 2)


def test_there_is_no_way_back_from_the_first_champion(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store)
    with pytest.raises(FailedPreconditionError, match="no `previous` version to roll back to") as caught:
        store.rollback(*RATINGS, "")
    assert caught.value.reason == "NO_PREVIOUS"


def test_promoting_the_champion_again_keeps_the_way_back(tmp_path: Path) -> None:
    """Otherwise a repeated call would make `previous` the champion itself."""
    store = three_versions(tmp_path)
    assert store.promote(*RATINGS, "champion", "") == (3, 3)
    assert store.aliases(*RATINGS) == {"champion": 3, "previous": 2}


def test_a_version_can_bear_names_of_the_users_own(tmp_path: Path) -> None:
    """They move alone, resolve as numbers do, and can be taken away."""
    store = three_versions(tmp_path)
    assert store.promote(*RATINGS, 1, "", "night") == (1, None)
    assert store.promote(*RATINGS, "night", "", "canary") == (1, None)
    assert store.promote(*RATINGS, 2, "", "night") == (2, 1)
    assert store.aliases(*RATINGS) == {"champion": 3, "previous": 2, "canary": 1, "night": 2}
    assert [store.resolve(*RATINGS, name).number for name in ("night", "canary", "previous")] == [2, 1, 2]
    assert store.remove_alias(*RATINGS, "canary", "") == 1
    with pytest.raises(NotFoundError, match=r"no alias `canary`, only the versions 1, 2, 3; .*`night` \(2\)"):
        store.resolve(*RATINGS, "canary")


@pytest.mark.parametrize("alias", ["", "7", "a b", "..", "a" * 65, "previous"])
def test_an_alias_that_none_can_have_is_refused(tmp_path: Path, alias: str) -> None:
    """A number would look like a version, and `previous` follows the champion."""
    store = three_versions(tmp_path)
    with pytest.raises(InvalidArgumentError, match=f"`alias` was `{alias}`"):
        store.promote(*RATINGS, 1, "", alias)
    with pytest.raises(BridgeError):
        store.remove_alias(*RATINGS, alias, "")
    assert store.aliases(*RATINGS) == {"champion": 3, "previous": 2}


def test_an_alias_of_a_version_that_is_not_there_is_refused(tmp_path: Path) -> None:
    store = three_versions(tmp_path)
    for version, words in ((9, "no version 9"), ("none", "no alias `none`")):
        with pytest.raises(NotFoundError, match=words) as caught:
            store.promote(*RATINGS, version, "")
        assert caught.value.reason == "VERSION_NOT_FOUND"
    with pytest.raises(NotFoundError, match="Did you mean `ratings`"):
        store.promote("neo4j", "ratigs", 1, "")
    assert store.aliases(*RATINGS) == {"champion": 3, "previous": 2}


def test_only_the_owner_moves_aliases(tmp_path: Path) -> None:
    store = three_versions(tmp_path, owner="alice")
    changes: list[Callable[[str], Any]] = [
        lambda user: store.promote(*RATINGS, 1, user),
        lambda user: store.promote(*RATINGS, 1, user, "night"),
        lambda user: store.rollback(*RATINGS, user),
        lambda user: store.remove_alias(*RATINGS, "night", user),
        lambda user: store.drop(*RATINGS, user, 2),
    ]
    for change in changes:
        with pytest.raises(PermissionDeniedError, match="belongs to user `alice`"):
            change("bob")
    assert store.aliases(*RATINGS) == {"champion": 3, "previous": 2}
    for change in changes[:4]:
        change("alice")
    assert store.aliases(*RATINGS) == {"champion": 3, "previous": 1}


def test_a_version_under_an_alias_is_not_dropped(tmp_path: Path) -> None:
    """The error says under which."""
    store = three_versions(tmp_path)
    store.promote(*RATINGS, 2, "", "night")
    for version, words in ((3, "is `champion`"), ("night", "is `night` and `previous`")):
        with pytest.raises(FailedPreconditionError, match=words) as caught:
            store.drop(*RATINGS, "", version)
        assert caught.value.reason == "VERSION_ALIASED"
    with pytest.raises(NotFoundError, match="no version 8"):
        store.drop(*RATINGS, "", 8)
    store.drop(*RATINGS, "", 1)
    assert store.versions(*RATINGS) == [2, 3]


def test_the_number_of_a_dropped_version_does_not_come_back(tmp_path: Path) -> None:
    """What was written with it in the database stays another model's."""
    store = three_versions(tmp_path)
    store.rollback(*RATINGS, "")
    store.promote(*RATINGS, 1, "")
    store.drop(*RATINGS, "", 3)
    assert store.versions(*RATINGS) == [1, 2]
    assert publish(Store(tmp_path)).number == 4


def test_in_a_model_from_before_there_were_aliases_the_newest_answers(tmp_path: Path) -> None:
    """Until one is published that is not promoted, or one is promoted: then the old one is written down first."""
    for change, aliases in (
        (lambda store: candidate(store), {"champion": 3}),
        (lambda store: publish(store), {"champion": 4, "previous": 3}),
        (lambda store: store.promote(*RATINGS, 1, ""), {"champion": 1, "previous": 3}),
        (lambda store: store.drop(*RATINGS, "", 1), {"champion": 3}),
    ):
        store = three_versions(tmp_path / str(len(list(tmp_path.iterdir()))))
        (store.version(*RATINGS, 1).path.parents[1] / ALIASES_NAME).unlink()
        assert (store.resolve(*RATINGS).number, store.aliases(*RATINGS)) == (3, {"champion": 3})
        with pytest.raises(FailedPreconditionError, match="`champion`"):
            store.drop(*RATINGS, "", 3)
        change(store)
        assert store.aliases(*RATINGS) == aliases


def test_aliases_come_back_as_they_were_written(tmp_path: Path) -> None:
    aliases = Aliases(versions={"champion": 2, "a-1": 1}, highest=7)
    assert read_aliases(tmp_path) is None
    write_aliases(tmp_path, aliases)
    assert read_aliases(tmp_path) == aliases
    assert (tmp_path / ALIASES_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [ALIASES_NAME]


def test_every_change_of_stored_aliases_is_noticed(tmp_path: Path) -> None:
    """Cut anywhere, or with any bit flipped: no other version answers for it."""
    write_aliases(tmp_path, Aliases(versions={"champion": 2, "previous": 1}))
    path = tmp_path / ALIASES_NAME
    text = path.read_bytes()
    for end in range(0, len(text) - 1, 7):
        path.write_bytes(text[:end])
        with pytest.raises(DamagedError, match=ALIASES_NAME):
            read_aliases(tmp_path)
    for place in range(0, len(text), 3):
        path.write_bytes(text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :])
        try:
            found = read_aliases(tmp_path)
        except BridgeError:
            continue
        assert found == Aliases(versions={"champion": 2, "previous": 1}), "white space may change"


def promote_often(root: Path, name: str) -> None:
    store = Store(root)
    for version in (1, 2, 3) * 5:
        store.promote(*RATINGS, version, "", name)
        store.promote(*RATINGS, version, "")


def test_two_processes_that_promote_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each reads and writes the aliases under the lock, so that none overwrites the other's."""
    three_versions(tmp_path).close()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        for each in [pool.submit(promote_often, tmp_path, name) for name in ("one", "two")]:
            each.result()
    aliases = Store(tmp_path).aliases(*RATINGS)
    assert (aliases["champion"], aliases["one"], aliases["two"]) == (3, 3, 3)
    assert aliases["previous"] in (1, 2)
