"""LightGcn keeps the promises of every model; its loss is the full softmax whatever the chunks."""

from typing import ClassVar

import numpy as np
import pytest
import torch

from bridge.core.errors import FailedPreconditionError
from bridge.models import light_gcn, softmax
from bridge.models.light_gcn import LightGcn
from tests.boards import two_camps
from tests.models.contract import ModelContract


class TestLightGcn(ModelContract):
    model = LightGcn
    name = "lightGcn"
    settings: ClassVar = {"epochs": 60, "embeddingDimension": 16}
    past_the_best: ClassVar = {"epochs": 40}

    def test_nothing_liked_is_an_error_that_names_the_threshold(self) -> None:
        """A threshold above all values is refused with both numbers."""
        with pytest.raises(FailedPreconditionError, match=r"likedThreshold: 9\.0.*highest value is `5\.0`"):
            self.quick(two_camps().problem(liked_threshold=9.0))

    def test_sampled_sources_learn_the_board_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Above the limit of scores a step, drawn sources lead to the same answers."""
        monkeypatch.setattr(light_gcn, "MOST_CELLS", 10 * 48)
        self.test_finds_the_withheld_target(0)


def test_chunked_softmax_equals_autograd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Value and gradients are those of logsumexp, with a last chunk that is not full."""
    monkeypatch.setattr(softmax, "CHUNK_CELLS", 3 * 11)
    torch.manual_seed(0)
    shapes = [(7, 4), (11, 4), (11,)]
    given = [torch.randn(*shape, requires_grad=True) for shape in shapes]
    weights = torch.rand(7)
    ours = softmax.softmax_total(given[0], given[1], given[2], weights)
    theirs = (weights * torch.logsumexp(given[0] @ given[1].T + given[2], dim=1)).sum()
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    for one, other in zip(torch.autograd.grad(ours, given), torch.autograd.grad(theirs, given), strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-5)
