"""What a projection contains, as the database describes it before any column is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Property:
    """A node or relationship property of a projection."""

    name: str
    value_type: str
    """GDS's name of the type: LONG, DOUBLE, FLOAT_ARRAY, DOUBLE_ARRAY or LONG_ARRAY."""
    dimension: int = 1
    """Length of its vectors, 1 for scalars, 0 when unknown."""


@dataclass(frozen=True)
class Label:
    """A node label of a projection."""

    name: str
    node_count: int
    properties: Mapping[str, Property] = field(default_factory=dict)


@dataclass(frozen=True)
class RelationshipType:
    """A relationship type of a projection."""

    name: str
    relationship_count: int
    """An undirected relationship counts twice."""
    properties: tuple[str, ...] = ()
    undirected: bool = False
    stored_type: str = ""
    """Type that these relationships have in the database; empty when there is none, or when it cannot be known."""


@dataclass(frozen=True)
class Graph:
    """A projection's schema, counts and times."""

    name: str
    node_count: int
    relationship_count: int
    created_millis: int
    modified_millis: int
    labels: Mapping[str, Label]
    relationship_types: Mapping[str, RelationshipType]
    constraints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each label, the properties that a single-property uniqueness or key constraint makes a key."""
    can_write: bool = True
