"""From columns in GDS's order to a projection in canonical order."""

from __future__ import annotations

from bridge.core.columns import RawProjection
from bridge.core.projection import EdgeType, Projection, RelationshipTable
from bridge.projection.fingerprint import fingerprint
from bridge.projection.nodes import node_table
from bridge.projection.relationships import Rows, relationship_tables


def canonical(raw: RawProjection) -> Projection:
    """Sort, narrow and fingerprint a projection.

    Equal data give equal arrays, whatever order, batches and number types they arrived in. Nodes the transaction does
    not see are left out with their relationships; so are relationships with an end in no label of `raw.nodes`.

    Raises:
        FailedPreconditionError: node keys that are null, duplicate or of mixed types; a node with two of the labels;
            a property whose vectors differ in length.
    """
    nodes = {
        label: node_table(raw.nodes[label], raw.keys.get(label), raw.key_properties.get(label, ""))
        for label in sorted(raw.nodes)
    }
    rows = Rows.of(nodes)
    relationships: dict[EdgeType, RelationshipTable] = {}
    for name in sorted(raw.relationships):
        tables = relationship_tables(raw.relationships[name], rows, undirected=name in raw.undirected)
        relationships.update(tables)
    relationships = dict(sorted(relationships.items()))
    return Projection(nodes, relationships, fingerprint(nodes, relationships))
