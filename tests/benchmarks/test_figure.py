"""Figures are judged by their bars and printed as JSON, a line each."""

import json
from collections.abc import Iterator

import pytest

from benchmarks.figure import Figure, Other, main, show

KEYS = ["name", "value", "unit", "against", "ratio", "bar", "better", "holds"]


def figures() -> Iterator[Figure]:
    yield Figure("speed", 300.0, "/s", "higher", against=Other("the old way", 100.0), bar=2.5)
    yield Figure("error", 0.9, "stars", "lower", bar=0.84)
    yield Figure("memory", 512.0, "MiB", "lower")


def test_every_figure_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output has JSON alone, a line a figure, each with the same keys in one order; the table is beside."""
    show("three figures", figures())
    printed = capsys.readouterr()
    lines = [json.loads(line) for line in printed.out.splitlines()]
    assert [list(line) for line in lines] == [KEYS] * 3
    assert [line["name"] for line in lines] == ["speed", "error", "memory"]
    assert "three figures" in printed.err
    assert "load average" in printed.err


def test_a_line_says_all_of_a_figure() -> None:
    """The other way has its name and value; ratio and verdict are worked out."""
    speed, *_ = figures()
    assert json.loads(speed.line()) == {
        "name": "speed", "value": 300.0, "unit": "/s", "against": {"name": "the old way", "value": 100.0},
        "ratio": 3.0, "bar": 2.5, "better": "higher", "holds": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "ratio", "holds"),
    [
        (Figure("f", 300, "/s", "higher", Other("o", 100), bar=3.0), 3.0, True),
        (Figure("f", 299, "/s", "higher", Other("o", 100), bar=3.0), 2.99, False),
        (Figure("f", 1.0, "s", "lower", Other("o", 2.5), bar=2.5), 2.5, True),
        (Figure("f", 1.1, "s", "lower", Other("o", 2.5), bar=2.5), 2.5 / 1.1, False),
        (Figure("f", 0.84, "stars", "lower", bar=0.84), None, True),
        (Figure("f", 0.85, "stars", "lower", bar=0.84), None, False),
        (Figure("f", 0.26, "NDCG", "higher", bar=0.2635), None, False),
        (Figure("f", 1.075, "stars", "lower", bar=1.09, tolerance=0.02), None, True),
        (Figure("f", 1.065, "stars", "lower", bar=1.09, tolerance=0.02), None, False),
        (Figure("f", 1.0, "s", "lower", Other("o", 2.0)), 2.0, None),
    ],
)
def test_the_bar_is_about_the_ratio_where_there_is_another_way(
    figure: Figure, ratio: float | None, holds: bool | None
) -> None:
    """Without another way it is about the value. A ratio above 1 is better in both directions; no bar, no verdict."""
    assert figure.ratio == (None if ratio is None else pytest.approx(ratio))
    assert figure.holds is holds


def test_a_missed_bar_is_a_failed_program() -> None:
    """The exit status is 1 when a bar is missed, 0 when all hold or nothing is at stake."""
    speed, error, memory = figures()
    assert main("missed", lambda: [speed, error, memory]) == 1
    assert main("held", lambda: [speed, memory]) == 0
