"""Declaration of `bridge.node2vec`: its keys and columns."""

from __future__ import annotations

from typing import Any

from bridge.actions.base_config import GatedConfig, InitialConfig, KeyedConfig
from bridge.core.config import Fraction, ModelName, Name, Names, PositiveInt
from bridge.core.procedure import NodeId, Row
from bridge.models.node2vec import Node2VecHyperparameters


class Node2VecConfig(Node2VecHyperparameters, KeyedConfig):
    """Embedding of the nodes by biased random walks and skip-gram with negative sampling (Grover and Leskovec 2016)."""

    node_labels: Names = ("*",)
    """Labels whose nodes are walked over; all of the projection by default."""
    relationship_types: Names = ("*",)
    """Relationship types that walks follow, in the projection's directions; all by default."""
    relationship_weight_property: Name | None = None
    """Relationship property that a step's probability is proportional to; all weigh the same when not given."""
    random_seed: int | None = None
    """Seed of all random choices; a new one, shown in `configuration`, when not given. The same seed gives the same
    vectors, bit for bit, whatever the concurrency."""
    sudo: bool = False
    """Run even when the memory estimate exceeds what there is."""


class Node2VecMutateConfig(Node2VecConfig):
    """Embedding of the nodes by biased random walks and skip-gram, added to the projection."""

    mutate_property: Name
    """The property that the projection gets."""


class Node2VecWriteConfig(Node2VecConfig):
    """Embedding of the nodes by biased random walks and skip-gram, written to the database."""

    write_property: Name
    """The property that the nodes get."""
    batch_size: PositiveInt | None = None
    """Write in transactions of this many nodes, not atomic; in the caller's transaction when not given."""


class Node2VecTrainConfig(GatedConfig, InitialConfig, Node2VecConfig):
    """Embedding of the nodes by biased random walks and skip-gram, kept as the next version of a model and measured
    on held-out relationships."""

    model_name: ModelName
    """Name of the model; a taken name gets the next version."""
    test_fraction: Fraction = 0.1
    """Share of the relationships that is held out to measure an embedding made without them."""
    split_seed: int = 42
    """Seed of which ones are held out, and of the pairs that they are compared with."""


class Node2VecStreamRow(Row):
    """One node's embedding. A node without relationships has none and gets no row."""

    node_id: NodeId
    """Neo4j's id of the node."""
    embedding: list[float]
    """The vector."""


class Node2VecStatsRow(Row):
    """What was computed."""

    node_count: int
    """Nodes of the labels."""
    nodes_without_relationships: int
    """Those of them that got no vector."""
    pre_processing_millis: int
    """Milliseconds for reading."""
    compute_millis: int
    """Milliseconds for walks and training."""
    configuration: dict[str, Any]
    """The configuration that was in force."""
    loss_per_iteration: list[float]
    """Mean loss of a pair in each iteration, as it was trained."""


class Node2VecMutateRow(Row):
    """What was added to the projection."""

    node_properties_written: int
    """Nodes that got a vector."""
    mutate_millis: int
    """Milliseconds for adding the property."""
    node_count: int
    """Nodes of the labels."""
    nodes_without_relationships: int
    """Those of them that got no vector: the projection has no value for them."""
    pre_processing_millis: int
    """Milliseconds for reading."""
    compute_millis: int
    """Milliseconds for walks and training."""
    post_processing_millis: int
    """Always 0; the Graph Data Science library has the column."""
    configuration: dict[str, Any]
    """The configuration that was in force."""
    loss_per_iteration: list[float]
    """Mean loss of a pair in each iteration, as it was trained."""


class Node2VecWriteRow(Row):
    """What was written."""

    node_count: int
    """Nodes of the labels."""
    node_properties_written: int
    """Nodes that got a vector."""
    nodes_without_relationships: int
    """Nodes that got no vector and were left as they are, an older value included."""
    pre_processing_millis: int
    """Milliseconds for reading."""
    compute_millis: int
    """Milliseconds for walks and training."""
    write_millis: int
    """Milliseconds for writing."""
    configuration: dict[str, Any]
    """The configuration that was in force."""
    loss_per_iteration: list[float]
    """Mean loss of a pair in each iteration, as it was trained."""


class Node2VecTrainRow(Row):
    """What was trained."""

    model_info: dict[str, Any]
    """The version and how good it is: metrics on held-out relationships, baselines, losses, seeds, fingerprint."""
    configuration: dict[str, Any]
    """The configuration that was in force."""
    train_millis: int
    """Milliseconds from the call to the published version."""
