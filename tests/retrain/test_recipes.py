"""bridge/retrain/recipes.py, account.py, ledger.py: what the server finds in its settings and on its disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.core.errors import BridgeError, FailedPreconditionError, InvalidArgumentError, NotFoundError
from bridge.retrain.account import Account
from bridge.retrain.ledger import Ledger, new_mark
from bridge.retrain.recipes import Recipes

OURS = Path(__file__).parents[2] / "cypher" / "recipes"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recipes, one of them faulty, and what is none."""
    (tmp_path / "nightly.cypher").write_text("// Every night.\nRETURN 1;")
    (tmp_path / "broken.cypher").write_text("RETURN $x;")
    (tmp_path / "-odd.cypher").write_text("RETURN 1;")
    (tmp_path / "notes.txt").write_text("RETURN 1;")
    return tmp_path


def test_the_list_has_what_can_be_run_and_why_the_rest_can_not(folder: Path) -> None:
    """One faulty file does not hide the others."""
    found = {each.name: each.description for each in Recipes(folder).all()}
    assert list(found) == ["broken", "nightly"]
    assert found["nightly"] == "Every night."
    assert "there is no line `:param x" in found["broken"]


@pytest.mark.parametrize("name", ["../nightly", "/etc/passwd", "", "file:///x", "-odd", "a b", "x" * 65])
def test_a_name_that_is_none_opens_no_file(folder: Path, name: str) -> None:
    """Neither a path nor an address is looked up."""
    with pytest.raises(InvalidArgumentError) as raised:
        Recipes(folder / "inner").get(name)
    assert "ListRecipes" in raised.value.message


def test_an_unknown_recipe_is_answered_with_those_that_there_are(folder: Path) -> None:
    """And with the one that may have been meant."""
    with pytest.raises(NotFoundError) as raised:
        Recipes(folder).get("nightyl")
    assert "Did you mean `nightly`?" in raised.value.message
    assert "`broken`, `nightly`" in raised.value.message


@pytest.mark.parametrize("folder", [None, Path("/nowhere/at/all")])
def test_without_a_folder_the_setting_is_named(folder: Path | None) -> None:
    """What came and what to set."""
    with pytest.raises(FailedPreconditionError, match="BRIDGE_RECIPES was"):
        Recipes(folder).names()


def test_a_file_that_is_no_text_is_told(folder: Path) -> None:
    """By a sentence."""
    (folder / "binary.cypher").write_bytes(b"\xff\xfe")
    with pytest.raises(FailedPreconditionError, match=r"`binary` can not be read: it is no UTF-8"):
        Recipes(folder).get("binary")


def test_our_own_recipes_can_be_run_and_promote_only_what_is_better() -> None:
    """Each training in them asks the gate, and each has a seed that a request may change."""
    found = Recipes(OURS).all()
    assert [each.name for each in found] == ["movie-graph", "movielens"]
    for each in found:
        assert each.statements, each.description
        trainings = [one.text for one in each.statements if ".train(" in one.text]
        assert trainings
        assert all("promote: 'ifBetter'" in text and "randomSeed: $randomSeed" in text for text in trainings)


@pytest.mark.parametrize(
    ("account", "missing"),
    [
        (Account(), ("BRIDGE_NEO4J_URI", "BRIDGE_NEO4J_USER", "BRIDGE_NEO4J_PASSWORD_FILE")),
        (Account(uri="bolt://db:7687", user="nightly"), ("BRIDGE_NEO4J_PASSWORD_FILE",)),
        (Account(uri="bolt://db:7687", password_file=Path("p")), ("BRIDGE_NEO4J_USER",)),
    ],
)
def test_an_account_says_which_of_its_settings_are_missing(account: Account, missing: tuple[str, ...]) -> None:
    """And no others."""
    with pytest.raises(FailedPreconditionError) as raised:
        account.check()
    named = [word.strip(".,") for word in raised.value.message.split() if word.startswith("BRIDGE_")]
    assert tuple(named) == missing


def test_a_database_without_authentication_needs_its_address_alone() -> None:
    """Then there is nothing to sign in with."""
    account = Account(uri="bolt://db:7687")
    account.check()
    assert account.auth() is None


def test_the_password_is_read_anew_each_time(tmp_path: Path) -> None:
    """So that it can be changed while the server runs; a file that is not there is named."""
    account = Account("bolt://db:7687", "nightly", tmp_path / "password")
    with pytest.raises(BridgeError, match="BRIDGE_NEO4J_PASSWORD_FILE was"):
        account.auth()
    for password in ("one", "two"):
        (tmp_path / "password").write_text(f"{password}\n")
        assert account.auth() == ("nightly", password)


def test_the_ledger_remembers_runs_beyond_the_server_and_nothing_else(tmp_path: Path) -> None:
    """A stray file in its folder must not become the beginning of projections' names that are dropped."""
    mark, other = new_mark("a.b-c"), new_mark("a.b-c")
    assert mark != other
    ledger = Ledger(tmp_path / "recipes")
    ledger.note(mark)
    ledger.note(other)
    (tmp_path / "recipes" / "m").touch()
    assert Ledger(tmp_path / "recipes").marks() == sorted([mark, other])
    ledger.strike(mark)
    ledger.strike(mark)
    assert ledger.marks() == [other]
