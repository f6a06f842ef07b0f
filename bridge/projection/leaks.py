"""How many of the held-out relationships stand in the projection a second time, under another type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.core.projection import EdgeType, Projection, Target

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Rows of the source and of the target label, int64 [n] each."""


@dataclass(frozen=True)
class Overlap:
    """Held-out relationships whose two nodes another edge type links too, in whichever direction."""

    edge_type: EdgeType
    found: int
    """Held-out relationships that are there again."""
    of: int
    """Held-out relationships."""
    chance: float
    """So many of them would be there if the type linked the same nodes, each as often, at random."""

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return self.found / self.of

    @property
    def more_than_chance(self) -> bool:
        """More than chance gives, by over three standard deviations of a binomial count."""
        rate = self.chance / self.of
        return self.found > 1 + self.chance + 3 * float(np.sqrt(self.of * rate * (1 - rate)))


def overlaps(
    projection: Projection, target: Target, held_out: NDArray[np.bool_], side_types: Iterable[EdgeType]
) -> Iterator[Overlap]:
    """Measure each side type between the target's two labels.

    Args:
        projection: with target relationships.
        target: what is held out of it.
        held_out: bool [E], at least one True, in the order of the target relationships.
        side_types: edge types that carry messages.
    """
    rows = projection.relationships[target.edge_type].edge_index[:, held_out].astype(np.int64)
    asked = (rows[0], rows[1])
    shape = (len(projection.nodes[target.source_label]), len(projection.nodes[target.target_label]))
    for edge_type in sorted(side_types):
        pairs = _oriented(projection, target, edge_type)
        if pairs is None or not len(pairs[0]):
            continue
        codes = np.unique(_codes(pairs, shape))
        found = int(np.isin(_codes(asked, shape), codes).sum())
        yield Overlap(edge_type, found, len(rows[0]), _chance(asked, codes, shape))


def _oriented(projection: Projection, target: Target, edge_type: EdgeType) -> Pairs | None:
    """Turn an edge type's relationships the target's way; None when it links other labels."""
    source, _, goal = edge_type
    ends = (target.source_label, target.target_label)
    if (source, goal) != ends and (goal, source) != ends:
        return None
    one, other = projection.relationships[edge_type].edge_index.astype(np.int64)
    if source == goal:
        return np.concatenate([one, other]), np.concatenate([other, one])
    return (one, other) if (source, goal) == ends else (other, one)


def _codes(pairs: Pairs, shape: tuple[int, int]) -> NDArray[np.int64]:
    return pairs[0] * shape[1] + pairs[1]


def _chance(asked: Pairs, codes: NDArray[np.int64], shape: tuple[int, int]) -> float:
    sources, targets = np.divmod(codes, shape[1])
    of_source = np.bincount(sources, minlength=shape[0])[asked[0]]
    of_target = np.bincount(targets, minlength=shape[1])[asked[1]]
    return float(np.minimum(1.0, of_source * of_target / len(codes)).sum())
