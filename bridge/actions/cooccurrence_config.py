"""Declaration of `bridge.cooccurrence`: its keys and columns."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from bridge.actions.base_config import KeyedConfig
from bridge.core.config import Name, PositiveInt
from bridge.core.procedure import NodeId, Row
from bridge.projection.measures import Measure


class CooccurrenceConfig(KeyedConfig):
    """Pairs of targets that the same sources like, weighed against how often each is liked at all."""

    source_node_label: Name
    """Label of the nodes that like."""
    target_node_label: Name
    """Label of the nodes that are liked, and of which pairs are made."""
    target_relationship_type: Name
    """The relationships from sources to targets; parallel ones count once."""
    target_property: Name | None = None
    """Relationship property that decides what is liked; every relationship is a like when not given."""
    liked_threshold: float | None = Field(default=None, allow_inf_nan=False)
    """Values of `targetProperty` of at least this are liked; their mean when not given."""
    measure: Measure = "weightedPmi"
    """What a pair weighs, by the c sources that like both, the a and b that like one and the other, and the D likes of
    all targets together. pmi: ln c − ln a − ln b + ln D. ppmi: the same, 0 where negative. weightedPmi: c · pmi.
    count: c. cosine: c / √(a · b). jaccard: c / (a + b − c)."""
    min_weight: float | None = Field(default=None, allow_inf_nan=False)
    """Leave out pairs that weigh less; those that weigh 0 or less when not given."""
    min_count: PositiveInt = 1
    """Leave out pairs that fewer sources like both of."""
    top_k: PositiveInt | None = None
    """Of what is left, keep a pair if it is among the heaviest this many of either of its ends; all when not given."""


class CooccurrenceMutateConfig(CooccurrenceConfig):
    """Pairs of targets that the same sources like, added to the projection as undirected relationships."""

    mutate_relationship_type: Name
    """The relationship type that the projection gets."""
    mutate_property: Name = "weight"
    """The relationship property with the weight."""


class CooccurrenceRow(Row):
    """One pair, there once."""

    source_node_id: NodeId
    """Neo4j's id of one node."""
    target_node_id: NodeId
    """Neo4j's id of the other."""
    weight: float
    """The measure."""
    count: int
    """Sources that like both."""


class CooccurrenceStatsRow(Row):
    """What was counted, and what was cut."""

    pre_processing_millis: int
    """Milliseconds for reading."""
    compute_millis: int
    """Milliseconds for counting."""
    source_count: int
    """Source nodes that like something."""
    liked_count: int
    """Target nodes that some source likes."""
    node_count: int
    """Target nodes that are in a kept pair."""
    pair_count: int
    """Pairs that some source likes both of, before anything was cut."""
    pairs_below_threshold: int
    """Pairs cut by `minWeight` or `minCount`."""
    pairs_beyond_top_k: int
    """Pairs cut by `topK`."""
    pairs_kept: int
    """Pairs that are left."""
    configuration: dict[str, Any]
    """The configuration that was in force, with the threshold that was chosen."""


class CooccurrenceMutateRow(CooccurrenceStatsRow):
    """What was counted, what was cut, and what the projection got."""

    mutate_millis: int
    """Milliseconds for adding the relationships."""
    relationships_written: int
    """Relationships added, counted as GDS counts them: an undirected one twice."""
