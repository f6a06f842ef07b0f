"""bridge/actions/gnn_data_checks.py: all faults of the data at once, and side relationships that tell the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.actions.gnn_data_checks import check_data
from bridge.actions.plan import Plan
from bridge.core.errors import BridgeError, FailedPreconditionError, InvalidArgumentError
from bridge.core.projection import EdgeType, Projection, RelationshipTable
from bridge.projection.folder import write_folder
from tests import boards
from tests.boards import TARGET, two_camps

REVERSE = ("Book", "RATED_REV", "Reader")


def plan(folder: Path, projection: Projection, **changes: Any) -> Plan:
    folder.mkdir(exist_ok=True)
    write_folder(folder / "snapshot", projection)
    given: dict[str, Any] = {
        "snapshot": str(folder / "snapshot"), "staging": "", "objective": "rating", "architecture": "graphFm",
        "hyperparameters": {}, "target": TARGET, "features": {"Book": ("size",)}, "missing": "error",
        "split": "random", "split_property": None, "split_seed": 42, "validation_fraction": 0.1, "test_fraction": 0.1,
        "liked_threshold": None, "relevant_threshold": None, "refit": True, "baselines": "none", "seed": 0,
        "threads": 1, "device": "cpu",
    }  # fmt: skip
    return Plan(**given | changes)


def with_tables(tables: Mapping[EdgeType, RelationshipTable]) -> Projection:
    projection = two_camps().projection
    return replace(projection, relationships={**projection.relationships, **tables})


def with_size(values: np.ndarray, missing: np.ndarray | None = None) -> Projection:
    projection = two_camps().projection
    books = projection.nodes["Book"]
    changed = replace(books, properties={"size": values}, missing={} if missing is None else {"size": missing})
    return replace(projection, nodes={**projection.nodes, "Book": changed})


def test_sound_data_have_neither_faults_nor_warnings(tmp_path: Path) -> None:
    assert check_data(plan(tmp_path, two_camps().projection), allow_leaky=False) == []


def test_all_faults_of_the_data_are_told_at_once(tmp_path: Path) -> None:
    """A feature that is NaN, a target value that is infinite, fractions that leave a part empty."""
    sizes = two_camps().projection.nodes["Book"].properties["size"].copy()
    sizes[3] = np.nan
    stars = two_camps().projection.relationships[TARGET.edge_type].properties["stars"].copy()
    stars[5] = np.inf
    projection = boards.with_values(with_size(sizes), stars)
    with pytest.raises(InvalidArgumentError) as raised:
        check_data(plan(tmp_path, projection, validation_fraction=1e-9), allow_leaky=False)
    for words in ("`size` of `Book` is NaN", "The split leaves nothing for validation", "`stars` is missing, NaN or"):
        assert words in raised.value.message


def test_a_missing_feature_is_a_fault_unless_it_is_filled(tmp_path: Path) -> None:
    sizes = two_camps().projection.nodes["Book"].properties["size"]
    projection = with_size(sizes, missing=np.arange(48) == 3)
    with pytest.raises(FailedPreconditionError, match="`size` of `Book` is missing for 1 of 48"):
        check_data(plan(tmp_path / "one", projection), allow_leaky=False)
    assert check_data(plan(tmp_path / "other", projection, missing="mean"), allow_leaky=False) == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"target": replace(TARGET, relationship_type="LIKED")}, "has no relationship"),
        ({"split_property": "stars"}, "is none of 0 \\(train\\)"),
        ({"split": "temporal", "target": replace(TARGET, time_property="when")}, "no property `when`"),
    ],
)
def test_what_can_not_be_split_is_told_once(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(BridgeError, match=text) as raised:
        check_data(plan(tmp_path, two_camps().projection, **changes), allow_leaky=False)
    assert isinstance(raised.value, FailedPreconditionError), "one fault, under its own reason"


def test_the_target_type_under_another_name_is_refused(tmp_path: Path) -> None:
    """Projected a second time in reverse it would carry the held-out relationships as messages."""
    sources, targets = two_camps().projection.relationships[TARGET.edge_type].edge_index
    projection = with_tables({REVERSE: boards.links(targets, sources)})
    with pytest.raises(FailedPreconditionError, match=r"\(:Book\)-\[:RATED_REV\]->\(:Reader\) repeat") as raised:
        check_data(plan(tmp_path / "one", projection), allow_leaky=False)
    assert raised.value.reason == "LEAKY_RELATIONSHIPS"
    (warning,) = check_data(plan(tmp_path / "other", projection), allow_leaky=True)
    assert "RATED_REV" in warning


def test_a_side_type_that_repeats_some_is_warned_of(tmp_path: Path) -> None:
    index = two_camps().projection.relationships[TARGET.edge_type].edge_index
    sources, targets = index[:, np.arange(index.shape[1]) % 3 == 0]
    projection = with_tables({REVERSE: boards.links(targets, sources)})
    (warning,) = check_data(plan(tmp_path, projection), allow_leaky=False)
    assert "RATED_REV" in warning
    assert "chance would give" in warning


def test_the_mirror_of_an_undirected_target_is_no_leak(tmp_path: Path) -> None:
    """It carries no messages."""
    table = two_camps().projection.relationships[TARGET.edge_type]
    sources, targets = table.edge_index
    both = {
        TARGET.edge_type: replace(table, undirected=True),
        ("Book", "RATED", "Reader"): boards.links(targets, sources, undirected=True),
    }
    assert check_data(plan(tmp_path, with_tables(both)), allow_leaky=False) == []
