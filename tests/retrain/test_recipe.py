"""bridge/retrain/recipe.py: a Cypher script with a description, parameters and named statements."""

from __future__ import annotations

import pytest

from bridge.core.errors import BridgeError, FailedPreconditionError, InvalidArgumentError
from bridge.retrain.recipe import Recipe, parse

TEXT = """// What it is for,
// in two lines.

:param graph => 'by_hand';
:param topK => 10; // how many
:param share => 0.5
:param words => ['a;', 'b'];

// Project all. In one go
CALL gds.graph.project($graph + '_x', 'N', '*') YIELD graphName;

CALL bridge.gnn.train($graph, {topK: $topK}) YIELD modelInfo // not $this
RETURN modelInfo, '$nor this;', $share;

// Nothing follows.
"""


def recipe(text: str = TEXT) -> Recipe:
    return parse("nightly", text)


def test_the_first_comment_is_the_description_and_params_are_defaults() -> None:
    """The projection's name is the server's business and none of them."""
    found = recipe()
    assert found.description == "What it is for, in two lines."
    assert found.parameters == {"topK": 10, "share": 0.5, "words": ["a;", "b"]}


def test_statements_bear_the_first_sentence_of_their_comment_or_their_first_line() -> None:
    """That is what an operator reads while they run; what is sent is without the comments above."""
    found = recipe()
    assert found.steps == ("Project all", "CALL bridge.gnn.train($graph, {topK: $topK}) YIELD modelInfo // not $this")
    assert found.statements[0].text.startswith("CALL gds.graph.project($graph + '_x'")
    assert found.statements[1].text.endswith("$share")


def test_given_parameters_go_before_the_defaults() -> None:
    """An integer may stand for a float."""
    assert recipe().bound({"topK": 3, "share": 1}) == {"topK": 3, "share": 1, "words": ["a;", "b"]}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"topk": 3}, "has no parameter `topk`. Did you mean `topK`? Its parameters: `topK`, `share`, `words`."),
        ({"graph": "mine"}, "`graph` can not be given: the server chooses"),
        ({"topK": "3"}, "`topK` must be of type `Integer`, as its default in the recipe `nightly`, but was `String`"),
        ({"topK": True}, "but was `Boolean`"),
        ({"topK": None}, "but was `Null`"),
    ],
)
def test_unknown_names_and_other_types_are_refused(given: dict[str, object], says: str) -> None:
    """Before anything runs, with what is allowed."""
    with pytest.raises(InvalidArgumentError) as raised:
        recipe().bound(given)
    assert says in raised.value.message


def test_all_faults_of_a_request_are_told_at_once() -> None:
    """Nobody learns of the second after mending the first."""
    with pytest.raises(InvalidArgumentError) as raised:
        recipe().bound({"nope": 1, "topK": 1.5})
    assert "`nope`" in raised.value.message
    assert "`topK`" in raised.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("// nothing", "it has no statement"),
        (":param a => date();\nRETURN $a;", "line 1, parameter `a`: `date` is no value"),
        (":param a => 1 2;\nRETURN $a;", "line 1, parameter `a`: `2;` stands behind the value"),
        (":param a => 1;\n:param a => 2;\nRETURN $a;", "line 2, parameter `a`: it was there before"),
        ("RETURN $a;", "statement 1 uses `$a`, but there is no line `:param a => …;`"),
        ("RETURN 1;\n:use system;", "statement 2 is `:use`, a command of Browser"),
        (":param a: 1\nRETURN 1;", "statement 1 is `:param`, a command of Browser"),
        ("CALL gds.graph.project('movies', '*', '*');", "a projection whose name does not begin with `$graph`"),
        (":param graph => 'g';\nRETURN gds.graph.project(\n  $graphs, 1);", "does not begin with `$graph`"),
        ("CALL gds.graph.filter('movies', $graph, '*', '*');", "does not begin with `$graph`"),
    ],
)
def test_a_recipe_that_can_not_be_run_says_why(text: str, says: str) -> None:
    """Found when it is read, and not after an hour's training."""
    with pytest.raises(BridgeError) as raised:
        recipe(text)
    assert isinstance(raised.value, FailedPreconditionError)
    assert raised.value.reason == "RECIPE_FAULTY"
    assert says in raised.value.message


def test_an_estimate_makes_no_projection() -> None:
    """Its first argument is no name."""
    text = ":param graph => 'g';\nCALL gds.graph.project.estimate('N', '*') YIELD bytesMin;"
    assert recipe(text).statements
