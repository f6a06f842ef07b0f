"""A damaged version is refused with the reason, and the one before it answers."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.core.errors import BridgeError, DamagedError, FailedPreconditionError
from bridge.registry.aliases import ALIASES_NAME
from bridge.registry.manifest import FORMAT_VERSION, MANIFEST_NAME
from bridge.registry.store import Store

from .examples import FILE, publish

RATINGS = ("neo4j", "ratings")


def rewritten(path: Path, change: Callable[[str], str]) -> None:
    """Change a manifest and give it the checksum that it then should have."""
    text = change((path / MANIFEST_NAME).read_text())
    content = json.loads(text)
    del content["checksum"]
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"))
    content["checksum"] = hashlib.sha256(plain.encode()).hexdigest()
    (path / MANIFEST_NAME).write_text(json.dumps(content))


def edited(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def piped(path: Path) -> None:
    """Put a pipe in a file's place: who opens it to read waits for ever."""
    path.unlink()
    os.mkfifo(path)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a truncated file": (lambda path: edited(path / FILE, lambda text: text[:-1]), "bytes instead of"),
    "an empty file": (lambda path: edited(path / FILE, lambda text: b""), "has 0 bytes instead of"),
    "a flipped bit": (lambda path: edited(path / FILE, flipped), "sha256 differs"),
    "a missing file": (lambda path: (path / FILE).unlink(), f"`{FILE}` is missing"),
    "a missing manifest": (lambda path: (path / MANIFEST_NAME).unlink(), "no manifest"),
    "bad JSON": (lambda path: edited(path / MANIFEST_NAME, lambda text: text[:-9]), "no manifest"),
    "NaN in the manifest": (lambda path: rewritten(path, lambda text: text.replace("0.84", "NaN")), "no manifest"),
    "an edited manifest": (lambda path: edited(path / MANIFEST_NAME, lambda text: text.replace(b"0.84", b"0.1")),
                           "checksum does not match"),
    "an unknown field": (lambda path: rewritten(path, lambda text: text.replace('"owner"', '"holder"')), "fields"),
    "a wrong hash": (lambda path: rewritten(path, lambda text: text.replace('"sha256": "', '"sha256": "00')),
                     "fields are not as bridge writes them"),
    "another hash": (lambda path: rewritten(path, lambda text: text.replace(
        json.loads(text)["files"][FILE]["sha256"], "0" * 64)), "sha256 differs"),
    "another version's manifest": (lambda path: (path / MANIFEST_NAME).write_bytes(
        (path.with_name("1") / MANIFEST_NAME).read_bytes()), "is version 1 of `ratings`"),
    "a future format": (lambda path: rewritten(path, lambda text: text.replace(
        f'"format_version": {FORMAT_VERSION}', '"format_version": 99')), "has format 99, written by a newer bridge"),
    "a pipe in a file's place": (lambda path: piped(path / FILE), "not a plain file"),
    "a pipe in the manifest's place": (lambda path: piped(path / MANIFEST_NAME), "not a plain file"),
    "a folder in a file's place": (lambda path: ((path / FILE).unlink(), (path / FILE).mkdir()), "not a plain file"),
    "a folder that is gone": (lambda path: path.rename(path.with_name("elsewhere")), "no version 2"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_while_the_champion_is_damaged_the_previous_version_answers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    """With the reason in the catalog and the log, once; the aliases stay, and so does a restored file."""
    spoil, words = DAMAGE[damage]
    store = Store(tmp_path)
    publish(store, fill=1.0)
    path = publish(store, fill=2.0).path
    store.close()
    spoil(path)
    store = Store(tmp_path)
    with caplog.at_level(logging.WARNING):
        (entry,) = store.verify_aliased()
        for _ in range(3):
            assert store.resolve(*RATINGS).number == 1
            assert store.resolve(*RATINGS, "champion").arrays(FILE)["user"][0, 0] == 1
    assert (entry.number, entry.answering and entry.answering.number) == (1, 1)
    assert words in entry.error
    assert entry.error.endswith("Version 1 answers meanwhile.")
    assert entry.aliases == {"champion": 2, "previous": 1}
    assert sum("answers meanwhile" in record.message for record in caplog.records) == 1
    with pytest.raises(BridgeError, match=words.replace("(", r"\(")):
        store.check_sound(store.resolve(*RATINGS, 2))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_can_not_be_read_is_damage(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store)
    path = publish(store).path / FILE
    path.chmod(0)
    assert store.resolve(*RATINGS).number == 1
    path.chmod(0o600)
    assert store.resolve(*RATINGS).number == 2


def test_a_restored_file_answers_again_without_a_restart(tmp_path: Path) -> None:
    """Damage is seen when it happens, too, by what the file system says of a file."""
    store = Store(tmp_path)
    publish(store)
    path = publish(store).path / FILE
    content = path.read_bytes()
    path.write_bytes(flipped(content))
    assert store.resolve(*RATINGS).number == 1
    path.write_bytes(content)
    assert store.resolve(*RATINGS).number == 2
    assert store.verify_aliased() == []


def test_a_damaged_previous_version_is_said_while_the_champion_answers(tmp_path: Path) -> None:
    """A rollback to it is refused, and the aliases stay."""
    store = Store(tmp_path)
    first = publish(store).path
    publish(store)
    edited(first / FILE, flipped)
    (entry,) = store.models("neo4j")
    assert entry.number == 2
    assert "Version 1 of model `ratings` is damaged" in entry.error
    assert entry.error.endswith("It is `previous`: there is nothing to roll back to.")
    with pytest.raises(DamagedError, match="Version 1"):
        store.rollback(*RATINGS, "")
    assert store.aliases(*RATINGS) == {"champion": 2, "previous": 1}


def test_a_damaged_version_is_not_promoted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = publish(store).path
    publish(store)
    edited(first / FILE, flipped)
    for alias in ("champion", "night"):
        with pytest.raises(DamagedError, match="sha256 differs"):
            store.promote(*RATINGS, 1, "", alias)
    assert store.aliases(*RATINGS) == {"champion": 2, "previous": 1}


def test_a_model_of_which_no_version_can_answer_says_why(tmp_path: Path) -> None:
    """It is in the catalog, and can be dropped."""
    store = Store(tmp_path)
    for version in (publish(store), publish(store)):
        edited(version.path / FILE, flipped)
    with pytest.raises(DamagedError, match="Version 2 of model `ratings` is damaged"):
        store.resolve(*RATINGS)
    (entry,) = store.models("neo4j")
    assert (entry.number, entry.answering) == (2, None)
    assert "No version can answer." in entry.error
    assert store.drop(*RATINGS, "").versions == (1, 2)


def test_the_other_models_are_not_touched_by_a_damaged_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store, "other")
    (publish(store).path / MANIFEST_NAME).write_bytes(b"")
    assert [(entry.model_name, entry.error == "") for entry in store.models("neo4j")] == [
        ("other", True), ("ratings", False)
    ]  # fmt: skip
    assert [entry.model_name for entry in store.verify_aliased()] == ["ratings"]


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b'{"checksum": "", "format_version": 1}', b"\xff", b"[" * 9_999])
def test_with_damaged_aliases_the_newest_undamaged_version_answers(tmp_path: Path, text: bytes) -> None:
    """It says so; promoting a version makes the aliases anew, and what answered becomes previous."""
    store = Store(tmp_path)
    for _ in range(4):
        path = publish(store).path
    edited(path / FILE, flipped)
    (path.parents[1] / ALIASES_NAME).write_bytes(text)
    assert store.resolve(*RATINGS).number == 3
    (entry,) = store.verify_aliased()
    assert (entry.number, entry.aliases) == (3, {})
    assert f"ratings/{ALIASES_NAME}` is damaged" in entry.error
    assert entry.error.endswith("Version 3 answers meanwhile.")
    for change in (lambda: store.rollback(*RATINGS, ""), lambda: store.drop(*RATINGS, "", 1)):
        with pytest.raises(DamagedError, match=r"bridge\.model\.promote"):
            change()
    assert store.promote(*RATINGS, 2, "") == (2, 3)
    assert store.aliases(*RATINGS) == {"champion": 2, "previous": 3}
    assert store.verify_aliased() == []


def test_with_damaged_aliases_a_version_that_is_not_promoted_still_waits(tmp_path: Path) -> None:
    """What answered goes on answering: damage is no way around the gate."""
    store = Store(tmp_path)
    path = publish(store).path
    (path.parents[1] / ALIASES_NAME).write_bytes(b"")
    staging = store.stage()
    (staging / FILE).write_bytes((path / FILE).read_bytes())
    store.publish(staging, publish(Store(tmp_path / "other")).manifest.model_copy(update={"files": {}}), promote=False)
    assert (store.resolve(*RATINGS).number, store.versions(*RATINGS)) == (1, [1, 2])


def test_aliases_of_a_newer_bridge_are_not_overwritten(tmp_path: Path) -> None:
    """The newest version answers and says why; every change is refused, publishing included, with nothing left."""
    store = Store(tmp_path)
    publish(store)
    path = publish(store).path.parents[1] / ALIASES_NAME
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2'))
    text = path.read_bytes()
    assert store.resolve(*RATINGS).number == 2
    assert "written by a newer bridge" in store.models("neo4j")[0].error
    for change in (
        lambda: publish(store),
        lambda: store.promote(*RATINGS, 1, ""),
        lambda: store.rollback(*RATINGS, ""),
        lambda: store.drop(*RATINGS, "", 1),
    ):
        with pytest.raises(FailedPreconditionError, match="newer bridge") as caught:
            change()
        assert caught.value.reason == "NEWER_FORMAT"
    assert (path.read_bytes(), store.versions(*RATINGS)) == (text, [1, 2])


def test_a_pipe_in_the_place_of_the_aliases_keeps_nobody_waiting(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store)
    piped(publish(store).path.parents[1] / ALIASES_NAME)
    assert store.resolve(*RATINGS).number == 2
    assert "not a plain file" in store.models("neo4j")[0].error


def test_a_version_that_can_not_be_loaded_answers_no_more(tmp_path: Path) -> None:
    """Until its files are others."""
    store = Store(tmp_path)
    publish(store)
    version = publish(store)
    store.condemn(version, DamagedError("no model can be made of it", reason="MODEL_DAMAGED"))
    assert store.resolve(*RATINGS).number == 1
    assert "no model can be made of it Version 1 answers meanwhile." in store.models("neo4j")[0].error
    with pytest.raises(DamagedError):
        store.promote(*RATINGS, 2, "")
    os.utime(version.path / FILE)
    assert store.resolve(*RATINGS).number == 2


def test_numbers_that_are_not_finite_are_no_weights(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(DamagedError, match="`user` that are not finite"):
        publish(store, fill=float("nan")).arrays(FILE)


def test_folders_that_can_not_be_listed_are_damage_of_their_own_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong owner of one folder keeps neither the server from starting nor the others from answering."""
    store = Store(tmp_path)
    publish(store, "other")
    locked = [publish(store).path.parent, publish(store, database="sealed").path.parents[2]]
    listdir = os.listdir

    def denied(folder: Path) -> list[str]:
        if folder in locked:
            raise PermissionError(13, "Permission denied", str(folder))
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", denied)
    assert [entry.model_name for entry in store.verify_aliased()] == ["ratings"]
    assert "models/sealed` of the model store cannot be read" in caplog.text
    other, ratings = store.models("neo4j")
    assert other.error == ""
    assert (ratings.number, ratings.answering) == (0, None)
    assert "cannot be read: Permission denied" in ratings.error
    for change in (lambda: store.resolve(*RATINGS), lambda: publish(store)):
        with pytest.raises(DamagedError, match="Permission denied"):
            change()


def test_the_owner_of_a_newer_format_alone_is_not_guessed(tmp_path: Path) -> None:
    """Nobody drops what this bridge can not read the owner of."""
    store = Store(tmp_path)
    path = publish(store, owner="alice").path
    rewritten(path, lambda text: text.replace(f'"format_version": {FORMAT_VERSION}', '"format_version": 99'))
    with pytest.raises(FailedPreconditionError, match="newer bridge"):
        store.drop(*RATINGS, "bob")


def test_manifests_of_the_first_format_are_read(tmp_path: Path) -> None:
    """Without the fields that came later."""
    store = Store(tmp_path)
    path = publish(store).path

    def first_format(text: str) -> str:
        content = json.loads(text)
        del content["gate"], content["parent_version"]
        return json.dumps(content | {"format_version": 1})

    rewritten(path, first_format)
    found = store.resolve(*RATINGS).manifest
    assert (found.format_version, found.gate, found.parent_version) == (1, {}, None)
