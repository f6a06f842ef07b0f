"""The store: versions appear whole or not at all, in order, for their owner."""

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.core.errors import (
    DamagedError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
)
from bridge.registry import files
from bridge.registry.manifest import MANIFEST_NAME, Manifest
from bridge.registry.publisher import ChampionMovedError
from bridge.registry.store import Store
from bridge.registry.version import open_version

from .examples import FILE, manifest, publish, write_arrays


def everything(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_the_same_name_makes_the_next_version_and_the_newest_answers(tmp_path: Path) -> None:
    """Both stay readable, and a store opened later finds them."""
    store = Store(tmp_path)
    assert [publish(store, fill=fill).number for fill in (1.0, 2.0)] == [1, 2]
    later = Store(tmp_path)
    assert later.versions("neo4j", "ratings") == [1, 2]
    assert later.resolve("neo4j", "ratings").arrays(FILE)["user"][0, 0] == 2
    assert later.version("neo4j", "ratings", 1).arrays(FILE)["user"][0, 0] == 1


def test_a_published_manifest_is_the_given_one_with_number_and_files(tmp_path: Path) -> None:
    """Nothing that the trainer said about the model is lost."""
    found = publish(Store(tmp_path)).manifest
    assert found.model_copy(update={"files": {}, "version": 0}) == manifest()
    assert list(found.files) == [FILE]


def test_databases_do_not_see_each_other(tmp_path: Path) -> None:
    """A model belongs to one database, whatever that one's name looks like."""
    store = Store(tmp_path)
    odd = ["neo4j", "Neo4j", "..", ".", "", "a/b", "a%2Fb", "ä", ".hidden"]
    for number, database in enumerate(odd):
        publish(store, fill=number, database=database)
    for number, database in enumerate(odd):
        assert [entry.versions for entry in store.models(database)] == [(1,)]
        assert store.resolve(database, "ratings").arrays(FILE)["user"][0, 0] == number
    assert {path.parent.name for path in tmp_path.rglob("ratings")} > {"neo4j", "a%2Fb", "a%252Fb", "%2E%2E"}
    assert all(path.is_relative_to(tmp_path / "models") for path in everything(tmp_path))


def test_only_the_owner_can_read_what_is_stored(tmp_path: Path) -> None:
    """Folders 0700, files 0600, also those that a trainer left open to all."""
    store = Store(tmp_path / "store")
    staging = store.stage()
    write_arrays(staging)
    (staging / FILE).chmod(0o666)
    store.publish(staging, manifest())
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in (tmp_path / "store").rglob("*")}
    assert modes == {True: 0o700, False: 0o600}
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700


def test_a_version_is_checked_before_anyone_sees_it(tmp_path: Path) -> None:
    """The check gets a folder that opens as a version; what it refuses never existed."""
    store = Store(tmp_path)
    seen = []

    def look(path: Path) -> None:
        seen.append(open_version(path).arrays(FILE)["user"][0, 0])
        assert store.models("neo4j") == []

    def refuse(path: Path) -> None:
        raise FailedPreconditionError("it predicts NaN")

    for check in (refuse, look):
        staging = store.stage()
        write_arrays(staging, 3.0)
        if check is refuse:
            with pytest.raises(FailedPreconditionError, match="NaN"):
                store.publish(staging, manifest(), check)
            assert everything(tmp_path) == []
        else:
            assert store.publish(staging, manifest(), check).number == 1
    assert seen == [3.0]


def test_two_publishes_of_one_name_at_once_get_two_numbers(tmp_path: Path) -> None:
    """From two stores on one folder too, as two servers have them; each version says its own number."""
    stores = [Store(tmp_path), Store(tmp_path)]
    together = threading.Barrier(8)

    def one(number: int) -> int:
        store = stores[number % 2]
        staging = store.stage()
        write_arrays(staging, number)
        return store.publish(staging, manifest(), lambda path: together.wait(10) and None).number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == list(range(1, 9))
    found = [stores[0].version("neo4j", "ratings", number) for number in range(1, 9)]
    assert sorted(version.arrays(FILE)["user"][0, 0] for version in found) == list(range(8))


def test_a_second_server_leaves_alone_what_the_first_is_staging(tmp_path: Path) -> None:
    """Only what processes that are gone left behind is swept."""
    first = Store(tmp_path)
    staging = first.stage()
    write_arrays(staging)
    second = Store(tmp_path)
    second.close()
    assert first.publish(staging, manifest()).number == 1
    first.stage()
    first.close()
    assert list((tmp_path / "staging").iterdir()) == []


def test_what_can_not_be_cleared_away_keeps_no_server_from_starting_and_nothing_else_there(tmp_path: Path) -> None:
    Store(tmp_path).close()
    staging = tmp_path / "staging"
    (staging / "0.lock" / "strange").mkdir(parents=True)
    (staging / "abandoned" / "0").mkdir(parents=True)
    (staging / "abandoned.lock").touch()
    store = Store(tmp_path)
    assert publish(store).number == 1
    assert not (staging / "abandoned").exists()


@pytest.mark.parametrize("step", ["write_file", "seal", "make_folder"])
def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """What was published before stays; the error says what to do."""
    store = Store(tmp_path)
    publish(store)
    before = everything(tmp_path)
    staging = store.stage()
    write_arrays(staging)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, step, full)
    with pytest.raises(ResourceExhaustedError, match="Drop models") as caught:
        store.publish(staging, manifest())
    assert caught.value.reason == "DISK_FULL"
    assert everything(tmp_path) == before


def test_a_store_at_its_limit_refuses_before_training_and_before_publishing(tmp_path: Path) -> None:
    """The limit and what is used are in the error; dropping a model makes room."""
    publish(Store(tmp_path))
    used = files.used_bytes(tmp_path / "models")
    store = Store(tmp_path, max_bytes=used + 10)
    staging = store.stage()
    write_arrays(staging)
    with pytest.raises(ResourceExhaustedError, match=r"may hold .* this version has"):
        store.publish(staging, manifest())
    with pytest.raises(ResourceExhaustedError, match=r"bridge\.model\.drop"):
        Store(tmp_path, max_bytes=used).stage()
    store.drop("neo4j", "ratings", "")
    assert publish(store).number == 1


def test_an_unknown_model_is_named_with_those_like_it(tmp_path: Path) -> None:
    """In GDS's words; where none is like it, with the way to see all."""
    store = Store(tmp_path)
    publish(store, "ratings")
    with pytest.raises(NotFoundError) as caught:
        store.resolve("neo4j", "ratigs")
    assert caught.value.message == "Model with name `ratigs` does not exist. Did you mean `ratings`?"
    with pytest.raises(NotFoundError, match=r"^Model with name `ratings` does not exist\. `CALL bridge\.model\.list"):
        store.resolve("other", "ratings")


def test_an_unknown_version_is_named_with_those_there_are(tmp_path: Path) -> None:
    """All of them, or the range when they are many."""
    store = Store(tmp_path)
    for _ in range(2):
        publish(store)
    with pytest.raises(NotFoundError, match=r"no version 7, only the versions 1, 2; its aliases are `champion`"):
        store.version("neo4j", "ratings", 7)


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a" * 65, "a b", "a\n", "ä"])
def test_a_name_that_is_none_never_reaches_the_disk(tmp_path: Path, name: str) -> None:
    """Every way in is guarded."""
    store = Store(tmp_path)
    for way in (store.versions, store.resolve):
        with pytest.raises(InvalidArgumentError, match="64 letters"):
            way("neo4j", name)
    with pytest.raises(InvalidArgumentError):
        store.drop("neo4j", name, "")
    staging = store.stage()
    with pytest.raises(InvalidArgumentError):
        store.publish(staging, Manifest.model_construct(**{**dict(manifest()), "model_name": name}))


@pytest.mark.parametrize("name", [MANIFEST_NAME, ".hidden", "a b"])
def test_a_file_that_a_version_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    """A trainer writes neither manifests nor odd names."""
    store = Store(tmp_path)
    staging = store.stage()
    (staging / name).write_bytes(b"{}")
    with pytest.raises(ValueError, match="no name for a file"):
        store.publish(staging, manifest())
    assert everything(tmp_path) == []


def test_only_its_owner_drops_a_model_or_trains_its_next_version(tmp_path: Path) -> None:
    """A model made without authentication is nobody's, and free to all."""
    store = Store(tmp_path)
    publish(store, owner="alice")
    for user in ("bob", ""):
        with pytest.raises(PermissionDeniedError, match="belongs to user `alice`"):
            store.drop("neo4j", "ratings", user)
        with pytest.raises(PermissionDeniedError):
            store.check_owner("neo4j", "ratings", user)
        with pytest.raises(PermissionDeniedError):
            publish(store, owner=user)
    assert store.versions("neo4j", "ratings") == [1]
    assert store.drop("neo4j", "ratings", "alice").versions == (1,)
    store.check_owner("neo4j", "ratings", "bob")
    publish(store, owner="")
    assert store.drop("neo4j", "ratings", "bob").model_name == "ratings"


def test_a_dropped_model_is_gone_with_its_aliases_and_no_other_is(tmp_path: Path) -> None:
    """The entry says what it was; the name is free again."""
    store = Store(tmp_path)
    for name in ("ratings", "ratings", "other"):
        publish(store, name)
    entry = store.drop("neo4j", "ratings", "")
    assert (entry.versions, entry.number, entry.aliases) == ((1, 2), 2, {"champion": 2, "previous": 1})
    assert [entry.model_name for entry in store.models("neo4j")] == ["other"]
    with pytest.raises(NotFoundError):
        store.drop("neo4j", "ratings", "")
    assert publish(store).number == 1
    assert store.aliases("neo4j", "ratings") == {"champion": 1}


def test_what_was_dropped_lies_in_the_trash_until_a_server_starts(tmp_path: Path) -> None:
    """It can be moved back until then, and nothing of it is left after."""
    store = Store(tmp_path)
    publish(store, fill=7.0)
    store.drop("neo4j", "ratings", "")
    (folder,) = (tmp_path / "trash").iterdir()
    assert folder.name.startswith("ratings.all.")
    folder.rename(tmp_path / "models" / "neo4j" / "ratings")
    assert store.resolve("neo4j", "ratings").arrays(FILE)["user"][0, 0] == 7
    store.drop("neo4j", "ratings", "")
    Store(tmp_path)
    assert everything(tmp_path) == []


def test_a_full_disk_keeps_nobody_from_dropping_older_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are what makes room. The newest one's number must be noted, which takes a few bytes: that is said."""
    store = Store(tmp_path)
    for number in range(4):
        waiting = store.stage()
        write_arrays(waiting)
        store.publish(waiting, manifest(), promote=number < 2)
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(files, "write_file", lambda path, content: (_ for _ in ()).throw(full))
    store.drop("neo4j", "ratings", "", 3)
    with pytest.raises(ResourceExhaustedError, match="disk of the model store"):
        store.drop("neo4j", "ratings", "", 4)
    assert store.versions("neo4j", "ratings") == [1, 2, 4]
    store.drop("neo4j", "ratings", "")
    assert store.models("neo4j") == []


def test_the_trash_makes_room_when_the_limit_needs_it(tmp_path: Path) -> None:
    """What is thrown away never keeps a new version out."""
    publish(Store(tmp_path))
    used = files.used_bytes(tmp_path / "models")
    store = Store(tmp_path, max_bytes=3 * used)
    store.drop("neo4j", "ratings", "")
    publish(store)
    assert len(list((tmp_path / "trash").iterdir())) == 1
    publish(store)
    publish(store)
    assert list((tmp_path / "trash").iterdir()) == []
    assert store.versions("neo4j", "ratings") == [1, 2, 3]


def test_a_damaged_model_still_belongs_to_its_owner(tmp_path: Path) -> None:
    """An older version names them."""
    store = Store(tmp_path)
    publish(store, owner="alice")
    (publish(store, owner="alice").path / MANIFEST_NAME).write_bytes(b"")
    for change in (
        lambda: store.drop("neo4j", "ratings", "bob"),
        lambda: store.promote("neo4j", "ratings", 1, "bob"),
        lambda: store.rollback("neo4j", "ratings", "bob"),
    ):
        with pytest.raises(PermissionDeniedError):
            change()


def test_a_version_in_a_place_that_is_not_its_own_is_refused(tmp_path: Path) -> None:
    """A folder copied by hand does not answer for another model."""
    store = Store(tmp_path)
    path = publish(store).path
    target = tmp_path / "models" / "neo4j" / "copied" / "versions"
    target.mkdir(parents=True)
    path.rename(target / "1")
    with pytest.raises(DamagedError, match="is version 1 of `ratings`"):
        store.resolve("neo4j", "copied")


def test_nothing_is_published_by_a_comparison_with_a_champion_that_is_none_any_more(tmp_path: Path) -> None:
    """The files stay staged, to be compared again and published then; one compared with the champion goes through."""
    store = Store(tmp_path)
    assert store.champion("neo4j", "ratings") is None
    publish(store)
    staging = store.stage()
    write_arrays(staging)
    for stale in (None, 2):
        with pytest.raises(ChampionMovedError, match="Version 1 of `ratings` became `champion`"):
            store.publish(staging, manifest(), champion=stale)
    assert store.versions("neo4j", "ratings") == [1]
    kept = store.publish(staging, manifest(), promote=False, champion=1)
    assert (kept.number, store.champion("neo4j", "ratings")) == (2, 1)
    assert not staging.exists()
