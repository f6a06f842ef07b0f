"""Graph-FM: a factorisation machine whose vectors are passed along the relationships (SVD++ on both sides).

A source's vector is its own plus what its targets send: who was rated, how (the residual of a bias model), and the
same for a target from its sources; side relationships and features add to both. The prediction is the bias model
plus a linear term of either side plus the dot product. Each step hides a fifth of the relationships from the
messages and takes the loss on those alone, so that no relationship helps to predict itself.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, cast

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
from bridge.models.adjacency import WeightedSum
from bridge.models.bias import Bias
from bridge.models.dot_scorer import DotScorer
from bridge.models.graph_model import GraphModel
from bridge.models.inputs import End, Inputs, looked_up
from bridge.models.memory import ENDS, Memory
from bridge.models.model import Hyperparameters
from bridge.models.training import Course, Metric

HIDDEN_SHARE = 0.2
"""Share of the relationships that a step hides from the messages and learns from."""
INITIAL_DEVIATION = 0.05
AVERAGING = 0.98
"""Share of the old average when a step's weights join it."""
BIAS_PACE = 0.1
"""Learning rate of the biases, as a share of that of the rest: they start where they should end."""


class GraphFmHyperparameters(Hyperparameters):
    """Settings of `graphFm`; the defaults were chosen on the validation part of MovieLens latest-small."""

    epochs: PositiveInt = 500
    """Most epochs to train for; one epoch is one step on all examples. Exactly so many where nothing is held out for
    validation."""
    patience: PositiveInt = 60
    """Epochs without a better validation RMSE after which training stops."""
    learning_rate: PositiveFloat = 0.003
    """Step size of Adam; a tenth of it for the biases."""
    embedding_dimension: PositiveInt = 32
    """Length of the learned vectors."""
    dropout: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.15
    """Share of vector elements set to zero in each training step."""
    penalty_l2: NonNegativeFloat = 1e-3
    """Weight of the squared length of the learned vectors in the loss; the biases are free."""


class GraphFmNetwork(nn.Module):
    """One layer of message passing over the target and the side relationships. All messages carry a linear term."""

    def __init__(self, memory: Memory, dimension: int, dropout: float) -> None:
        super().__init__()
        counts = {end: memory.count(memory.label(end)) for end in ENDS}
        senders = sorted({side.sender for side in memory.sides})
        self.dropout = dropout
        self.own = nn.ParameterDict({end: _drawn(counts[end], dimension) for end in ENDS})
        self.who = nn.ParameterDict({end: _drawn(counts[end], dimension + 1) for end in ENDS})
        self.how = nn.ParameterDict({end: _drawn(counts[end], dimension + 1) for end in ENDS})
        self.side = nn.ParameterDict({_key(label): _drawn(memory.count(label), dimension + 1) for label in senders})
        self.gate = nn.ParameterDict({side.name: nn.Parameter(torch.ones(())) for side in memory.sides})
        self.weight = nn.ParameterDict(
            {
                end: nn.Parameter(torch.zeros(memory.width(memory.label(end)), dimension + 1))
                for end in ENDS
                if memory.width(memory.label(end))
            }
        )
        self.bias = nn.ParameterDict({end: nn.Parameter(torch.zeros(counts[end])) for end in ENDS})
        self.usual = nn.ParameterDict(
            {end: nn.Parameter(torch.zeros(counts[end], dtype=torch.float64), requires_grad=False) for end in ENDS}
        )
        self.register_buffer("mean", torch.zeros((), dtype=torch.float64))
        self.mean: Tensor
        self.sum = WeightedSum()

    def forward(self, inputs: Inputs, residuals: Tensor, visible: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return both ends' vectors, float32 [N, dimension + 1]; the last column is the linear term.

        `residuals`, float32 [M], are the messages' values less the bias model; `visible`, float32 [M] of 0 and 1,
        says which relationships are messages in this pass.
        """
        source = self._end("source", "target", inputs, residuals, visible)
        target = self._end("target", "source", inputs, residuals, visible)
        return self._dropped(source), self._dropped(target)

    def score(self, vectors: tuple[Tensor, Tensor], sources: Tensor, targets: Tensor) -> Tensor:
        """Predict the values of training pairs: int64 [n], int64 [n] → float32 [n]."""
        source, target = vectors[0].index_select(0, sources), vectors[1].index_select(0, targets)
        biases = self.bias["source"].index_select(0, sources) + self.bias["target"].index_select(0, targets)
        products = (source[:, :-1] * target[:, :-1]).sum(dim=1)
        return cast(Tensor, self.mean.float() + biases + source[:, -1] + target[:, -1] + products)

    def _end(self, name: str, other: str, inputs: Inputs, residuals: Tensor, visible: Tensor | None) -> Tensor:
        end, sender = inputs.ends[name], inputs.ends[other]
        links = end.received if visible is None else end.received.weighted(visible)
        valued = end.received.weighted(residuals if visible is None else residuals * visible)
        who, how = looked_up(self.who[other], sender.rows), looked_up(self.how[other], sender.rows)
        share = links.strengths().clamp(min=1).rsqrt().unsqueeze(1)
        received = share * (self.sum(who, links) + self.sum(how, valued))
        vectors = received + functional.pad(looked_up(self.own[name], end.rows), (0, 1))
        return self._with_sides(vectors, name, end, inputs)

    def _with_sides(self, vectors: Tensor, name: str, end: End, inputs: Inputs) -> Tensor:
        for side in end.sides:
            sent = looked_up(self.side[_key(side.label)], inputs.senders[side.label])
            vectors = vectors + self.gate[side.name] * self.sum(sent, side.adjacency)
        if end.features is not None:
            vectors = vectors + end.features @ self.weight[name]
        return vectors

    def _dropped(self, vectors: Tensor) -> Tensor:
        kept = functional.dropout(vectors[:, :-1], self.dropout, self.training)
        return torch.cat([kept, vectors[:, -1:]], dim=1)


def _drawn(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(*shape) * INITIAL_DEVIATION)


def _key(label: str) -> str:
    # A ParameterDict refuses dots, and names of its own methods such as `keys`.
    return f"label {label.replace('.', '·')}"


class GraphFm(GraphModel):
    """Rating prediction: the value of a relationship between a source and a target."""

    objectives: ClassVar[frozenset[str]] = frozenset({"rating"})
    Hyperparameters = GraphFmHyperparameters
    network: GraphFmNetwork
    tables: ClassVar[frozenset[str]] = frozenset({"own", "who", "how", "side", "bias"})

    @classmethod
    def build(cls, memory: Memory, hyperparameters: GraphFmHyperparameters) -> GraphFmNetwork:
        """Make the network, with weights drawn from torch's generator."""
        return GraphFmNetwork(memory, hyperparameters.embedding_dimension, hyperparameters.dropout)

    @classmethod
    def training(
        cls, problem: Problem, memory: Memory, network: nn.Module, hyperparameters: GraphFmHyperparameters, device: str
    ) -> _Training:
        """Prepare one fit; see `GraphModel.training`."""
        assert isinstance(network, GraphFmNetwork), "what `build` made"
        return _Training(problem, memory, network, hyperparameters, device)

    @torch.inference_mode()
    def scorer(self, projection: Projection, messages: NDArray[np.bool_] | None = None) -> DotScorer:
        """Score pairs of a projection's nodes; see `Model.scorer`."""
        self.network.eval()
        inputs = self.memory.inputs(projection, messages)
        known = self.memory.messages(projection, messages)
        usual = self._usual(inputs, known)
        residuals = torch.from_numpy(usual.residuals(known).astype(np.float32))
        source, target = (each.numpy() for each in self.network(inputs, residuals))
        biases = [self._bias(end, inputs, each) for end, each in zip(ENDS, (usual.source, usual.target), strict=True)]
        return DotScorer(
            sources=source[:, :-1].copy(),
            targets=target[:, :-1].copy(),
            source_bias=(biases[0] + source[:, -1] + usual.mean).astype(np.float32),
            target_bias=(biases[1] + target[:, -1]).astype(np.float32),
            known_sources=self.memory.known("source", projection, inputs),
            known_targets=self.memory.known("target", projection, inputs),
            low=self.memory.low,
            high=self.memory.high,
        )

    def _usual(self, inputs: Inputs, known: Interactions) -> Bias:
        rows = {end: inputs.ends[end].rows for end in ENDS}
        new = {
            end: np.zeros(len(inputs.ends[end]), dtype=bool) if (found := rows[end]) is None else (found < 0).numpy()
            for end in ENDS
        }
        source, target = (looked_up(self.network.usual[end], rows[end]).numpy() for end in ENDS)
        return Bias(float(self.network.mean), source, target).filled(known, new["source"], new["target"])

    def _bias(self, end: str, inputs: Inputs, usual: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = inputs.ends[end].rows
        learned = looked_up(self.network.bias[end], rows).numpy().astype(np.float64)
        return learned if rows is None else np.where(rows.numpy() >= 0, learned, usual)


class _Training:
    """The tensors of one fit."""

    def __init__(
        self,
        problem: Problem,
        memory: Memory,
        network: GraphFmNetwork,
        settings: GraphFmHyperparameters,
        device: str,
    ) -> None:
        known = memory.messages(problem.projection, problem.fit_on)
        self.settings = settings
        self.network = _started(network, Bias.of(known)).to(device)
        self.inputs = memory.inputs(problem.projection, problem.fit_on, device)
        self.residuals = torch.from_numpy(Bias.of(known).residuals(known).astype(np.float32)).to(device)
        self.sources, self.targets = _pairs(known, device)
        self.scale = (memory.low, memory.high)
        self.held_out = interactions(problem.projection, problem.target).where(problem.validate_on)
        self.optimizer = self._optimizer()

    def course(self, progress: Progress) -> Course:
        """Describe the training."""
        metric = Metric("validationRMSE", self._rmse, higher_is_better=False) if len(self.held_out) else None
        settings = self.settings
        return Course(self.network, self._step, settings.epochs, settings.patience, progress, metric, AVERAGING)

    def _optimizer(self) -> torch.optim.Optimizer:
        settings, network = self.settings, self.network
        biases = list(network.bias.parameters())
        rest = [each for name, each in network.named_parameters() if not name.startswith(("bias.", "usual."))]
        return torch.optim.Adam(
            [
                {"params": biases, "lr": settings.learning_rate * BIAS_PACE, "weight_decay": 0.0},
                {"params": rest, "weight_decay": settings.penalty_l2},
            ],
            lr=settings.learning_rate,
        )

    def _step(self) -> float:
        count = len(self.sources)
        # At least one relationship is hidden, or a small graph would have nothing to learn from.
        hidden = torch.randperm(count)[: max(1, round(HIDDEN_SHARE * count))].to(self.sources.device)
        visible = torch.ones_like(self.residuals).index_fill_(0, hidden, 0.0)
        vectors = self.network(self.inputs, self.residuals, visible)
        predicted = self.network.score(vectors, self.sources[hidden], self.targets[hidden])
        loss = functional.mse_loss(predicted, self.inputs.values[hidden])
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return float(loss.detach())

    def _rmse(self) -> float:
        sources, targets = _pairs(self.held_out, str(self.sources.device))
        vectors = self.network(self.inputs, self.residuals)
        predicted = self.network.score(vectors, sources, targets).clamp(*self.scale).cpu().numpy()
        return float(np.sqrt(np.mean((predicted - self.held_out.values) ** 2)))


def _started(network: GraphFmNetwork, bias: Bias) -> GraphFmNetwork:
    with torch.no_grad():
        network.mean.fill_(bias.mean)
        for end, values in zip(ENDS, (bias.source, bias.target), strict=True):
            network.usual[end].copy_(torch.from_numpy(values))
            network.bias[end].copy_(torch.from_numpy(values))
    return network


def _pairs(known: Interactions, device: str) -> tuple[Tensor, Tensor]:
    sources, targets = (torch.from_numpy(each.astype(np.int64)).to(device) for each in (known.sources, known.targets))
    return sources, targets
