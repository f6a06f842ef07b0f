"""What a network reads of one projection, as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from bridge.models.adjacency import Adjacency


@dataclass(frozen=True)
class Side:
    """Side relationships as they arrive at one end of the target relationships."""

    name: str
    """The learned weight they are known by."""
    label: str
    """Of the nodes that send."""
    adjacency: Adjacency


@dataclass(frozen=True)
class End:
    """The nodes at one end of the target relationships: all sources, or all targets."""

    label: str
    received: Adjacency
    """Target relationships that may be messages, towards this end."""
    rows: Tensor | None
    """int64 [N]; where each node is in the learned tables, −1 where training did not know it. None: as trained."""
    features: Tensor | None
    """float32 [N, F]; None where the label has no features."""
    sides: tuple[Side, ...]

    def __len__(self) -> int:
        return self.received.receivers


@dataclass(frozen=True)
class Inputs:
    """One projection, ready for a forward pass."""

    source: End
    target: End
    values: Tensor
    """float32 [M]; the target values of the relationships that may be messages, in the order of `received`."""
    senders: Mapping[str, Tensor | None]
    """For each label that sends side messages, its `rows`, as in `End`."""

    @property
    def ends(self) -> dict[str, End]:
        """Both ends by name."""
        return {"source": self.source, "target": self.target}


def looked_up(table: Tensor, rows: Tensor | None) -> Tensor:
    """Take each node's learned row; zeros for a node that training did not know."""
    if rows is None:
        return table
    known = rows >= 0
    if len(table) == 0:
        return table.new_zeros((len(rows), *table.shape[1:]))
    taken = table.index_select(0, rows.clamp(min=0))
    return torch.where(known.reshape(-1, *[1] * (table.dim() - 1)), taken, torch.zeros_like(taken))
