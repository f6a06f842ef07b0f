"""The contract of every model: fitted to a problem, scoring any projection, stored as arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bridge.core.config import Config, NonNegativeFloat, PositiveFloat, PositiveInt
from bridge.core.learning import Epoch, Problem, Scorer
from bridge.core.progress import Progress, silent
from bridge.core.projection import Projection


class Hyperparameters(Config):
    """What can be set about a model. Each model has its own defaults."""

    epochs: PositiveInt
    """Most epochs to train for; one epoch is one step on all examples. Exactly so many where nothing is held out for
    validation."""
    patience: PositiveInt
    """Epochs without a better validation metric after which training stops."""
    learning_rate: PositiveFloat
    """Step size of Adam."""
    embedding_dimension: PositiveInt
    """Length of the learned vectors."""
    dropout: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
    """Share of vector elements set to zero in each training step."""
    penalty_l2: NonNegativeFloat
    """Weight of the squared length of the learned vectors in the loss."""


class ModelScorer(Scorer, Protocol):
    """A model over one projection. Node embeddings are computed once; scoring is cheap and can be done in chunks."""

    def block(self, sources: NDArray[np.integer], targets: slice = slice(None)) -> NDArray[np.float32]:
        """Score a stretch of the targets for some sources: int [b] → float32 [b, stretch]."""
        ...

    @property
    def sources(self) -> NDArray[np.float32]:
        """float32 [sources, d]; the embeddings that scores are made of. Compare them by cosine."""

    @property
    def targets(self) -> NDArray[np.float32]:
        """float32 [targets, d]; the same for targets."""

    @property
    def known_sources(self) -> NDArray[np.bool_]:
        """bool [sources]; False where a score says nothing about the node: no relationship in training and none now.

        The score is then a fallback: what is popular, what is usual.
        """

    @property
    def known_targets(self) -> NDArray[np.bool_]:
        """bool [targets]; the same for targets."""


@dataclass(frozen=True)
class Fit:
    """What came of a training."""

    model: Model
    epochs: int
    """The epochs of the best validation metric; those asked for where nothing was held out."""
    history: tuple[Epoch, ...]
    """One a step."""
    seconds: float


class Model(ABC):
    """A graph neural network that scores (source, target) pairs."""

    objectives: ClassVar[frozenset[str]]
    """`rating`, `ranking` or both."""
    Hyperparameters: ClassVar[type[Hyperparameters]]

    @classmethod
    @abstractmethod
    def fit(
        cls,
        problem: Problem,
        hyperparameters: Any,
        *,
        seed: int,
        threads: int = 2,
        device: str = "cpu",
        progress: Progress = silent,
        initial: Model | None = None,
    ) -> Fit:
        """Train on `problem.fit_on`; let `problem.validate_on` choose the epochs, if there is any.

        Equal problem, seed, thread count and CPU type give equal weights, bit for bit. With `initial`, a model of the
        same class, weights start as they are in it, node by node by key; those of new nodes start as usual.

        Raises:
            CancelledError: from `progress`.
            FailedPreconditionError: `initial` differs in more than its nodes.
        """

    @abstractmethod
    def scorer(self, projection: Projection, messages: NDArray[np.bool_] | None = None) -> ModelScorer:
        """Score pairs of a projection's nodes, which may be others than those of the training.

        Nodes are recognised by key. A node that training did not see is scored by its relationships and features.
        `messages`, bool [target relationships], says which of the target relationships may be looked at; None: all.
        """

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything learned, as numeric arrays by name."""

    @abstractmethod
    def meta(self) -> dict[str, Any]:
        """Return everything else that `load` needs, as JSON types."""

    @classmethod
    @abstractmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Make the model again of what `arrays` and `meta` returned."""
