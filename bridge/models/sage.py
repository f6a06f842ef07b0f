"""Two layers of heterogeneous GraphSAGE, then a small network on the pair: the published movie rating model.

The same function as PyG's `to_hetero(SAGE)` by `edge_index` with a decoder on concatenated vectors, in less work:
means are sparse products with the division folded into the weights, vectors are made narrow before they are
averaged, and the decoder's first layer is split into a source and a target part that are computed once a node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from bridge.core.config import NonNegativeFloat, PositiveFloat, PositiveInt
from bridge.core.learning import Interactions, Problem, interactions
from bridge.core.progress import Progress
from bridge.core.projection import Projection
from bridge.models.adjacency import Adjacency, WeightedSum, gathered
from bridge.models.graph_model import GraphModel
from bridge.models.inputs import Inputs, looked_up
from bridge.models.memory import ENDS, Memory
from bridge.models.model import Hyperparameters
from bridge.models.pair_scorer import PairScorer
from bridge.models.training import Course, Metric


class SageHyperparameters(Hyperparameters):
    """Settings of `sage`; the defaults are the published model's, but for its cut targets and class weights."""

    epochs: PositiveInt = 300
    """Most epochs to train for; one epoch is one step on all examples. Exactly so many where nothing is held out for
    validation."""
    patience: PositiveInt = 60
    """Epochs without a better validation RMSE after which training stops."""
    learning_rate: PositiveFloat = 0.01
    """Step size of Adam."""
    embedding_dimension: PositiveInt = 64
    """Length of the learned vectors and of both layers' outputs."""
    dropout: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0
    """Share of the first layer's output set to zero in each training step."""
    penalty_l2: NonNegativeFloat = 0.0
    """Weight of the squared length of all weights in the loss."""
    truncate_targets: bool = False
    """Cut target values to whole numbers, as the published model does: 3.5 counts as 3."""
    class_weights: bool = False
    """Weigh an example by the count of the most frequent value over the count of its own, as the published model."""


@dataclass(frozen=True)
class Link:
    """Messages of one relationship type in one direction."""

    name: str
    sender: str
    receiver: str


TARGET_LINKS = (Link("rates", "source", "target"), Link("rev_rates", "target", "source"))


def group_of(memory: Memory, label: str) -> str:
    """Name the nodes of a label: an end of the target relationships, or a label at the side."""
    for end in reversed(ENDS):
        if label == memory.label(end):
            return end
    return f"label {label.replace('.', '·')}"


def links_of(memory: Memory) -> tuple[Link, ...]:
    """List all messages; side relationships go to the side nodes and come back."""
    links = list(TARGET_LINKS)
    for side in memory.sides:
        sender = group_of(memory, side.sender)
        links.append(Link(side.name, sender, side.end))
        if sender not in ENDS:
            links.append(Link(f"rev {side.name}", side.end, sender))
    return tuple(links)


def adjacencies(inputs: Inputs) -> dict[str, Adjacency]:
    """Turn each link's relationships into means."""
    found = {"rates": inputs.target.received.averaged(), "rev_rates": inputs.source.received.averaged()}
    for end in inputs.ends.values():
        for side in end.sides:
            ones = torch.ones_like(side.adjacency.weights)
            found[side.name] = side.adjacency
            found[f"rev {side.name}"] = side.adjacency.weighted(ones).reverse.averaged()
    return found


class SageLayer(nn.Module):
    """One layer: each node sums, over its links, a transform of the senders' mean and one of itself."""

    def __init__(self, links: tuple[Link, ...], widths: Mapping[str, int], width: int) -> None:
        super().__init__()
        self.links = links
        self.mean = nn.ModuleDict({link.name: nn.Linear(widths[link.sender], width) for link in links})
        self.itself = nn.ModuleDict({link.name: nn.Linear(widths[link.receiver], width, bias=False) for link in links})
        self.sum = WeightedSum()

    def forward(self, states: Mapping[str, Tensor], adjacency: Mapping[str, Adjacency]) -> dict[str, Tensor]:
        """Return the next states of every group that receives: float32 [N, width]."""
        received: dict[str, Tensor] = {}
        for group in {link.receiver: None for link in self.links}:
            links = [link for link in self.links if link.receiver == group]
            # One product with the summed weights; each keeps its own gradient, as in to_hetero.
            weight = torch.stack([self._linear(self.itself, link).weight for link in links]).sum(dim=0)
            total = functional.linear(states[group], weight)
            for link in links:
                mean = self._linear(self.mean, link)
                narrow = functional.linear(states[link.sender], mean.weight)
                total = total + self.sum(narrow, adjacency[link.name]) + mean.bias
            received[group] = total
        return received

    def _linear(self, of: nn.ModuleDict, link: Link) -> nn.Linear:
        linear = of[link.name]
        assert isinstance(linear, nn.Linear)
        return linear


class SageNetwork(nn.Module):
    """Encoder of two layers, decoder on pairs."""

    def __init__(self, memory: Memory, settings: SageHyperparameters) -> None:
        super().__init__()
        width = settings.embedding_dimension
        links = links_of(memory)
        self.dropout = settings.dropout
        self.labels = {end: memory.label(end) for end in ENDS}
        self.labels |= {
            group_of(memory, s.sender): s.sender for s in memory.sides if group_of(memory, s.sender) not in ENDS
        }
        wide = {end: memory.width(memory.label(end)) for end in ENDS}
        # A node with features is described by them alone, so that new ones fare as well as old ones.
        self.own = nn.ParameterDict(
            {
                group: nn.Parameter(torch.randn(memory.count(label), width))
                for group, label in self.labels.items()
                if not wide.get(group)
            }
        )
        self.first = SageLayer(links, {group: wide.get(group) or width for group in self.labels}, width)
        ending = tuple(link for link in links if link.receiver in ENDS)
        self.second = SageLayer(ending, dict.fromkeys(self.labels, width), width)
        self.hidden = nn.Linear(2 * width, width)
        self.output = nn.Linear(width, 1)

    def forward(self, inputs: Inputs, adjacency: Mapping[str, Adjacency]) -> tuple[Tensor, Tensor]:
        """Return the source and the target part of the decoder's hidden layer, bias in the first: float32 [N, d]."""
        states = {group: self._first(group, inputs) for group in self.labels}
        states = {group: functional.relu(state) for group, state in self.first(states, adjacency).items()}
        states = {group: functional.dropout(state, self.dropout, self.training) for group, state in states.items()}
        states = self.second(states, adjacency)
        by_source, by_target = self.hidden.weight.chunk(2, dim=1)
        source = functional.linear(states["source"], by_source, self.hidden.bias)
        return source, functional.linear(states["target"], by_target)

    def decode(self, source: Tensor, target: Tensor) -> Tensor:
        """Predict values from both parts of pairs: float32 [n, d], [n, d] → [n]."""
        return functional.linear(functional.relu(source + target), self.output.weight, self.output.bias).squeeze(1)

    def _first(self, group: str, inputs: Inputs) -> Tensor:
        end = inputs.ends.get(group)
        if group not in self.own:
            assert end is not None
            assert end.features is not None
            return end.features
        rows = inputs.senders[self.labels[group]] if end is None else end.rows
        return looked_up(self.own[group], rows)


class Sage(GraphModel):
    """Rating prediction by GraphSAGE with an edge decoder."""

    objectives: ClassVar[frozenset[str]] = frozenset({"rating"})
    Hyperparameters = SageHyperparameters
    network: SageNetwork
    tables: ClassVar[frozenset[str]] = frozenset({"own"})

    @classmethod
    def build(cls, memory: Memory, hyperparameters: SageHyperparameters) -> SageNetwork:
        """Make the network, with weights drawn from torch's generator."""
        return SageNetwork(memory, hyperparameters)

    @classmethod
    def training(
        cls, problem: Problem, memory: Memory, network: nn.Module, hyperparameters: SageHyperparameters, device: str
    ) -> SageTraining:
        """Prepare one fit; see `GraphModel.training`."""
        assert isinstance(network, SageNetwork), "what `build` made"
        return SageTraining(problem, memory, network, hyperparameters, device)

    @torch.inference_mode()
    def scorer(self, projection: Projection, messages: NDArray[np.bool_] | None = None) -> PairScorer:
        """Score pairs of a projection's nodes; see `Model.scorer`."""
        self.network.eval()
        inputs = self.memory.inputs(projection, messages)
        source, target = (each.numpy() for each in self.network(inputs, adjacencies(inputs)))
        low, high = _scale(self.memory, self.hyperparameters)
        return PairScorer(
            sources=source,
            targets=target,
            weights=self.network.output.weight.squeeze(0).numpy(),
            constant=float(self.network.output.bias),
            known_sources=self.memory.known("source", projection, inputs),
            known_targets=self.memory.known("target", projection, inputs),
            low=low,
            high=high,
        )


class SageTraining:
    """The tensors of one fit."""

    def __init__(
        self, problem: Problem, memory: Memory, network: SageNetwork, settings: SageHyperparameters, device: str
    ) -> None:
        known = memory.messages(problem.projection, problem.fit_on)
        self.settings = settings
        self.network = network.to(device)
        self.inputs = memory.inputs(problem.projection, problem.fit_on, device)
        self.adjacency = adjacencies(self.inputs)
        self.sources, self.targets = _pairs(known, device)
        values = _cut(known.values, settings)
        self.values = torch.from_numpy(values.astype(np.float32)).to(device)
        self.weights = torch.from_numpy(_class_weights(values, settings)).to(device)
        self.held_out = interactions(problem.projection, problem.target).where(problem.validate_on)
        self.scale = _scale(memory, settings)
        self.optimizer = torch.optim.Adam(
            network.parameters(), lr=settings.learning_rate, weight_decay=2 * settings.penalty_l2
        )

    def course(self, progress: Progress) -> Course:
        """Describe the training."""
        metric = Metric("validationRMSE", self._rmse, higher_is_better=False) if len(self.held_out) else None
        return Course(self.network, self.step, self.settings.epochs, self.settings.patience, progress, metric)

    def step(self) -> float:
        """Do one epoch: forward, backward, optimiser; return the loss."""
        source, target = self.network(self.inputs, self.adjacency)
        predicted = self.network.decode(
            gathered(source, self.sources, self.inputs.source.received.by_receiver),
            gathered(target, self.targets, self.inputs.target.received.by_receiver),
        )
        loss = (self.weights * (predicted - self.values).square()).mean()
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return float(loss.detach())

    def _rmse(self) -> float:
        sources, targets = _pairs(self.held_out, str(self.sources.device))
        source, target = self.network(self.inputs, self.adjacency)
        predicted = self.network.decode(source[sources], target[targets]).clamp(*self.scale).cpu().numpy()
        return float(np.sqrt(np.mean((predicted - _cut(self.held_out.values, self.settings)) ** 2)))


def _pairs(known: Interactions, device: str) -> tuple[Tensor, Tensor]:
    sources, targets = (torch.from_numpy(each.astype(np.int64)).to(device) for each in (known.sources, known.targets))
    return sources, targets


def _cut(values: NDArray[np.float64], settings: SageHyperparameters) -> NDArray[np.float64]:
    return np.trunc(values) if settings.truncate_targets else values


def _scale(memory: Memory, settings: Hyperparameters) -> tuple[float, float]:
    assert isinstance(settings, SageHyperparameters)
    low, high = _cut(np.array([memory.low, memory.high]), settings)
    return float(low), float(high)


def _class_weights(values: NDArray[np.float64], settings: SageHyperparameters) -> NDArray[np.float32]:
    if not settings.class_weights:
        return np.ones(len(values), dtype=np.float32)
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    weights: NDArray[np.float64] = counts.max() / counts
    return weights[places].astype(np.float32)
