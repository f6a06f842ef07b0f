"""The contract between models, baselines and those who evaluate them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.core.projection import EdgeType, Projection, RelationshipTable, Target


@dataclass(frozen=True)
class Interactions:
    """Target relationships as parallel arrays, in the projection's canonical order."""

    sources: NDArray[np.int32]
    """int32 [E]; rows of the source label's table."""
    targets: NDArray[np.int32]
    """int32 [E]; rows of the target label's table."""
    values: NDArray[np.float64]
    """float64 [E]; the target property, or 1 for every link when there is none."""
    source_count: int
    target_count: int
    times: NDArray[np.float64] | None = None
    """float64 [E]; the time property, in whatever unit the database keeps it."""

    def __len__(self) -> int:
        return len(self.sources)

    def where(self, mask: NDArray[np.bool_]) -> Interactions:
        """Keep the relationships of a bool [E] mask."""
        return replace(
            self,
            sources=self.sources[mask],
            targets=self.targets[mask],
            values=self.values[mask],
            times=None if self.times is None else self.times[mask],
        )


def interactions(projection: Projection, target: Target) -> Interactions:
    """Take the target relationships out of a projection; none where it has none of that type and direction."""
    table = projection.relationships.get(target.edge_type)
    if table is None:  # canonical order keeps no table without relationships
        empty = np.empty(0, dtype=np.float64)
        names = [name for name in (target.value_property, target.time_property) if name is not None]
        table = RelationshipTable(np.empty((2, 0), dtype=np.int32), dict.fromkeys(names, empty))
    values = np.ones(len(table)) if target.value_property is None else table.properties[target.value_property]
    times = None if target.time_property is None else table.properties[target.time_property]
    return Interactions(
        sources=table.edge_index[0],
        targets=table.edge_index[1],
        values=np.asarray(values, dtype=np.float64),
        source_count=len(projection.nodes[target.source_label]),
        target_count=len(projection.nodes[target.target_label]),
        times=None if times is None else np.asarray(times, dtype=np.float64),
    )


class Scorer(Protocol):
    """Something that scores (source, target) pairs: a model over a projection, or a baseline."""

    def pairs(self, sources: NDArray[np.integer], targets: NDArray[np.integer]) -> NDArray[np.float32]:
        """Score pairs of rows: int [n], int [n] → float32 [n]."""
        ...

    def block(self, sources: NDArray[np.integer]) -> NDArray[np.float32]:
        """Score all targets for some sources: int [b] → float32 [b, targets]. Memory is that of the result."""
        ...


@dataclass(frozen=True)
class Problem:
    """What a model is fitted to."""

    projection: Projection
    """Features complete: no missing value is left in any property that `features` names."""
    target: Target
    fit_on: NDArray[np.bool_]
    """bool [E]; the target relationships that may be messages and examples."""
    validate_on: NDArray[np.bool_]
    """bool [E]; those that choose the epochs. All False: train for exactly the epochs asked for."""
    features: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each label, the node properties that are its input features, in order."""
    message_types: frozenset[EdgeType] = frozenset()
    """The side relationships that carry messages, without the target type and its mirror image."""
    liked_threshold: float = 0.0
    """A target value of at least this is liked (ranking)."""
    relevant_threshold: float = 0.0
    """A held-out target value of at least this is relevant (ranking)."""


@dataclass(frozen=True)
class Epoch:
    """One step of a training, as its record shows it."""

    epoch: int
    loss: float
    validation: float | None = None
    """The metric that chooses the epochs (RMSE or NDCG@10), where it was measured."""
