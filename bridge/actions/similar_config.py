"""Declaration of `bridge.similar`: its keys and columns."""

from __future__ import annotations

from bridge.actions.base_config import ModelConfig, NodeFilter
from bridge.core.config import PositiveInt
from bridge.core.procedure import NodeId, Row


class SimilarConfig(ModelConfig):
    """Nearest nodes by a hosted model's embeddings: exact cosine similarity, for one node, several or all."""

    top_k: PositiveInt = 10
    """Nearest nodes per node."""
    source_node_filter: NodeFilter | None = None
    """Only for these nodes: nodes or their ids, or a label; all that the model has embeddings for by default."""
    target_node_filter: NodeFilter | None = None
    """Only among these nodes: nodes or their ids, or a label; among the nodes of the same label by default."""


class SimilarRow(Row):
    """One near node."""

    source_node_id: NodeId
    """Neo4j's id of the node that was asked for."""
    target_node_id: NodeId
    """Neo4j's id of the near node."""
    similarity: float
    """Cosine of the two vectors, -1 to 1."""
    rank: int
    """1 for the nearest."""
    model_version: int
    """The version that answered."""
