"""Results as people read them."""

import io

import pytest
from rich.console import Console, RenderableType

from bridge.runtime import show


def shown(renderable: RenderableType, width: int = 200) -> list[list[str]]:
    """Return the words of each line."""
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return [line.split() for line in console.file.getvalue().splitlines() if line.strip(" ─")]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, ""),
        (True, "True"),
        (1995, "1995"),
        (0.123456, "0.1235"),
        (123456.78, "123,456.8"),
        ([1, 2.5, None], "[1, 2.5, ]"),
        ({"a": [1], "b": "x"}, "{a: [1], b: x}"),
    ],
)
def test_values_are_short_and_plain(given, text):
    """Four digits of a float are enough to look at; years and ids get no comma."""
    assert show.value(given) == text


def test_long_values_are_cut():
    """An embedding does not fill the screen."""
    assert len(show.value(list(range(1000)))) == show.LONGEST_VALUE


def test_long_results_are_counted():
    """What is not shown is said."""
    lines = shown(show.rows(["n"], [(n,) for n in range(50)]))
    assert len(lines) == 1 + show.MOST_ROWS + 1
    assert lines[-1] == ["and", "30", "more", "rows"]


def test_what_a_write_has_done_fits_into_a_plain_terminal():
    """80 columns, and no heading is broken."""
    headings = ["relationshipsWritten", "relationshipsDeleted", "relationshipsUnchanged", "writeMillis"]
    assert shown(show.rows(headings, [(6100, 0, 0, 1683)]), width=80) == [headings, ["6100", "0", "0", "1683"]]


def test_metrics_stand_beside_the_baselines():
    """One row for the model, one for each baseline, the test part alone; a skipped one says why."""
    info = {
        "modelName": "ratings",
        "metrics": {"validation": {"rmse": 0.1}, "test": {"rmse": 0.84, "count": 10}},
        "baselines": {"bias": {"test": {"rmse": 0.87}}, "mean": {"rmse": 1.05}, "ease": "too many items"},
    }
    assert shown(show.metrics(info)) == [
        ["Held-out", "metrics", "(test,", "10", "relationships)"],
        ["rmse"],
        ["ratings", "0.84"],
        ["bias", "0.87"],
        ["mean", "1.05"],
        ["ease", "too", "many", "items"],
    ]


def test_a_model_without_metrics_is_shown_all_the_same():
    """`baselines: 'none'` and an untested model are no errors."""
    assert shown(show.metrics({"modelName": "plain"}))[-1] == ["plain"]


def test_lists_of_unequal_length_stand_side_by_side():
    """The shorter one ends in blanks."""
    lines = shown(show.beside(("left", "right"), [("a", 1), ("b", 2)], [("c", 3)]))
    assert lines == [["left", "right"], ["a", "1", "c", "3"], ["b", "2"]]
