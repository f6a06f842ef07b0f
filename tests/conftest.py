"""What all tests share: how they are shared out between two processes (`-n 2 --dist loadgroup`), and Ctrl-C."""

from __future__ import annotations

import signal

import pytest

# Programs that `nohup` or a script's `&` starts ignore Ctrl-C, and so would all that tests start to interrupt it.
signal.signal(signal.SIGINT, signal.default_int_handler)

DATABASE, MOVIELENS = "database", "movielens"
"""What goes to one process as a whole: tests that share a Neo4j, and those that share the trained MovieLens as well."""


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in this same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share fixtures together; the long groups come first, so that no process ends alone with one."""
    groups = {item: _group(item) for item in items}
    order = [MOVIELENS, DATABASE]
    items.sort(key=lambda item: order.index(groups[item]) if groups[item] in order else len(order))
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))


def _group(item: pytest.Item) -> str:
    fixtures = set(getattr(item, "fixturenames", ()))
    if "movielens" in fixtures or item.path.name == "test_notebook.py":
        return MOVIELENS
    return DATABASE if "stack" in fixtures else item.path.as_posix()
