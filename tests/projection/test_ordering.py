"""Relationships are sorted alike on every path, fast or slow."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.projection import ordering
from bridge.projection.ordering import in_canonical_order

COUNT = 2000


def links(seed: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    sources, targets = rng.integers(0, 60, (2, COUNT)).astype(np.int32)
    sources[: COUNT // 3] = 7  # one source larger than a block
    return sources, targets, {"a": rng.integers(0, 3, COUNT).astype(np.float32), "b": rng.random(COUNT)}


def arrival(name: str, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
    orders = {
        "any": np.arange(COUNT),
        "grouped by source": np.argsort(sources, kind="stable"),
        "sources descending": np.argsort(-sources, kind="stable"),
        "sorted": np.lexsort((targets, sources)),
    }
    return orders[name]


@pytest.mark.parametrize("name", ["any", "grouped by source", "sources descending", "sorted"])
@pytest.mark.parametrize("word", [64, 8])
@pytest.mark.parametrize("block", [16, 1 << 15])
def test_the_order_is_that_of_a_plain_sort(name: str, word: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks, packed words and the fallback for nodes too many to pack give what a sort of tuples gives."""
    monkeypatch.setattr(ordering, "_BLOCK", block)
    monkeypatch.setattr(ordering, "_WORD", word)
    sources, targets, columns = links(3)
    order = arrival(name, sources, targets)
    given = {key: values[order] for key, values in columns.items()}
    edge_index, properties = in_canonical_order(sources[order], targets[order], given)
    found = list(zip(*edge_index.tolist(), *(values.tolist() for values in properties.values()), strict=True))
    assert found == sorted(
        zip(sources.tolist(), targets.tolist(), columns["a"].tolist(), columns["b"].tolist(), strict=True)
    )


def test_parallel_relationships_are_sorted_by_value_even_negative_ones() -> None:
    """Floats as integers keep their order: -2 < -1 < -0.0 < 0.0 < 1 < NaN."""
    values = np.array([1.0, -0.0, np.nan, -2.0, 0.0, -1.0])
    zeros = np.zeros(6, dtype=np.int32)
    _, properties = in_canonical_order(zeros, zeros, {"x": values})
    assert str(properties["x"].tolist()) == "[-2.0, -1.0, -0.0, 0.0, 1.0, nan]"
