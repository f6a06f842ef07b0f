"""Scripts fall into the statements that Browser would run."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bridge.core import script

SCRIPTS = sorted((Path(__file__).parents[2] / "cypher").glob("*.cypher"))


def test_statements_end_at_semicolons():
    """Each statement comes without its semicolon and the blanks around it."""
    assert script.split("RETURN 1;\n\n RETURN 2 ;RETURN 3") == ["RETURN 1", "RETURN 2", "RETURN 3"]


def test_semicolons_in_strings_names_and_comments_end_nothing():
    """Strings with escapes, quoted names and both kinds of comments keep their semicolons."""
    text = r"""RETURN 'a;\';b', "c;\";d", `e;``f` // g; h
    /* i; */ AS x; RETURN 2"""
    assert script.split(text) == [text.removesuffix("; RETURN 2"), "RETURN 2"]


def test_quotes_in_comments_open_no_string():
    """An apostrophe in a comment does not swallow the statements after it."""
    assert script.split("// the user's\nRETURN 1; /* it's */ RETURN 2;") == [
        "// the user's\nRETURN 1",
        "/* it's */ RETURN 2",
    ]


def test_a_division_is_no_comment():
    """A single slash is an operator."""
    assert script.split("RETURN 4 / 2; RETURN 1") == ["RETURN 4 / 2", "RETURN 1"]


def test_comments_and_blanks_alone_are_no_statement():
    """Neo4j refuses an empty statement, so none is made of a trailing comment."""
    assert script.split("RETURN 1;\n// the end\n/* really */ ;\n ;") == ["RETURN 1"]


@given(st.lists(st.sampled_from(["RETURN ';'", 'RETURN ";"', "RETURN `;`", "RETURN 1 // ;\n", "/* ; */ RETURN 1"])))
def test_joined_statements_come_apart_again(statements: list[str]):
    """Splitting what was joined by semicolons gives the same statements, whatever they hold."""
    assert script.split(";\n".join(statements)) == [text.strip() for text in statements]


def test_every_script_of_the_project_has_statements_without_driver_refusals():
    """Browser and driver run the same files: no `:` commands and no parameters."""
    assert SCRIPTS
    for file in SCRIPTS:
        statements = script.read(file)
        assert statements, file
        for statement in statements:
            lines = [line for line in statement.splitlines() if not line.startswith("//")]
            assert not lines[0].startswith(":"), (file, statement)
            assert "$" not in statement, (file, statement)


def test_bare_cypher_has_neither_comments_nor_what_is_quoted():
    """What looks like a parameter or a call there is none."""
    text = "CALL a.b('$x', \"gds.graph.project(\", `$y`) // $z\nRETURN $w /* ' */"
    assert script.bare(text) == "CALL a.b('', \"\", ``)  \nRETURN $w  "
