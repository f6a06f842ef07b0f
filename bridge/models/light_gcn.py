"""LightGCN with cosine scores and a softmax over all targets: top-K lists from who liked what.

Vectors are averaged over the layers of a symmetrically normalised walk on the liked relationships; a score is the
cosine of both ends' averages over a temperature, plus a tenth of the target's learned bias. The loss asks each
source to tell the targets it liked from all others at once (He et al. 2020 for the layers; the loss and the cosine
are what make it good).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from bridge.core.config import NonNegativeFloat, PositiveFloat, PositiveInt
from bridge.core.errors import FailedPreconditionError
from bridge.core.learning import Interactions, Problem, interactions
from bridge.core.progress import Progress
from bridge.core.projection import Projection
from bridge.models.adjacency import Adjacency, WeightedSum
from bridge.models.dot_scorer import DotScorer
from bridge.models.graph_model import GraphModel
from bridge.models.inputs import Inputs, looked_up
from bridge.models.memory import ENDS, Memory
from bridge.models.model import Hyperparameters
from bridge.models.softmax import softmax_total
from bridge.models.top_hits import TopHits
from bridge.models.training import Course, Metric

INITIAL_DEVIATION = 0.1
BIAS_SHARE = 0.1
"""What a target's learned bias counts in its score."""
MOST_CELLS = 1 << 27
"""Most (source, target) scores in one step's loss: 134 million, about 1.5 s a step on 2 cores. Beyond it each
step draws as many sources as fit; every step still compares with all targets. Memory is bounded by chunks."""


class LightGcnHyperparameters(Hyperparameters):
    """Settings of `lightGcn`; the defaults were chosen on the validation part of MovieLens latest-small."""

    epochs: PositiveInt = 150
    """Most epochs to train for; one epoch is one step on all examples. Exactly so many where nothing is held out for
    validation."""
    patience: PositiveInt = 40
    """Epochs without a better validation NDCG@10 after which training stops."""
    learning_rate: PositiveFloat = 0.02
    """Step size of Adam."""
    embedding_dimension: PositiveInt = 128
    """Length of the learned vectors."""
    dropout: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0
    """Share of vector elements set to zero in each training step."""
    penalty_l2: NonNegativeFloat = 3e-6
    """Weight of the squared length of the learned vectors in the loss."""
    layers: PositiveInt = 2
    """Steps of message passing over the liked relationships."""
    temperature: PositiveFloat = 0.15
    """What cosines are divided by: smaller tells near-equal targets further apart. .1 and .2 were clearly worse."""
    disliked_weight: NonNegativeFloat = 0.3
    """How much a relationship up to 1 below `likedThreshold` counts as an example, where a liked one counts 1."""


class LightGcnNetwork(nn.Module):
    """Learned vectors, side relationships and features, then layers of LightGCN."""

    def __init__(self, memory: Memory, settings: LightGcnHyperparameters) -> None:
        super().__init__()
        dimension = settings.embedding_dimension
        senders = sorted({side.sender for side in memory.sides})
        self.settings = settings
        self.own = nn.ParameterDict({end: _drawn(memory.count(memory.label(end)), dimension) for end in ENDS})
        self.side = nn.ParameterDict({_key(label): _drawn(memory.count(label), dimension) for label in senders})
        # Closed at first: side relationships come in as far as the loss asks for them.
        self.gate = nn.ParameterDict({side.name: nn.Parameter(torch.zeros(())) for side in memory.sides})
        self.weight = nn.ParameterDict(
            {
                end: nn.Parameter(torch.zeros(memory.width(memory.label(end)), dimension))
                for end in ENDS
                if memory.width(memory.label(end))
            }
        )
        self.bias = nn.Parameter(torch.zeros(memory.count(memory.label("target"))))
        self.sum = WeightedSum()

    def forward(self, inputs: Inputs, liked: Adjacency) -> tuple[Tensor, Tensor]:
        """Return both ends' vectors of length 1, the sources' divided by the temperature: float32 [N, dimension].

        `liked` has the liked relationships towards the targets, normalised.
        """
        source, target = (self._first(end, inputs) for end in ENDS)
        sums = [source, target]
        for _ in range(self.settings.layers):
            source, target = self.sum(target, liked.reverse), self.sum(source, liked)
            sums = [sums[0] + source, sums[1] + target]
        source, target = (functional.dropout(each, self.settings.dropout, self.training) for each in sums)
        source, target = functional.normalize(source, eps=1e-8), functional.normalize(target, eps=1e-8)
        return source / self.settings.temperature, target

    def _first(self, name: str, inputs: Inputs) -> Tensor:
        end = inputs.ends[name]
        vectors = looked_up(self.own[name], end.rows)
        for side in end.sides:
            sent = looked_up(self.side[_key(side.label)], inputs.senders[side.label])
            vectors = vectors + self.gate[side.name] * self.sum(sent, side.adjacency)
        if end.features is not None:
            vectors = vectors + end.features @ self.weight[name]
        return vectors


def _drawn(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(*shape) * INITIAL_DEVIATION)


def _key(label: str) -> str:
    # A ParameterDict refuses dots, and names of its own methods such as `keys`.
    return f"label {label.replace('.', '·')}"


class LightGcn(GraphModel):
    """Ranking: which targets a source will like, best first. Scores rank; they are no ratings."""

    objectives: ClassVar[frozenset[str]] = frozenset({"ranking"})
    Hyperparameters = LightGcnHyperparameters
    network: LightGcnNetwork
    tables: ClassVar[frozenset[str]] = frozenset({"own", "side", "bias"})

    @classmethod
    def build(cls, memory: Memory, hyperparameters: LightGcnHyperparameters) -> LightGcnNetwork:
        """Make the network, with weights drawn from torch's generator."""
        return LightGcnNetwork(memory, hyperparameters)

    @classmethod
    def training(
        cls, problem: Problem, memory: Memory, network: nn.Module, hyperparameters: LightGcnHyperparameters, device: str
    ) -> _Training:
        """Prepare one fit; see `GraphModel.training`."""
        assert isinstance(network, LightGcnNetwork), "what `build` made"
        return _Training(problem, memory, network, hyperparameters, device)

    @torch.inference_mode()
    def scorer(self, projection: Projection, messages: NDArray[np.bool_] | None = None) -> DotScorer:
        """Score pairs of a projection's nodes; see `Model.scorer`."""
        self.network.eval()
        inputs = self.memory.inputs(projection, messages)
        known = self.memory.messages(projection, messages)
        liked = liked_links(known, inputs, self.memory.liked_threshold)
        source, target = (each.numpy() for each in self.network(inputs, liked))
        rows = inputs.target.rows
        bias = looked_up(self.network.bias, rows)
        if rows is not None and len(self.network.bias):
            bias = torch.where(rows >= 0, bias, self.network.bias.mean())
        return DotScorer(
            sources=source,
            targets=target,
            source_bias=np.zeros(len(source), dtype=np.float32),
            target_bias=(BIAS_SHARE * bias).numpy(),
            known_sources=self.memory.known("source", projection, inputs),
            known_targets=self.memory.known("target", projection, inputs),
        )


def liked_links(known: Interactions, inputs: Inputs, threshold: float) -> Adjacency:
    """Weigh liked relationships by graph convolution's normalisation, all others by 0."""
    liked = torch.from_numpy((known.values >= threshold).astype(np.float32)).to(inputs.values.device)
    return inputs.target.received.weighted(liked).normalized()


class _Training:
    """The tensors of one fit."""

    def __init__(
        self,
        problem: Problem,
        memory: Memory,
        network: LightGcnNetwork,
        settings: LightGcnHyperparameters,
        device: str,
    ) -> None:
        known = memory.messages(problem.projection, problem.fit_on)
        self.settings = settings
        self.network = network.to(device)
        self.inputs = memory.inputs(problem.projection, problem.fit_on, device)
        self.liked = liked_links(known, self.inputs, memory.liked_threshold)
        self.examples = _examples(known, self.inputs, memory.liked_threshold, settings)
        self.asked = self.examples.strengths()
        self.asking = self.asked.nonzero().squeeze(1)
        held_out = interactions(problem.projection, problem.target).where(problem.validate_on)
        self.hits = TopHits.of(held_out, known, problem.relevant_threshold)
        self.optimizer = self._optimizer()

    def course(self, progress: Progress) -> Course:
        """Describe the training."""
        metric = Metric("validationNDCG10", self._ndcg, higher_is_better=True) if len(self.hits) else None
        return Course(self.network, self._step, self.settings.epochs, self.settings.patience, progress, metric)

    def _optimizer(self) -> torch.optim.Optimizer:
        network = self.network
        vectors = [each for group in (network.own, network.side, network.weight) for each in group.parameters()]
        scalars = [network.bias, *network.gate.parameters()]
        return torch.optim.Adam(
            [
                # Adam adds weight_decay · p to the gradient: the gradient of penalty · |p|² is twice that.
                {"params": vectors, "weight_decay": 2 * self.settings.penalty_l2},
                {"params": scalars, "weight_decay": 0.0},
            ],
            lr=self.settings.learning_rate,
        )

    def _step(self) -> float:
        source, target = self.network(self.inputs, self.liked)
        bias = BIAS_SHARE * self.network.bias
        # Σ weight · ⟨source, target⟩ over the examples is one sparse product, not a gather of two rows an example.
        wanted = self.network.sum(target, self.examples)
        rows = self._asking_rows(len(target))
        asked = self.asked[rows]
        hit = (source[rows] * wanted[rows]).sum() + self._wanted_bias(bias, rows)
        loss = (softmax_total(source[rows], target, bias, asked) - hit) / asked.sum()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def _asking_rows(self, targets: int) -> Tensor:
        """Choose the sources of one step: all with examples, or as many as fit."""
        most = max(1, MOST_CELLS // targets)
        if len(self.asking) <= most:
            return self.asking
        return self.asking[torch.randperm(len(self.asking))[:most].to(self.asking.device)]

    def _wanted_bias(self, bias: Tensor, rows: Tensor) -> Tensor:
        wanted: Tensor = self.network.sum(bias.unsqueeze(1), self.examples)
        return wanted[rows].sum()

    def _ndcg(self) -> float:
        source, target = self.network(self.inputs, self.liked)
        bias = BIAS_SHARE * self.network.bias
        return self.hits.ndcg(lambda rows: torch.addmm(bias, source[rows.to(source.device)], target.T).cpu())


def _examples(known: Interactions, inputs: Inputs, threshold: float, settings: LightGcnHyperparameters) -> Adjacency:
    """Weigh every relationship, towards its source, by how much it counts as an example."""
    liked = known.values >= threshold
    if not liked.any():
        highest = f", the highest value is `{known.values.max()}`" if len(known) else ""
        raise FailedPreconditionError(
            f"No relationship to learn from has a value of at least `likedThreshold: {threshold}`{highest}. "
            "Choose a smaller `likedThreshold`.",
            reason="NOTHING_LIKED",
        )
    below = ~liked & (known.values >= threshold - 1)
    weights = np.where(liked, 1.0, np.where(below, settings.disliked_weight, 0.0)).astype(np.float32)
    return inputs.source.received.weighted(torch.from_numpy(weights).to(inputs.values.device))
