"""The cross-entropy over all targets without ever holding all scores."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor

CHUNK_CELLS = 1 << 22
"""Scores held at once: 16 MiB."""


class _SoftmaxTotal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, sources: Tensor, targets: Tensor, bias: Tensor, weights: Tensor) -> Tensor:
        """Compute the gradients on the way, while a chunk's scores are at hand."""
        total = sources.new_zeros(())
        by_source, by_target, by_bias = torch.empty_like(sources), torch.zeros_like(targets), torch.zeros_like(bias)
        rows = max(1, CHUNK_CELLS // max(1, len(targets)))
        for start in range(0, len(sources), rows):
            part, weight = sources[start : start + rows], weights[start : start + rows].unsqueeze(1)
            scores = torch.addmm(bias, part, targets.T)
            highest = scores.amax(dim=1, keepdim=True)
            sums = scores.sub_(highest).exp_().sum(dim=1, keepdim=True)
            total += (weight * (sums.log() + highest)).sum()
            shares = scores.mul_(weight / sums)
            torch.mm(shares, targets, out=by_source[start : start + rows])
            by_target.addmm_(shares.T, part)
            by_bias += shares.sum(dim=0)
        ctx.save_for_backward(by_source, by_target, by_bias)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        by_source, by_target, by_bias = ctx.saved_tensors
        (scale,) = gradients
        return scale * by_source, scale * by_target, scale * by_bias, None


def softmax_total(sources: Tensor, targets: Tensor, bias: Tensor, weights: Tensor) -> Tensor:
    """Return Σ weights[s] · log Σ exp(⟨sources[s], targets[t]⟩ + bias[t]), a scalar.

    float32 [S, d], [T, d], [T], [S]. Memory: 16 MiB of scores and the gradients' own sizes.
    """
    return cast(Tensor, _SoftmaxTotal.apply(sources, targets, bias, weights))
