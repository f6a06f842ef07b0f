"""Which nodes of a label a call is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.actions.reading import quoted
from bridge.core.call import Call
from bridge.core.columns import Table
from bridge.core.errors import InvalidArgumentError
from bridge.core.graph import Graph
from bridge.core.projection import NodeTable

if TYPE_CHECKING:
    from bridge.actions.services import Services


async def filtered_rows(
    call: Call, services: Services, table: NodeTable, graph: Graph, wanted: object, key: str
) -> NDArray[np.int64]:
    """Resolve a node filter to rows of a table, ascending: a label, or Neo4j's ids.

    Raises:
        InvalidArgumentError: the label is not in the projection, or an id is none of the table's nodes.
    """
    if wanted is None or wanted == table.label:
        return np.arange(len(table), dtype=np.int64)
    label = wanted if isinstance(wanted, str) else table.label
    if label not in graph.labels:
        raise InvalidArgumentError(
            f"`{key}` was `{label}`, but must be node ids or one of the labels {quoted(list(graph.labels))}.",
            reason="INVALID_CONFIGURATION",
        )
    nodes, _ = await call.read_projection({label: ()}, {})
    return await services.compute(_rows_of, table, nodes[label], wanted, key)


def _rows_of(table: NodeTable, nodes: Table, wanted: object, key: str) -> NDArray[np.int64]:
    ids, node_ids = nodes.columns["id"].values, nodes.columns["nodeId"].values
    if not isinstance(wanted, str):
        asked = np.unique(np.array([wanted] if isinstance(wanted, int) else wanted, dtype=np.int64))
        unknown = asked[~np.isin(asked, node_ids)]
        if len(unknown):
            raise InvalidArgumentError(
                f"`{key}` names {len(unknown)} nodes that are not `{table.label}` nodes of the projection, the first "
                f"with id {unknown[0]}. Ids are those of `id(node)`; leave these out, or project these nodes.",
                reason="INVALID_CONFIGURATION",
            )
        ids = ids[np.isin(node_ids, asked)]
    return np.flatnonzero(np.isin(table.ids, ids))
