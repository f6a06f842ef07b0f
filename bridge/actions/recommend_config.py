"""Declaration of `bridge.recommend`: its keys and columns."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from bridge.actions.base_config import ModelConfig, NodeFilter
from bridge.core.config import Name, Names, PositiveInt
from bridge.core.procedure import NodeId, Row


class RecommendConfig(ModelConfig):
    """Top-K targets for each source node, from a hosted model."""

    top_k: PositiveInt = 10
    """Targets per source node."""
    source_node_filter: NodeFilter | None = None
    """Only these source nodes: nodes or their ids, or a label."""
    target_node_filter: NodeFilter | None = None
    """Only these target nodes: nodes or their ids, or a label."""
    exclude_relationship_types: Names | None = None
    """Targets already linked by one of these types are left out; the model's target type when not given."""
    min_score: float | None = Field(default=None, allow_inf_nan=False)
    """Leave out what scores below this."""
    write_relationship_type: Name = "RECOMMENDED"
    """Type of the relationships to write (write mode)."""
    batch_size: PositiveInt | None = None
    """Write in transactions of this many relationships, not atomic; in the caller's transaction when not given."""
    sudo: bool = False
    """Write even when the transaction memory limit seems too small for it."""


class RecommendRow(Row):
    """One recommendation."""

    source_node_id: NodeId
    """Neo4j's id of the source node."""
    target_node_id: NodeId
    """Neo4j's id of the recommended node."""
    score: float
    """The model's score; comparable within one source."""
    rank: int
    """1 for the best."""
    model_version: int
    """The version that answered."""
    fallback: bool
    """The model knows too little of the source: the score is popularity."""


class RecommendWriteRow(Row):
    """What was written."""

    relationships_written: int
    """Relationships made."""
    relationships_deleted: int
    """Old relationships of this model that were deleted."""
    relationships_unchanged: int
    """Relationships that were there already, the same in everything."""
    sources_without: int
    """Source nodes that got no recommendation."""
    write_millis: int
    """Milliseconds for writing."""
    configuration: dict[str, Any]
    """The configuration that was in force."""


class PredictConfig(ModelConfig):
    """Predicted rating or score of given pairs, from a hosted model."""

    pair_relationship_type: Name | None = None
    """Predict for the pairs that this type of the projection links; else for every pair of the two filters."""
    source_node_filter: NodeFilter | None = None
    """Only these source nodes: nodes or their ids, or a label."""
    target_node_filter: NodeFilter | None = None
    """Only these target nodes: nodes or their ids, or a label."""


class PredictRow(Row):
    """One predicted pair."""

    source_node_id: NodeId
    """Neo4j's id of the source node."""
    target_node_id: NodeId
    """Neo4j's id of the target node."""
    score: float
    """The predicted value (rating) or the model's score (ranking)."""
    model_version: int
    """The version that answered."""
    fallback: bool
    """The model knows too little of one of the two: the score is a mean or a popularity."""
