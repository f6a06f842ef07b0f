"""What the tests against the real database share: one Neo4j with plugin and bridge server for all of them.

Set BRIDGE_TEST_HOME to the home of a stack that is up already (`bridge up --home DIR`) to try tests without the start.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator

import pytest

from bridge.runtime import WantedPorts
from bridge.runtime.home import Checkout
from bridge.runtime.local import Runtime
from tests.neo4j.board import TRAIN, Board, make_board
from tests.neo4j.scripts import Scripts
from tests.neo4j.stack import Stack, ended_in_order

JAVA_OPTIONS = "-Xms256m -Xmx1g"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start Neo4j and the bridge server on free ports and a home of their own; stop them whatever happens."""
    running = os.environ.get("BRIDGE_TEST_HOME")
    home = running or tmp_path_factory.mktemp("neo4j") / "home"
    runtime = Runtime(home, ports=WantedPorts(0, 0, 0), java_options=JAVA_OPTIONS)
    with ended_in_order(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRIDGE_TRAINER_NICENESS", "0")  # a machine that is busy with tests has no time to spare for them
        if not running:
            recipes = tmp_path_factory.mktemp("recipes")  # to which tests may add their own
            shutil.copytree(Checkout.here().recipes, recipes, dirs_exist_ok=True)
            patch.setenv("BRIDGE_RECIPES", str(recipes))
        try:
            stack = Stack(runtime, runtime.status() if running else runtime.up())
            with stack.driver:
                yield stack
        finally:
            if not running:
                runtime.down()


@pytest.fixture
def cypher(stack: Stack) -> Callable[..., list[dict[str, object]]]:
    """Run a statement and return its rows."""
    return stack.rows


@pytest.fixture(scope="session")
def unique() -> Callable[[str], str]:
    """Make names that no other test, and no earlier run, has used."""
    run = uuid.uuid4().hex[:6]
    counts: dict[str, int] = {}

    def name(stem: str) -> str:
        counts[stem] = counts.get(stem, 0) + 1
        return f"{stem}_{run}_{counts[stem]}"

    return name


@pytest.fixture(scope="session")
def board(stack: Stack, unique: Callable[[str], str]) -> Board:
    """Make a board and project it, for tests that leave it as it is."""
    board = make_board(stack, unique("board"))
    board.project(stack)
    return board


@pytest.fixture(scope="session")
def ranking(stack: Stack, board: Board, unique: Callable[[str], str]) -> str:
    """Train a model for rankings on the board, in two versions that differ; return its name."""
    name = unique("ranking")
    for seed in (1, 2):
        stack.rows(TRAIN, graph=board.name, config=board.train(modelName=name, epochs=20, randomSeed=seed))
    return name


@pytest.fixture(scope="session")
def rating(stack: Stack, board: Board, unique: Callable[[str], str]) -> str:
    """Train a model for ratings on the board; return its name."""
    name = unique("rating")
    config = board.train(modelName=name, objective="rating", epochs=20, featureProperties={board.book: ["pages"]})
    stack.rows(TRAIN, graph=board.name, config=config)
    return name


@pytest.fixture(scope="session")
def movielens(stack: Stack) -> Scripts:
    """Run every script of cypher/ on the real data, once for all tests that ask for it."""
    return Scripts(stack)
