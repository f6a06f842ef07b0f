"""Declaration of `bridge.embed`: its keys and columns."""

from __future__ import annotations

from typing import Any

from bridge.actions.base_config import ModelConfig
from bridge.core.config import Name, Names, PositiveInt
from bridge.core.procedure import NodeId, Row


class EmbedConfig(ModelConfig):
    """Embeddings of the projected nodes, from a hosted model of any family."""

    node_labels: Names = ("*",)
    """Labels whose nodes are asked for; all that the model has embeddings for by default."""
    sudo: bool = False
    """Run even when the memory estimate exceeds what there is."""


class EmbedMutateConfig(EmbedConfig):
    """Embeddings of the projected nodes, from a hosted model of any family, added to the projection."""

    mutate_property: Name
    """The property that the projection gets."""


class EmbedWriteConfig(EmbedConfig):
    """Embeddings of the projected nodes, from a hosted model of any family, written to the database."""

    write_property: Name
    """The property that the nodes get."""
    batch_size: PositiveInt | None = None
    """Write in transactions of this many nodes, not atomic; in the caller's transaction when not given."""


class EmbedRow(Row):
    """One node's embedding."""

    node_id: NodeId
    """Neo4j's id of the node."""
    embedding: list[float]
    """The vector."""
    model_version: int
    """The version that answered."""


class EmbedMutateRow(Row):
    """What was added to the projection."""

    node_properties_written: int
    """Nodes that got a vector."""
    mutate_millis: int
    """Milliseconds for adding the property."""
    node_count: int
    """Nodes asked for; those that the model knows nothing of get no vector."""
    configuration: dict[str, Any]
    """The configuration that was in force."""


class EmbedWriteRow(Row):
    """What was written."""

    node_count: int
    """Nodes asked for; those that the model knows nothing of are left as they are."""
    node_properties_written: int
    """Nodes that got a vector."""
    write_millis: int
    """Milliseconds for writing."""
    configuration: dict[str, Any]
    """The configuration that was in force."""
