"""The notebook in `notebooks/` runs from its first cell to its last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.neo4j.stack import Stack

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
SETTINGS = {"EPOCHS": 2, "BASELINES": "none"}
"""The notebook's own settings train for real; a test of the way needs no good model."""
MODELS = ("notebook-ratings", "notebook-recommender")

UNWRITE = "MATCH ()-[recommended:RECOMMENDED]->() WHERE recommended.modelName IN $models DELETE recommended"


def code_cells(notebook: Path) -> list[str]:
    """Return the source of a notebook's code cells, in order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.fixture
def database(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The shared stack as the notebook finds it, and without the notebook's models and relationships afterwards."""
    monkeypatch.setenv("BRIDGE_HOME", str(stack.home.root))
    yield stack
    stack.rows(UNWRITE, models=list(MODELS))
    for model in MODELS:
        stack.rows("CALL bridge.model.drop($model, false) YIELD modelName", model=model)


def test_movielens_notebook_ends_with_ten_recommendations_for_every_user(database: Stack) -> None:
    """Each code cell runs as it stands, but for the number of epochs and the baselines."""
    first, *others = code_cells(NOTEBOOKS / "movielens.ipynb")
    names: dict[str, Any] = {}
    exec(first, names)
    assert names.keys() >= SETTINGS.keys(), "the first cell no longer has the settings that this test changes"
    names |= SETTINGS
    for cell in others:
        exec(cell, names)
    assert names["written"].relationshipsWritten.tolist() == [6100]
    assert names["recommended"]["rank"].tolist() == list(range(1, 11))


def test_notebooks_are_committed_without_outputs() -> None:
    """Outputs would grow stale, and differ from run to run."""
    for notebook in NOTEBOOKS.glob("*.ipynb"):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        assert [cell["outputs"] for cell in cells if cell.get("outputs")] == [], notebook.name
