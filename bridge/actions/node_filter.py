"""Which nodes of a model's two labels a call is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.actions.base_config import NodeFilter
from bridge.actions.hosted import Asked
from bridge.actions.reading import quoted
from bridge.core.call import Call
from bridge.core.columns import Table
from bridge.core.errors import Faults, InvalidArgumentError
from bridge.core.graph import Graph
from bridge.core.projection import NodeTable

if TYPE_CHECKING:
    from bridge.actions.services import Services

Rows = NDArray[np.int64]


class Filtering(Protocol):
    """A configuration that may choose sources and targets."""

    @property
    def source_node_filter(self) -> NodeFilter | None:
        """Only these sources; all when None."""

    @property
    def target_node_filter(self) -> NodeFilter | None:
        """Only these targets; all when None."""


def check_filters(request: Filtering, graph: Graph, faults: Faults) -> None:
    """Note labels that the projection does not have; ids are looked up when its nodes are read."""
    for key, wanted in _filters(request):
        if isinstance(wanted, str) and wanted not in graph.labels:
            faults.add(
                f"`{key}` was `{wanted}`, but must be node ids or one of the labels {quoted(list(graph.labels))}."
            )


async def filtered_rows(request: Filtering, asked: Asked, call: Call, services: Services) -> tuple[Rows, Rows]:
    """Resolve both filters, checked before, to rows, ascending: of the sources, and of the targets.

    Raises:
        InvalidArgumentError: an id is none of the label's nodes.
    """
    found: list[Rows] = []
    faults = Faults()
    for (key, wanted), table in zip(_filters(request), (asked.sources, asked.targets), strict=True):
        with faults:
            found.append(await _rows(call, services, table, wanted, key))
    faults.raise_if_any()
    sources, targets = found
    return sources, targets


def _filters(request: Filtering) -> tuple[tuple[str, NodeFilter | None], ...]:
    return ("sourceNodeFilter", request.source_node_filter), ("targetNodeFilter", request.target_node_filter)


async def _rows(call: Call, services: Services, table: NodeTable, wanted: NodeFilter | None, key: str) -> Rows:
    if wanted is None or wanted == table.label:
        return np.arange(len(table), dtype=np.int64)
    label = wanted if isinstance(wanted, str) else table.label
    nodes, _ = await call.read_projection({label: ()}, {})
    return await services.compute(_rows_of, table, nodes[label], wanted, key)


def _rows_of(table: NodeTable, nodes: Table, wanted: NodeFilter, key: str) -> Rows:
    ids, node_ids = nodes.columns["id"].values, nodes.columns["nodeId"].values
    if not isinstance(wanted, str):
        asked = np.unique(np.array([wanted] if isinstance(wanted, int) else wanted, dtype=np.int64))
        unknown = asked[~np.isin(asked, node_ids)]
        if len(unknown):
            raise InvalidArgumentError(
                f"`{key}` names {_strangers(unknown, table.label)}. Ids are those of `id(node)`; leave out what is not "
                "in the projection, or project it.",
                reason="INVALID_CONFIGURATION",
            )
        ids = ids[np.isin(node_ids, asked)]
    return np.flatnonzero(np.isin(table.ids, ids))


def _strangers(ids: Rows, label: str) -> str:
    if len(ids) == 1:
        return f"a node that is no `{label}` node of the projection, with id {ids[0]}"
    return f"{len(ids):,} nodes that are no `{label}` nodes of the projection, the first with id {ids[0]}"
