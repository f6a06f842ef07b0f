"""Vocabularies: once made, the positions of values stay."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bridge.core.errors import DamagedError
from bridge.registry.vocabularies import Vocabularies, vocabulary_hash


def stored(root: Path) -> Path:
    (path,) = root.rglob("*.json")
    return path


def test_a_kept_vocabulary_is_found_again_in_its_order(tmp_path: Path) -> None:
    """By a server that starts later too, whatever the alphabet; an unknown name is None."""
    values = ["Noir", "Čas", "", "a\nb", "Drama"]
    assert Vocabularies(tmp_path).keep("neo4j", "genres", values) == values
    later = Vocabularies(tmp_path)
    assert later.find("neo4j", "genres") == values
    assert later.find("neo4j", "tags") is None


def test_the_first_one_stays(tmp_path: Path) -> None:
    """Who keeps another under the name gets what is there."""
    vocabularies = Vocabularies(tmp_path)
    vocabularies.keep("neo4j", "genres", ["a", "b"])
    assert vocabularies.keep("neo4j", "genres", ["b", "a", "c"]) == ["a", "b"]
    assert vocabularies.find("neo4j", "genres") == ["a", "b"]


def test_two_names_and_two_databases_are_apart(tmp_path: Path) -> None:
    """Also names that differ in case, a dot or a suffix, and databases that look like paths."""
    vocabularies = Vocabularies(tmp_path)
    places = [("neo4j", "genres"), ("neo4j", "genres.json"), ("neo4j", "genres.x"), ("other", "genres"), ("..", "tags")]
    for number, (database, name) in enumerate(places):
        vocabularies.keep(database, name, [str(number)])
    assert [vocabularies.find(*place) for place in places] == [[str(number)] for number in range(len(places))]
    assert all(path.resolve().is_relative_to(tmp_path.resolve()) for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("damage", ["cut", "swapped", "renamed", "empty", "a list", "no list"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, damage: str) -> None:
    """Vectors by another order would be silently wrong; neither finding nor keeping passes over it."""
    vocabularies = Vocabularies(tmp_path)
    vocabularies.keep("neo4j", "genres", ["a", "b", "c"])
    path = stored(tmp_path)
    text = path.read_text()
    content = json.loads(text)
    path.write_text(
        {
            "cut": text[: len(text) // 2],
            "swapped": json.dumps({**content, "values": ["b", "a", "c"]}),
            "renamed": json.dumps({**content, "values": ["a", "b", "d"]}),
            "empty": "",
            "a list": "[]",
            "no list": json.dumps({**content, "values": None}),
        }[damage]
    )
    for ask in (lambda: vocabularies.find("neo4j", "genres"), lambda: vocabularies.keep("neo4j", "genres", ["a"])):
        with pytest.raises(DamagedError, match=r"`genres` is not what was written\. Use another name, or restore"):
            ask()


def test_a_write_that_was_cut_off_leaves_the_name_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash before the rename: the next one makes it."""
    vocabularies = Vocabularies(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            vocabularies.keep("neo4j", "genres", ["a"])
    assert vocabularies.find("neo4j", "genres") is None
    assert vocabularies.keep("neo4j", "genres", ["b"]) == ["b"]


def test_of_many_that_keep_at_once_one_wins_for_all(tmp_path: Path) -> None:
    """Each gets the same list back."""
    vocabularies = Vocabularies(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: vocabularies.keep("neo4j", "genres", [str(number)]), range(32)))
    assert all(each == found[0] for each in found)
    assert vocabularies.find("neo4j", "genres") == found[0]


def test_the_hash_tells_orders_and_boundaries_apart() -> None:
    """It is part of a model's feature contract."""
    lists = [["a", "b"], ["b", "a"], ["ab"], ["a", "b", ""], ["a,b"], ['a", "b']]
    assert len({vocabulary_hash(values) for values in lists}) == len(lists)
