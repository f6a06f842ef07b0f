"""NDCG@10 on held-out relationships, for choosing epochs while a ranking model trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bridge.core.learning import Interactions

TOP = 10
CHUNK_CELLS = 1 << 23
MOST_SOURCES = 5_000
"""Sources looked at: with more, an evenly spaced choice of them stands for all."""


@dataclass(frozen=True)
class TopHits:
    """Which targets are relevant to whom, and which are out of the running because they are known already."""

    sources: Tensor
    """int64 [S]; sources with a relevant held-out target."""
    relevant: tuple[Tensor, Tensor]
    """int64 [R], [R]; positions in `sources`, and targets."""
    seen: tuple[Tensor, Tensor]
    """The same of the known relationships."""
    target_count: int

    @classmethod
    def of(cls, held_out: Interactions, known: Interactions, relevant_threshold: float) -> TopHits:
        """Look up the relevant held-out relationships."""
        wanted = held_out.where(held_out.values >= relevant_threshold)
        sources = np.unique(wanted.sources)
        if len(sources) > MOST_SOURCES:
            sources = sources[np.linspace(0, len(sources) - 1, MOST_SOURCES).astype(np.int64)]
        return cls(
            torch.from_numpy(sources.astype(np.int64)),
            _positions(wanted, sources),
            _positions(known, sources),
            held_out.target_count,
        )

    def __len__(self) -> int:
        return len(self.sources)

    def ndcg(self, score: Callable[[Tensor], Tensor]) -> float:
        """Mean NDCG@10; `score` turns int64 [n] sources into float32 [n, targets]."""
        size = max(1, CHUNK_CELLS // max(1, self.target_count))
        chunks = [self._chunk(score, start, min(start + size, len(self))) for start in range(0, len(self), size)]
        return float(torch.cat(chunks).mean())

    def _chunk(self, score: Callable[[Tensor], Tensor], start: int, stop: int) -> Tensor:
        scores = score(self.sources[start:stop])
        scores[_within(self.seen, start, stop)] = -torch.inf
        wanted = torch.zeros_like(scores, dtype=torch.bool)
        wanted[_within(self.relevant, start, stop)] = True
        top = scores.topk(min(TOP, self.target_count), dim=1).indices
        discounts = 1 / torch.arange(2, TOP + 2, dtype=torch.float64).log2()
        gains = (wanted.gather(1, top) * discounts[: top.shape[1]]).sum(dim=1)
        ideal = discounts.cumsum(0)[wanted.sum(dim=1).clamp(max=TOP) - 1]
        return gains / ideal


def _positions(links: Interactions, sources: np.typing.NDArray[np.int32]) -> tuple[Tensor, Tensor]:
    chosen = links.where(np.isin(links.sources, sources))
    places = np.searchsorted(sources, chosen.sources)
    return torch.from_numpy(places.astype(np.int64)), torch.from_numpy(chosen.targets.astype(np.int64))


def _within(pairs: tuple[Tensor, Tensor], start: int, stop: int) -> tuple[Tensor, Tensor]:
    inside = (pairs[0] >= start) & (pairs[0] < stop)
    return pairs[0][inside] - start, pairs[1][inside]
