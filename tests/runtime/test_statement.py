"""bridge/runtime/statement.py: the bar that stands there while a statement takes long."""

import time
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from rich.console import Console

from bridge.runtime import statement


@pytest.fixture
def console(monkeypatch):
    """A terminal that keeps what is drawn; nobody's patience is long."""
    monkeypatch.setattr(statement, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(statement, "POLL_SECONDS", 0.05)
    return Console(file=StringIO(), force_terminal=True, width=100)


def drawn(console, seconds, tasks):
    """Watch something that takes so long; return what the terminal got."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        statement._watch(worker.submit(time.sleep, seconds), tasks, console)
    return console.file.getvalue()


def test_what_takes_long_gets_a_bar_that_moves_with_the_databases_task(console):
    """Its name and percentages are those of gds.listProgress."""
    percents = iter([10.0, 40.0])
    said = drawn(console, 0.6, lambda: [("Bridge :: gnn.train", next(percents, 90.0))])
    assert "Bridge :: gnn.train" in said
    assert "90%" in said


def test_a_task_that_does_not_say_how_far_it_is_has_a_bar_without_a_percentage(console):
    """Neo4j knows nothing of how far a LOAD CSV is."""
    said = drawn(console, 0.4, lambda: [])
    assert "running" in said
    assert "%" not in said


def test_what_is_quick_draws_nothing(console, monkeypatch):
    """A bar that flickers tells nobody anything, and asking Neo4j for it would take longer than the statement."""
    monkeypatch.setattr(statement, "PATIENCE_SECONDS", 30.0)
    assert drawn(console, 0.0, lambda: pytest.fail("nobody waits")) == ""


@pytest.mark.parametrize(("progress", "percent"), [("54.55%", 54.55), ("100%", 100.0), ("n/a", None), ("", None)])
def test_percentages_are_read_where_there_are_any(progress, percent):
    """GDS writes `n/a` where it does not know."""
    assert statement._percent(progress) == percent
