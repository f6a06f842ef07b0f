"""The published movie rating model as a PyG user writes it: `to_hetero(SAGE)` by `edge_index`, decoder on pairs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData
from torch_geometric.nn import SAGEConv, to_hetero

from bridge.models.sage import Sage

RATES = ("user", "rates", "movie")
REVERSED = ("movie", "rev_rates", "user")


class Encoder(nn.Module):
    """Two layers of GraphSAGE with mean aggregation, for one node type; `to_hetero` makes it heterogeneous."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = SAGEConv((-1, -1), width)
        self.second = SAGEConv((-1, -1), width)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.second(self.first(x, edge_index).relu(), edge_index)


class Decoder(nn.Module):
    """Rates a pair by a small network on both vectors, one after the other."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(2 * width, width)
        self.output = nn.Linear(width, 1)

    def forward(self, states: dict[str, Tensor], edge_label_index: Tensor) -> Tensor:
        user, movie = edge_label_index
        pair = torch.cat([states["user"][user], states["movie"][movie]], dim=-1)
        return self.output(self.hidden(pair).relu()).view(-1)


class ArticleSage(nn.Module):
    """Users have a learned vector each; movies have features, or a learned vector each where `x` is missing."""

    def __init__(self, data: HeteroData, width: int = 64) -> None:
        super().__init__()
        self.own = nn.ParameterDict(
            {
                kind: nn.Parameter(torch.randn(data[kind].num_nodes, width))
                for kind in data.node_types
                if "x" not in data[kind]
            }
        )
        self.encoder = to_hetero(Encoder(width), data.metadata(), aggr="sum")
        self.decoder = Decoder(width)
        with torch.no_grad():
            self(data)  # sets the widths of the lazy layers

    def forward(self, data: HeteroData) -> Tensor:
        inputs = {kind: self.own[kind] if kind in self.own else data[kind].x for kind in data.node_types}
        return self.decoder(self.encoder(inputs, data.edge_index_dict), data[RATES].edge_label_index)


class ArticleTraining:
    """Full-batch training as published: Adam, weighted squared error."""

    def __init__(self, model: ArticleSage, data: HeteroData, weights: Tensor, learning_rate: float = 0.01) -> None:
        self.model, self.data, self.weights = model, data, weights
        self.optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)

    def step(self) -> float:
        self.optimizer.zero_grad()
        error = self.model(self.data) - self.data[RATES].edge_label
        loss = (self.weights * error.square()).mean()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())


@torch.no_grad()
def copy_weights(ours: Sage, theirs: ArticleSage) -> None:
    """Give the reference the very weights of a `sage` model that was trained on users, movies and ratings alone."""
    state = ours.network.state_dict()
    for kind, end in (("user", "source"), ("movie", "target")):
        if kind in theirs.own:
            theirs.own[kind].copy_(state[f"own.{end}"])
    for layer in ("first", "second"):
        convolutions = theirs.encoder.get_submodule(layer)
        for name, link in (("user__rates__movie", "rates"), ("movie__rev_rates__user", "rev_rates")):
            convolution = convolutions[name]
            convolution.lin_l.weight.copy_(state[f"{layer}.mean.{link}.weight"])
            convolution.lin_l.bias.copy_(state[f"{layer}.mean.{link}.bias"])
            convolution.lin_r.weight.copy_(state[f"{layer}.itself.{link}.weight"])
    for part in ("hidden", "output"):
        getattr(theirs.decoder, part).weight.copy_(state[f"{part}.weight"])
        getattr(theirs.decoder, part).bias.copy_(state[f"{part}.bias"])


def article_data(
    user: Tensor, movie: Tensor, values: Tensor, users: int, features: Tensor | None, movies: int
) -> HeteroData:
    """Make the data the published program trains on: int64 [E], int64 [E], float32 [E], float32 [movies, F]."""
    data = HeteroData()
    data["user"].num_nodes, data["movie"].num_nodes = users, movies
    if features is not None:
        data["movie"].x = features
    edge_index = torch.stack([user, movie])
    data[RATES].edge_index = edge_index
    data[RATES].edge_label_index, data[RATES].edge_label = edge_index, values
    data[REVERSED].edge_index = edge_index.flip(0)
    return data
