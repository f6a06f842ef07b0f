"""A stock model of PyTorch Geometric, as its own examples have it, and its training on a projection."""

from __future__ import annotations

import torch
from torch_geometric.data import HeteroData
from torch_geometric.nn import SAGEConv, to_hetero

from bridge.core.projection import Target


class Sage(torch.nn.Module):
    """Two layers of GraphSAGE for one kind of nodes; `to_hetero` makes one for several of it."""

    def __init__(self) -> None:
        super().__init__()
        self.first = SAGEConv((-1, -1), 16)
        self.second = SAGEConv((-1, -1), 16)

    def forward(self, x: torch.Tensor, edge_index: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x, edge_index).relu(), edge_index)


def train(data: HeteroData, target: Target, epochs: int = 30) -> list[float]:
    """Fit `to_hetero(Sage())` to the training values by dot products; return the loss of each epoch."""
    torch.manual_seed(0)
    model = to_hetero(Sage(), data.metadata(), aggr="sum")
    store = data[target.edge_type]
    sources, targets = store.edge_label_index[:, store.train_mask]
    with torch.no_grad():
        model(data.x_dict, data.edge_index_dict)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        states = model(data.x_dict, data.edge_index_dict)
        predicted = (states[target.source_label][sources] * states[target.target_label][targets]).sum(dim=1)
        loss = torch.nn.functional.mse_loss(predicted, store.edge_label[store.train_mask])
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses
