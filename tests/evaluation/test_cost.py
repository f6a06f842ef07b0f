"""Estimates grow with what is estimated."""

from __future__ import annotations

import numpy as np

from bridge.core.learning import Interactions
from bridge.evaluation.baselines import BASELINES
from bridge.evaluation.cost import ALL, FAST, Cost, linear
from bridge.evaluation.ranking_baselines import Ease, ItemKnn


def links(sources: int, targets: int, each: int) -> Interactions:
    rows = np.repeat(np.arange(sources, dtype=np.int32), each)
    columns = (np.arange(len(rows)) % targets).astype(np.int32)
    return Interactions(rows, columns, np.ones(len(rows)), sources, targets)


def test_both_figures_must_be_within_the_limit() -> None:
    """Too slow is too much, and so is too large."""
    assert Cost(1, 1).within(Cost(1, 1))
    assert not Cost(2, 1).within(Cost(1, 1))
    assert not Cost(1, 2).within(Cost(1, 1))


def test_a_cost_reads_as_memory_and_time() -> None:
    """As it stands in the reason for skipping."""
    assert str(Cost(3 * 2**29, 90.4)) == "1.5 GiB and 90 s"


def test_small_data_are_within_fast_for_all_baselines() -> None:
    """On the size of MovieLens latest-small nothing is skipped."""
    small = links(610, 9742, 165)
    costs = [linear(small)] + [baseline.cost(small) for group in BASELINES.values() for baseline in group.values()]
    assert all(cost.within(FAST) for cost in costs)


def test_ease_costs_what_its_smaller_side_costs() -> None:
    """Few sources make it cheap, however many targets; many of both are beyond any limit."""
    assert Ease.cost(links(600, 1_000_000, 5)).within(FAST)
    assert not Ease.cost(links(20_000, 30_000, 5)).within(FAST)
    assert not Ease.cost(links(100_000, 200_000, 5)).within(ALL)


def test_neighbours_cost_the_square_of_what_a_source_likes() -> None:
    """The same number of relationships costs more in fewer hands."""
    assert ItemKnn.cost(links(100, 1000, 1000)).seconds > 50 * ItemKnn.cost(links(10_000, 1000, 10)).seconds
