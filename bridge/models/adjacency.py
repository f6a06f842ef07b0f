"""Sparse adjacency, and the message passing layer on it that the models are stacks of.

A layer by `edge_index` gathers one row a relationship and scatters it again; a product with a compressed sparse row
(CSR) matrix reads each relationship once and writes each node once. The backward pass is the product with the
transpose, which is kept, because the forward pass of the reverse relationships needs it anyway.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bridge.core.late import late

with late("torch._dynamo", "torch_geometric.datasets", "numba"):  # numba for a function that nobody calls here
    from torch_geometric.nn import MessagePassing

# torch calls all CSR tensors beta, once a process.
warnings.filterwarnings("ignore", message="Sparse CSR tensor support")


@dataclass(frozen=True)
class Rows:
    """The pattern of a CSR matrix."""

    starts: Tensor
    """int32 [rows + 1]; where each row begins in `columns`."""
    columns: Tensor
    """int32 [E]."""
    order: Tensor
    """int64 [E]; for each element the relationship it stands for."""

    @classmethod
    def of(cls, rows: NDArray[np.integer], columns: NDArray[np.integer], row_count: int) -> Rows:
        """Sort relationships by row, keeping their order within a row."""
        order = np.argsort(rows, kind="stable")
        starts = np.zeros(row_count + 1, dtype=np.int32)
        np.cumsum(np.bincount(rows, minlength=row_count), out=starts[1:])
        return cls(
            torch.from_numpy(starts),
            torch.from_numpy(columns[order].astype(np.int32)),
            torch.from_numpy(order.astype(np.int64)),
        )

    @cached_property
    def incidence(self) -> Tensor:
        """The CSR tensor, float32 [rows, E], with a 1 where a relationship belongs to a row."""
        return _csr(self.starts, self.order.int(), torch.ones_like(self.order, dtype=torch.float32), len(self.order))

    def to(self, device: str) -> Rows:
        """Copy to a device."""
        return Rows(self.starts.to(device), self.columns.to(device), self.order.to(device))


@dataclass(frozen=True)
class Adjacency:
    """Relationships of one type in one direction: who receives from whom, with what weight."""

    receivers: int
    senders: int
    by_receiver: Rows
    by_sender: Rows
    weights: Tensor
    """float32 [E], in the order of the relationships that this was made of."""

    @classmethod
    def of(cls, senders: NDArray[np.integer], receivers: NDArray[np.integer], shape: tuple[int, int]) -> Adjacency:
        """Make one of parallel arrays, int [E]; `shape` is (number of receiving nodes, number of sending nodes)."""
        return cls(
            receivers=shape[0],
            senders=shape[1],
            by_receiver=Rows.of(receivers, senders, shape[0]),
            by_sender=Rows.of(senders, receivers, shape[1]),
            weights=torch.ones(len(senders)),
        )

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def reverse(self) -> Adjacency:
        """The same relationships, the other way round; nothing is copied."""
        return Adjacency(self.senders, self.receivers, self.by_sender, self.by_receiver, self.weights)

    def weighted(self, weights: Tensor) -> Adjacency:
        """The same relationships with other weights: float32 [E]. Weight 0 is as if it were not there."""
        return replace(self, weights=weights)

    def to(self, device: str) -> Adjacency:
        """Copy to a device."""
        return replace(
            self,
            by_receiver=self.by_receiver.to(device),
            by_sender=self.by_sender.to(device),
            weights=self.weights.to(device),
        )

    def strengths(self) -> Tensor:
        """Sum of the incoming weights of each receiving node: float32 [receivers]."""
        ones = torch.ones(self.senders, 1, device=self.weights.device)
        return (self.matrix @ ones).squeeze(1)

    def normalized(self) -> Adjacency:
        """Divide each weight by the square roots of both ends' strengths, as graph convolution does."""
        received, sent = (_inverse_root(side.strengths()) for side in (self, self.reverse))
        pairs = torch.empty_like(self.weights)
        pairs[self.by_receiver.order] = (
            received.repeat_interleave(self.by_receiver.starts.diff().long()) * sent[self.by_receiver.columns.long()]
        )
        return self.weighted(self.weights * pairs)

    def averaged(self) -> Adjacency:
        """Divide each weight by its receiver's strength: the messages' mean. A node without any gets 0."""
        share = 1 / self.strengths().clamp(min=torch.finfo(torch.float32).tiny)
        weights = torch.empty_like(self.weights)
        order = self.by_receiver.order
        weights[order] = share.repeat_interleave(self.by_receiver.starts.diff().long()) * self.weights[order]
        return self.weighted(weights)

    @cached_property
    def matrix(self) -> Tensor:
        """The CSR tensor, float32 [receivers, senders]."""
        rows = self.by_receiver
        return _csr(rows.starts, rows.columns, self.weights[rows.order], self.senders)

    @cached_property
    def transposed_matrix(self) -> Tensor:
        """The CSR tensor of the reverse, float32 [senders, receivers]."""
        return self.reverse.matrix


def _csr(starts: Tensor, columns: Tensor, values: Tensor, width: int) -> Tensor:
    return torch.sparse_csr_tensor(starts, columns, values, (len(starts) - 1, width), check_invariants=False)


def _inverse_root(strengths: Tensor) -> Tensor:
    return torch.where(strengths > 0, strengths.clamp(min=1e-12).rsqrt(), torch.zeros_like(strengths))


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vectors: Tensor, adjacency: Adjacency) -> Tensor:
        ctx.adjacency = adjacency
        return adjacency.matrix @ vectors

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return cast(Tensor, ctx.adjacency.transposed_matrix @ gradients[0].contiguous()), None


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vectors: Tensor, places: Tensor, rows: Rows) -> Tensor:
        ctx.rows = rows
        return vectors.index_select(0, places)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return ctx.rows.incidence @ gradients[0].contiguous(), None, None


def gathered(vectors: Tensor, places: Tensor, rows: Rows) -> Tensor:
    """Take one row a relationship: float32 [N, d], int64 [E] → float32 [E, d].

    `rows` groups the same relationships by `places`; the gradient is then a sparse product instead of a scatter.
    """
    return cast(Tensor, _Gather.apply(vectors, places, rows))


class WeightedSum(MessagePassing):  # type: ignore[misc]  # PyG ships no types
    """Each node receives the weighted sum of its senders' vectors.

    Takes an `Adjacency`, or what every PyG layer takes: an `edge_index` (int64 [2, E]) with `weight` (float32 [E]).
    """

    def __init__(self) -> None:
        super().__init__(aggr="sum")

    def forward(
        self,
        vectors: Tensor,
        adjacency: Adjacency | Tensor,
        weight: Tensor | None = None,
        size: tuple[int, int] | None = None,
    ) -> Tensor:
        """Return float32 [receivers, d] of the senders' float32 [senders, d]."""
        if isinstance(adjacency, Adjacency):
            # Not by `propagate`, which would lay out all relationships as an edge index first.
            return self.message_and_aggregate(adjacency, vectors)
        return cast(Tensor, self.propagate(adjacency, x=(vectors, None), weight=weight, size=size))

    def message(self, x_j: Tensor, weight: Tensor | None) -> Tensor:
        """Weigh one vector a relationship."""
        return x_j if weight is None else x_j * weight.unsqueeze(-1)

    def message_and_aggregate(self, adjacency: Adjacency, vectors: Tensor) -> Tensor:
        """Do both steps in one sparse product."""
        return cast(Tensor, _Sum.apply(vectors, adjacency))
