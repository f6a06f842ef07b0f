"""The training loop: steps, averaged weights, the epoch that validation likes best."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.utils import deterministic

from bridge.core.errors import TrainerFailedError
from bridge.core.learning import Epoch
from bridge.core.progress import Progress


@contextmanager
def reproducible(seed: int, threads: int, device: str) -> Iterator[None]:
    """Seed torch, bound its threads and ask for deterministic algorithms; put everything back afterwards."""
    threads_before = torch.get_num_threads()
    strict_before = torch.are_deterministic_algorithms_enabled()
    filling_before: bool = deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]  # a dynamic property
    with torch.random.fork_rng(devices=None if device != "cpu" else []):
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        # Sparse products on a GPU have no deterministic form: there the seed gives equal weights only nearly.
        torch.use_deterministic_algorithms(True, warn_only=device != "cpu")
        # Nothing here reads memory it has not written; filling it with NaN first costs a fifth of the time.
        _fill_uninitialized_memory(False)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(strict_before)
            _fill_uninitialized_memory(filling_before)
            torch.set_num_threads(threads_before)


def _fill_uninitialized_memory(fill: bool) -> None:
    setattr(deterministic, "fill_uninitialized_memory", fill)  # noqa: B010  # a dynamic property, unknown to mypy


@dataclass(frozen=True)
class Metric:
    """What chooses the epochs."""

    name: str
    measure: Callable[[], float]
    higher_is_better: bool

    def better(self, one: float, other: float) -> bool:
        """Say whether `one` beats `other`."""
        return one > other if self.higher_is_better else one < other


@dataclass
class Course:
    """A training: a step, repeated."""

    network: nn.Module
    step: Callable[[], float]
    """Do one epoch and return its loss."""
    epochs: int
    patience: int
    progress: Progress
    metric: Metric | None = None
    """None: all the epochs, and the last weights are kept."""
    averaging: float = 0.0
    """What is measured and kept is an exponential average of the weights: this share of the old average."""
    measure_every: int = 5
    history: list[Epoch] = field(default_factory=list)

    def run(self) -> int:
        """Train; leave the best weights in the network and return their epoch.

        Raises:
            CancelledError: from `progress`.
            TrainerFailedError: the loss is no longer a number.
        """
        average = _copy(self.network)
        best, best_value, best_epoch = average, math.nan, 0
        for epoch in range(1, self.epochs + 1):
            loss = self._checked(epoch)
            self._average(average)
            value = self._measured(epoch, average)
            self.history.append(Epoch(epoch, loss, value))
            self._report(epoch, loss, value)
            if value is None or self.metric is None:
                continue
            if best_epoch == 0 or self.metric.better(value, best_value):
                best, best_value, best_epoch = {k: v.clone() for k, v in average.items()}, value, epoch
            elif epoch - best_epoch >= self.patience:
                break
        self.network.load_state_dict(best if best_epoch else average)
        self.network.eval()
        return best_epoch or self.epochs

    def _checked(self, epoch: int) -> float:
        self.network.train()
        loss = self.step()
        if not math.isfinite(loss):
            raise TrainerFailedError(
                f"The loss of epoch {epoch} is `{loss}`. Choose a smaller `learningRate`, or look for extreme values "
                "among the target values and features.",
                reason="TRAINING_DIVERGED",
            )
        return loss

    @torch.no_grad()
    def _average(self, average: dict[str, Tensor]) -> None:
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                average[name].lerp_(value, 1 - self.averaging)

    @torch.no_grad()
    def _measured(self, epoch: int, average: dict[str, Tensor]) -> float | None:
        if self.metric is None or (epoch % self.measure_every and epoch != self.epochs):
            return None
        latest = _copy(self.network)
        self.network.load_state_dict(average)
        self.network.eval()
        value = self.metric.measure()
        self.network.load_state_dict(latest)
        return value

    def _report(self, epoch: int, loss: float, value: float | None) -> None:
        figures = {"loss": loss}
        if self.metric is not None and value is not None:
            figures[self.metric.name] = value
        self.progress(epoch / self.epochs, f"epoch {epoch} of {self.epochs}", **figures)


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
