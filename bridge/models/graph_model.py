"""What all models on PyTorch have in common: a network, a memory, and how both are stored."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bridge.core.learning import Problem
from bridge.core.progress import Progress, silent
from bridge.models.memory import Memory
from bridge.models.model import Fit, Hyperparameters, Model
from bridge.models.training import Course, reproducible

NETWORK = "network."


class Training(Protocol):
    """One fit about to begin."""

    @property
    def network(self) -> nn.Module:
        """What is trained, on its device."""
        ...

    def course(self, progress: Progress) -> Course:
        """Describe the training: its step, its metric, its length."""
        ...


class GraphModel(Model):
    """A model whose learned part is the state of one torch module."""

    def __init__(self, memory: Memory, network: nn.Module, hyperparameters: Hyperparameters) -> None:
        self.memory = memory
        self.network = network
        self.hyperparameters = hyperparameters

    @classmethod
    @abstractmethod
    def build(cls, memory: Memory, hyperparameters: Any) -> nn.Module:
        """Make the network, with weights drawn from torch's generator."""

    @classmethod
    @abstractmethod
    def training(
        cls, problem: Problem, memory: Memory, network: nn.Module, hyperparameters: Any, device: str
    ) -> Training:
        """Put the tensors of one fit on the device, with the network that `build` made.

        Raises:
            FailedPreconditionError: there is nothing to learn from, such as no liked relationship.
        """

    @classmethod
    def fit(
        cls,
        problem: Problem,
        hyperparameters: Any,
        *,
        seed: int,
        threads: int = 2,
        device: str = "cpu",
        progress: Progress = silent,
    ) -> Fit:
        """Train on `problem.fit_on`; the metric on `problem.validate_on` chooses the epochs; see `Model.fit`."""
        began = time.perf_counter()
        with reproducible(seed, threads, device):
            memory = Memory.of(problem)
            training = cls.training(problem, memory, cls.build(memory, hyperparameters), hyperparameters, device)
            course = training.course(progress)
            epochs = course.run()
        model = cls(memory, training.network.to("cpu"), hyperparameters)
        return Fit(model, epochs, tuple(course.history), time.perf_counter() - began)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the network's state and the remembered arrays."""
        state = {NETWORK + name: value.detach().cpu().numpy() for name, value in self.network.state_dict().items()}
        return state | self.memory.arrays()

    def meta(self) -> dict[str, Any]:
        """Return the hyperparameters and the remembered schema."""
        return {"hyperparameters": self.hyperparameters.effective(), "memory": self.memory.meta()}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Make the model again, on the CPU."""
        hyperparameters = cls.Hyperparameters.parse(meta["hyperparameters"])
        memory = Memory.load(arrays, meta["memory"])
        network = cls.build(memory, hyperparameters)
        network.load_state_dict(
            {
                name.removeprefix(NETWORK): torch.from_numpy(np.array(value))
                for name, value in arrays.items()
                if name.startswith(NETWORK)
            }
        )
        network.eval()
        return cls(memory, network, hyperparameters)
