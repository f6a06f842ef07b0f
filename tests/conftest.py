"""What all tests share: which process they go to (`-n 2 --dist loadscope`), Ctrl-C, and how processors are shared."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

# Programs that `nohup` or a script's `&` starts ignore Ctrl-C, and so would all that tests start to interrupt it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests run in as many processes as there are processors. A second thread in one of them finds none free, and those
# that wait for it at a barrier keep busy: trainings of a second took ten.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("BRIDGE_THREADS", "1")

# A Neo4j that lives for minutes starts in half the time when it does not optimise for the hours it will not see.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

GROUPS: dict[str, tuple[str, ...]] = {
    "movielens": (
        "tests/neo4j/doors/test_notebook.py", "tests/neo4j/test_cooccurrence.py", "tests/neo4j/test_scripts.py",
    ),
    "TLS": ("tests/neo4j/test_tls.py",),
    "local": ("tests/runtime/test_local.py",),
    "database": ("tests/neo4j/",),
}  # fmt: skip
"""What goes to one process as a whole, by the first path that fits, beside the files that each go alone: those that
share the trained MovieLens, those with a Neo4j of their own, and the others that share one."""

FIRST = ("movielens", "database", "TLS", "local")
"""The long ones come first, so that no process ends alone with one."""


def _group(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return next((name for name, paths in GROUPS.items() if file.startswith(paths)), file)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the groups in order; refuse a test that would have MovieLens trained once more."""
    order = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(_group(item.nodeid), len(order)))
    for item in items:
        if "movielens" in getattr(item, "fixturenames", ()) and _group(item.nodeid) != "movielens":
            raise pytest.UsageError(f"{item.nodeid} shares the trained MovieLens: add its file to GROUPS.")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Share out by group. The mark `xdist_group`, which is meant for that, is lost on pytest 9.2 with xdist 3.8."""
    from xdist.scheduler import LoadScopeScheduling

    class Shares(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    return Shares(config, log)
