"""bridge/retrain/literal.py: values as Cypher writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.retrain import literal


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [
        ("10;", 10, ";"),
        ("-0.5 // half", -0.5, " // half"),
        ("1e-3", 0.001, ""),
        (r"'it\'s \u00e9;' ;", "it's é;", " ;"),
        ('"a\\n"', "a\n", ""),
        ("[1, 'x', [true, FALSE], null]", [1, "x", [True, False], None], ""),
        ("{a: 1, 'b c': {d: []}} ;", {"a": 1, "b c": {"d": []}}, " ;"),
    ],
)
def test_a_value_is_read_and_what_follows_is_left(text: str, value: object, rest: str) -> None:
    """Numbers keep their type; escapes, quotes and nesting are as in Cypher."""
    found, left = literal.read(text)
    assert (found, type(found), left) == (value, type(value), rest)


@pytest.mark.parametrize("text", ["", "$x", "date()", "[1 2]", "[1,]", "{a 1}", "'open", "{1: 2}", "[,1]"])
def test_what_is_no_value_is_refused(text: str) -> None:
    """An expression would have to be computed, and half a list is none."""
    with pytest.raises(ValueError, match=r"no value|missing|keys"):
        literal.read(text)


@given(st.text())
def test_any_string_survives_being_quoted(text: str) -> None:
    """Backslashes, quotes and line ends among them."""
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    assert literal.read(quoted) == (text, "")
