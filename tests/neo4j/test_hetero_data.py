"""From a projection in GDS to a stock model of PyTorch Geometric, over the snapshot that the server keeps."""

from __future__ import annotations

import torch

from bridge.core.projection import TRAIN, Projection, Target
from bridge.models.hetero_data import to_hetero_data
from bridge.projection.snapshots import open_snapshot
from bridge.projection.splits import hold_out
from tests.neo4j.board import BOOKS, READERS, Board
from tests.neo4j.stack import Stack
from tests.stock import train

SNAPSHOT = "CALL bridge.snapshot.stats($graph, $config) YIELD fingerprint, nodeCount RETURN fingerprint, nodeCount"


def snapshot(stack: Stack, board: Board) -> Projection:
    """Read readers, books and shelves to the server; open what it keeps."""
    config = {
        "nodeLabels": [board.reader, board.book, board.shelf],
        "relationshipTypes": ["RATED", "ON"],
        "nodeProperties": ["pages"],
        "relationshipProperties": ["rating"],
        "nodeKeys": {label: key for label, key in board.keys.items() if label != board.author},
    }
    row = stack.row(SNAPSHOT, graph=board.name, config=config)
    assert row["nodeCount"] == READERS + BOOKS + 2
    kept = [open_snapshot(folder) for folder in (stack.home.server / "snapshots").iterdir() if folder.is_dir()]
    return next(each for each in kept if each.fingerprint == row["fingerprint"])


def test_a_stock_model_trains_on_a_projection_of_three_labels(stack: Stack, board: Board) -> None:
    """`to_hetero(SAGE)` takes what was projected, no held-out rating among its messages, and its loss falls."""
    projection = snapshot(stack, board)
    target = Target(board.reader, "RATED", board.book, "rating")
    membership = hold_out(projection, target)
    data = to_hetero_data(projection, target, membership, {board.book: ("pages",)})
    assert set(data.node_types) == {board.reader, board.book, board.shelf}
    assert data[target.edge_type].edge_index.shape[1] == (membership == TRAIN).sum() < len(membership)
    pages = data[board.book].x
    assert pages.flatten().tolist() != sorted(pages.flatten().tolist()), "books stand in the order of their keys"
    data[board.book].x = (pages - pages.mean()) / pages.std()
    data[board.reader].x = torch.eye(READERS)
    losses = train(data, target)
    assert losses[-1] < 0.5 * losses[0]
