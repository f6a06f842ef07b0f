"""Declaration of `bridge.encode`: its keys and columns."""

from __future__ import annotations

from typing import Any

from bridge.actions.base_config import GraphConfig, KeyedConfig, Missing
from bridge.core.config import ModelName, Name, Names, PositiveInt
from bridge.core.procedure import Row


class EncodeTextConfig(GraphConfig):
    """Embedding of a stored string property of the projected nodes, by a sentence transformer."""

    node_labels: Names = ("*",)
    """Labels whose nodes get a vector; all of the projection by default."""
    source_property: Name
    """The stored property with the text."""
    mutate_property: Name
    """The property that the projection gets."""
    missing: Missing = "error"
    """What to do with nodes that have no text: refuse, give a zero vector, or the mean vector."""
    batch_size: PositiveInt = 64
    """Texts encoded at once, of long ones fewer."""
    sudo: bool = False
    """Run even when the memory estimate exceeds what there is."""


class EncodeMultiHotConfig(KeyedConfig):
    """Multi-hot vector of a stored list property, or of the neighbours over relationship types."""

    node_labels: Names = ("*",)
    """Labels whose nodes get a vector; all of the projection by default."""
    relationship_types: Names | None = None
    """Encode the neighbours over these types. Give this or `sourceProperty`."""
    source_property: Name | None = None
    """Encode the elements of this stored property, a string or a list. Give this or `relationshipTypes`."""
    mutate_property: Name
    """The property that the projection gets."""
    vocabulary: ModelName | None = None
    """Name of a stored vocabulary: made at first use, and from then on it decides the columns."""


class EncodeRow(Row):
    """What was added to the projection."""

    node_properties_written: int
    """Nodes that got a vector."""
    mutate_millis: int
    """Milliseconds for adding the property."""
    node_count: int
    """Nodes of the labels."""
    pre_processing_millis: int
    """Milliseconds for reading."""
    compute_millis: int
    """Milliseconds for encoding."""
    configuration: dict[str, Any]
    """The configuration that was in force."""


class EncodeTextRow(EncodeRow):
    """What was added to the projection, and by which encoder."""

    embedding_dimension: int
    """Length of the vectors."""
    nodes_without_text: int
    """Nodes whose vector is zero or the mean because they have no text."""


class EncodeMultiHotRow(EncodeRow):
    """What was added to the projection, and with which vocabulary."""

    vocabulary: list[str]
    """The value that each position stands for."""
    values_ignored: int
    """Values that a stored vocabulary does not know."""
