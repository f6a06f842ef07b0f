"""What all models on PyTorch have in common: a network, a memory, and how both are stored."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bridge.core.errors import FailedPreconditionError
from bridge.core.learning import Problem
from bridge.core.progress import Progress, silent
from bridge.models.keys import matching_rows
from bridge.models.memory import ENDS, Memory
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

    tables: ClassVar[frozenset[str]]
    """The groups of parameters that have a row for each node of an end or a label; a group alone is the targets'."""

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
        initial: Model | None = None,
    ) -> Fit:
        """Train on `problem.fit_on`; the metric on `problem.validate_on` chooses the epochs; see `Model.fit`."""
        began = time.perf_counter()
        with reproducible(seed, threads, device):
            memory = Memory.of(problem)
            training = cls.training(problem, memory, cls.build(memory, hyperparameters), hyperparameters, device)
            if initial is not None:
                assert isinstance(initial, cls), "the caller chose a model of this class"
                initial.hand_over(training.network, memory)
            course = training.course(progress)
            epochs = course.run()
        model = cls(memory, training.network.to("cpu"), hyperparameters)
        return Fit(model, epochs, tuple(course.history), time.perf_counter() - began)

    @torch.no_grad()
    def hand_over(self, network: nn.Module, memory: Memory) -> None:
        """Put what was learned here into the network of another fit, node by node by key.

        Raises:
            FailedPreconditionError: the networks differ in more than their nodes.
        """
        learned, fresh = (
            {name: values for name, values in each.named_parameters() if values.requires_grad}
            for each in (self.network, network)
        )
        if learned.keys() != fresh.keys():
            raise _other_network(sorted(learned.keys() ^ fresh.keys())[0])
        for name, values in fresh.items():
            label, old = self._label_of(name, memory), learned[name].to(values.device)
            if (old.shape if label is None else old.shape[1:]) != (values.shape if label is None else values.shape[1:]):
                raise _other_network(name)
            rows = None if label is None else matching_rows(self.memory.keys[label], memory.keys[label])
            if rows is None:
                values.copy_(old)
            else:
                known = torch.from_numpy(rows >= 0).to(values.device)
                values[known] = old[torch.from_numpy(rows).to(values.device)[known]]

    def _label_of(self, name: str, memory: Memory) -> str | None:
        """Return the label whose nodes a parameter has a row each of; None for one that all nodes share."""
        table, _, group = name.partition(".")
        if table not in self.tables:
            return None
        if group in ("", *ENDS):
            return memory.label(group or "target")
        return next(label for label in memory.keys if group == f"label {label.replace('.', '·')}")

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


def _other_network(name: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        f"The model to start from has another network: its `{name}` does not fit. Start from one of the same "
        "architecture, dimensions, features and relationship types, or leave `initialModel` out.",
        reason="OTHER_NETWORK",
    )
