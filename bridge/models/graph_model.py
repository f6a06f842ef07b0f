"""What all models on PyTorch have in common: a network, a memory, and how both are stored."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bridge.models.memory import Memory
from bridge.models.model import Hyperparameters, Model

NETWORK = "network."


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
