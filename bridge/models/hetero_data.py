"""Any projection as PyTorch Geometric's own data, to train any PyG model on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import HeteroData

from bridge.core.errors import InvalidArgumentError
from bridge.core.projection import TEST, TRAIN, VALIDATION, EdgeType, NodeTable, Projection, RelationshipTable, Target

MASKS = {"train_mask": TRAIN, "val_mask": VALIDATION, "test_mask": TEST}


def to_hetero_data(
    projection: Projection,
    target: Target | None = None,
    membership: NDArray[np.integer] | None = None,
    features: Mapping[str, tuple[str, ...]] | None = None,
) -> HeteroData:
    """Turn a projection into a HeteroData.

    Every label has `num_nodes` and `x` (float32 [N, F]: its properties in `features`, side by side; a single 1 a node
    where it has none, as stock layers need an input). Every relationship type has `edge_index` (int64 [2, E]) and,
    where it has properties, `edge_attr` (float32 [E, P], in the order of `edge_properties`), and as `rev_<type>` the
    same the other way round, unless the projection holds both directions already.

    With `target` and `membership` (int [target relationships], 0 train, 1 validation, 2 test), the target type's
    `edge_index` holds the training relationships alone, and so does its reverse: nothing held out is a message.
    All of them are in `edge_label_index` (int64 [2, E]) with `edge_label` (float32 [E], where the target has a
    property) and `train_mask`, `val_mask`, `test_mask` (bool [E]).

    Raises:
        InvalidArgumentError: `membership` has another length than the target relationships.
    """
    data = HeteroData()
    for label, table in projection.nodes.items():
        data[label].num_nodes = len(table)
        data[label].x = _features(table, (features or {}).get(label, ()))
    kept = _messages(projection, target, membership)
    for edge_type, relationships in projection.relationships.items():
        if target is None or edge_type != mirror(target.edge_type):
            _add(data, edge_type, relationships, kept.get(edge_type), reverse=not _both(projection, edge_type, target))
    if target is not None and membership is not None:
        _label(data, projection, target, membership)
    data.validate(raise_on_error=True)
    return data


def mirror(edge_type: EdgeType) -> EdgeType | None:
    """Name the table of an undirected type's other direction; None for a type from a label to itself."""
    source, kind, target = edge_type
    return None if source == target else (target, kind, source)


def _messages(
    projection: Projection, target: Target | None, membership: NDArray[np.integer] | None
) -> dict[EdgeType, NDArray[np.bool_]]:
    if target is None or membership is None:
        return {}
    count = len(projection.relationships[target.edge_type])
    if len(membership) != count:
        raise InvalidArgumentError(
            f"The split has {len(membership)} values, but there are {count} `{target.relationship_type}` "
            "relationships. Give one of 0 (train), 1 (validation), 2 (test) for each.",
            reason="SPLIT_LENGTH",
        )
    return {target.edge_type: membership == TRAIN}


def _both(projection: Projection, edge_type: EdgeType, target: Target | None) -> bool:
    """Say whether both directions of a type become messages without a `rev_` type."""
    if target is not None and edge_type == target.edge_type:
        # Its mirror table is left out, so the reverse is made of what may be a message.
        return edge_type[0] == edge_type[2] and projection.relationships[edge_type].undirected
    return projection.relationships[edge_type].undirected


def _add(
    data: HeteroData,
    edge_type: EdgeType,
    table: RelationshipTable,
    kept: NDArray[np.bool_] | None,
    *,
    reverse: bool,
) -> None:
    mask = np.ones(len(table), dtype=bool) if kept is None else kept
    edge_index = torch.from_numpy(table.edge_index[:, mask].astype(np.int64))
    stores = [(edge_type, edge_index)]
    if reverse:
        source, kind, target = edge_type
        stores.append(((target, f"rev_{kind}", source), edge_index.flip(0)))
    for name, index in stores:
        data[name].edge_index = index
        if table.properties:
            columns = [np.asarray(values[mask], dtype=np.float32) for values in table.properties.values()]
            data[name].edge_attr = torch.from_numpy(np.stack(columns, axis=1))
            data[name].edge_properties = tuple(table.properties)


def _label(data: HeteroData, projection: Projection, target: Target, membership: NDArray[np.integer]) -> None:
    table, store = projection.relationships[target.edge_type], data[target.edge_type]
    store.edge_label_index = torch.from_numpy(table.edge_index.astype(np.int64))
    if target.value_property is not None:
        store.edge_label = torch.from_numpy(np.array(table.properties[target.value_property], dtype=np.float32))
    for name, part in MASKS.items():
        store[name] = torch.from_numpy(membership == part)


def _features(table: NodeTable, names: tuple[str, ...]) -> Tensor:
    blocks = [np.asarray(table.properties[name], dtype=np.float32).reshape(len(table), -1) for name in names]
    return torch.from_numpy(np.concatenate(blocks, axis=1) if blocks else np.ones((len(table), 1), dtype=np.float32))
