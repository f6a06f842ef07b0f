"""Which source of a model has a link to which target."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from bridge.core.projection import Projection, Target


def links_of(projection: Projection, target: Target, type_name: str) -> csr_array | None:
    """Return the links of a type as bool [sources, targets], in the projection's direction or against it.

    None where the projection has none between the two labels.
    """
    source, goal = target.source_label, target.target_label
    shape = (len(projection.nodes[source]), len(projection.nodes[goal]))
    parts = []
    if table := projection.relationships.get((source, type_name, goal)):
        parts.append((table.edge_index[0], table.edge_index[1]))
    if source != goal and (table := projection.relationships.get((goal, type_name, source))):
        parts.append((table.edge_index[1], table.edge_index[0]))
    if not parts:
        return None
    rows, columns = (np.concatenate(each) for each in zip(*parts, strict=True))
    return csr_array((np.ones(len(rows), dtype=np.bool_), (rows, columns)), shape=shape)
