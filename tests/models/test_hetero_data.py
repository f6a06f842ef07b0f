"""Any projection becomes PyG data that stock models train on, with nothing held out among the messages."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch_geometric.data import HeteroData
from torch_geometric.transforms import RandomLinkSplit

from bridge.core.errors import InvalidArgumentError
from bridge.core.projection import RelationshipTable
from bridge.models.hetero_data import to_hetero_data
from tests.boards import TARGET, two_camps
from tests.stock import train

REVERSED = ("Book", "rev_RATED", "Reader")


def pairs(edge_index: torch.Tensor) -> set[tuple[int, int]]:
    return set(map(tuple, edge_index.T.tolist()))


def membership_of(whole: torch.Tensor, parts: list[HeteroData]) -> np.ndarray:
    """Read PyG's own split as a membership of ours."""
    held_out = [pairs(part[TARGET.edge_type].edge_label_index) for part in parts]
    return np.array(
        [1 if pair in held_out[1] else 2 if pair in held_out[2] else 0 for pair in map(tuple, whole.T.tolist())]
    )


def test_holds_out_what_random_link_split_holds_out() -> None:
    """On PyG's own split, masks and messages are the sets that RandomLinkSplit makes, both directions."""
    projection = two_camps().projection
    whole = to_hetero_data(projection, TARGET)
    split = RandomLinkSplit(
        num_val=0.1,
        num_test=0.2,
        neg_sampling_ratio=0.0,
        add_negative_train_samples=False,
        edge_types=[TARGET.edge_type],
        rev_edge_types=[REVERSED],
    )
    parts = list(split(whole))
    index = whole[TARGET.edge_type].edge_index
    data = to_hetero_data(projection, TARGET, membership_of(index, parts))
    store = data[TARGET.edge_type]
    for mask, part in zip(("train_mask", "val_mask", "test_mask"), parts, strict=True):
        theirs = pairs(part[TARGET.edge_type].edge_label_index)
        assert pairs(store.edge_label_index[:, store[mask]]) == theirs
        assert len(theirs) > 0
    assert pairs(store.edge_index) == pairs(parts[0][TARGET.edge_type].edge_index)
    assert pairs(data[REVERSED].edge_index) == pairs(parts[0][REVERSED].edge_index)


def test_reverses_hold_no_held_out_relationship() -> None:
    """No message in either direction is one of the held-out relationships."""
    board = two_camps()
    data = to_hetero_data(board.projection, TARGET, np.where(board.train, 0, 2))
    store = data[TARGET.edge_type]
    held_out = pairs(store.edge_label_index[:, store.test_mask])
    assert len(held_out) == 30
    assert not held_out & pairs(store.edge_index)
    assert not held_out & pairs(data[REVERSED].edge_index.flip(0))


def test_the_mirror_of_an_undirected_target_does_not_leak() -> None:
    """The table that an undirected projection keeps of the other direction is replaced by the masked reverse."""
    board = two_camps()
    table = replace(board.projection.relationships[TARGET.edge_type], undirected=True)
    other = RelationshipTable(table.edge_index[::-1].copy(), table.properties, undirected=True)
    both = {TARGET.edge_type: table, ("Book", "RATED", "Reader"): other}
    data = to_hetero_data(replace(board.projection, relationships=both), TARGET, np.where(board.train, 0, 2))
    assert set(data.edge_types) == {TARGET.edge_type, REVERSED}
    assert data[REVERSED].edge_index.shape[1] == board.train.sum()


def test_keeps_properties_in_order() -> None:
    """Relationship properties are columns of `edge_attr`, and `edge_label` is the target's value."""
    board = two_camps()
    data = to_hetero_data(board.projection, TARGET, np.where(board.train, 0, 1), {"Book": ("size",)})
    stars = board.projection.relationships[TARGET.edge_type].properties["stars"]
    store = data[TARGET.edge_type]
    np.testing.assert_allclose(store.edge_attr[:, 0], stars[board.train])
    np.testing.assert_allclose(store.edge_label, stars)
    assert store.edge_properties == ("stars",)
    np.testing.assert_allclose(data["Book"].x, board.projection.nodes["Book"].properties["size"], rtol=1e-6)
    assert data["Reader"].x.shape == (30, 1)


def test_a_split_of_another_length_is_refused() -> None:
    """The error names both lengths."""
    with pytest.raises(InvalidArgumentError, match="The split has 3 values, but there are"):
        to_hetero_data(two_camps().projection, TARGET, np.zeros(3, dtype=np.int8))


def test_a_stock_model_trains_on_a_projection_of_three_labels() -> None:
    """`to_hetero(SAGE)` takes the data unchanged, and its loss falls."""
    board = two_camps()
    data = to_hetero_data(board.projection, TARGET, np.where(board.train, 0, 2), {"Book": ("size",)})
    data["Reader"].x = torch.eye(30)
    losses = train(data, TARGET)
    assert losses[-1] < 0.5 * losses[0]
