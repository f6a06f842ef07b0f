"""A projection as arrays in canonical order: what training, prediction and fingerprints see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

EdgeType = tuple[str, str, str]
"""(source label, relationship type, target label), as PyTorch Geometric writes it."""

KEPT_PREFIX = "snapshot."
"""Begins the names of a snapshot's files where they are kept beside others: in the folder of a model's version."""


@dataclass(frozen=True)
class NodeTable:
    """The nodes of one label, sorted by key."""

    label: str
    key_property: str
    """The property that identifies a node across projections; empty when the keys are Neo4j's own ids."""
    keys: NDArray[np.generic]
    """int64 [N] or str [N]; strictly ascending."""
    ids: NDArray[np.int64]
    """int64 [N]; GDS's internal ids in this very projection. Not part of the fingerprint."""
    properties: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    """Scalars [N] or vectors [N, d]; float32, float64, int32 or int64."""
    missing: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """bool [N] for each property that some node lacks; the element there is 0."""

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class RelationshipTable:
    """The relationships of one type between two labels, sorted by (source row, target row, properties)."""

    edge_index: NDArray[np.int32]
    """int32 [2, E]; row 0 is rows of the source label's table, row 1 of the target label's. Only the directions
    that the projection has: an undirected relationship is here twice, a natural one once."""
    properties: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)
    """float32 or float64 [E]; NaN where a relationship has no value."""
    undirected: bool = False

    def __len__(self) -> int:
        return int(self.edge_index.shape[1])


@dataclass(frozen=True)
class Projection:
    """A graph's columns. Equal data give equal arrays and an equal fingerprint, however they were loaded."""

    nodes: Mapping[str, NodeTable]
    relationships: Mapping[EdgeType, RelationshipTable]
    fingerprint: str
    """sha256, hex, of all arrays but the internal ids."""

    @property
    def node_count(self) -> int:
        """Number of nodes over all labels."""
        return sum(len(table) for table in self.nodes.values())

    @property
    def relationship_count(self) -> int:
        """Number of relationships over all types."""
        return sum(self.relationship_counts.values())

    @property
    def relationship_counts(self) -> dict[str, int]:
        """Number of relationships by type, in the directions that the projection has."""
        counts: dict[str, int] = {}
        for (_, kind, _), table in self.relationships.items():
            counts[kind] = counts.get(kind, 0) + len(table)
        return counts


TRAIN, VALIDATION, TEST = 0, 1, 2
"""Values of a split's membership."""


@dataclass(frozen=True)
class Target:
    """What a model is asked to predict: a relationship type, or a property of it."""

    source_label: str
    relationship_type: str
    target_label: str
    value_property: str | None = None
    """The relationship property whose value is predicted or decides what is liked; None when every link is."""
    time_property: str | None = None

    @property
    def edge_type(self) -> EdgeType:
        """The target relationships' key in `Projection.relationships`."""
        return (self.source_label, self.relationship_type, self.target_label)
