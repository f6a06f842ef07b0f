"""Sparse products give what PyG's gather and scatter give, forward and backward."""

import numpy as np
import pytest
import torch

from bridge.models.adjacency import Adjacency, WeightedSum, gathered

RNG = np.random.default_rng(3)
SENDERS, RECEIVERS = RNG.integers(0, 9, 40), RNG.integers(0, 6, 40)  # some pairs twice
WEIGHTS = torch.from_numpy(RNG.random(40).astype(np.float32))
EDGE_INDEX = torch.from_numpy(np.stack([SENDERS, RECEIVERS]))


def adjacency(receivers: int = 6) -> Adjacency:
    return Adjacency.of(SENDERS, RECEIVERS, (receivers, 9)).weighted(WEIGHTS)


@pytest.mark.parametrize("receivers", [6, 9])
def test_sparse_product_equals_propagation_by_edge_index(receivers: int) -> None:
    """One layer, two kinds of input: equal sums and equal gradients, also where a transpose has the same shape."""
    layer, torch_input = WeightedSum(), torch.from_numpy(RNG.random((9, 4)).astype(np.float32))
    results = []
    for links, more in ((adjacency(receivers), {}), (EDGE_INDEX, {"weight": WEIGHTS, "size": (9, receivers)})):
        vectors = torch_input.clone().requires_grad_()
        received = layer(vectors, links, **more)
        received.square().sum().backward()
        results.append((received.detach(), vectors.grad))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_reverse_is_the_transpose() -> None:
    """The same relationships, seen from the other end."""
    torch.testing.assert_close(adjacency().reverse.matrix.to_dense(), adjacency().matrix.to_dense().T)


def test_normalized_divides_by_both_degrees() -> None:
    """D^-½ A D^-½, with 0 for a node without relationships."""
    links = Adjacency.of(np.array([0, 1, 1]), np.array([0, 0, 2]), (3, 2)).normalized()
    expected = torch.tensor([[0.5**0.5, 0.5], [0, 0], [0, 0.5**0.5]])
    torch.testing.assert_close(links.matrix.to_dense(), expected)


def test_averaged_takes_means() -> None:
    """Each node's incoming weights sum to 1, or to 0 without any."""
    strengths = Adjacency.of(np.array([0, 1, 1]), np.array([0, 0, 2]), (3, 2)).averaged().strengths()
    torch.testing.assert_close(strengths, torch.tensor([1.0, 0.0, 1.0]))


def test_gathered_has_the_gradient_of_index_select() -> None:
    """Rows taken by relationship give their gradients back to the right nodes."""
    places = torch.from_numpy(RECEIVERS)
    one, other = (torch.ones(6, 3, requires_grad=True) for _ in range(2))
    factor = torch.from_numpy(RNG.random((40, 3)).astype(np.float32))
    (gathered(one, places, adjacency().by_receiver) * factor).sum().backward()
    (other.index_select(0, places) * factor).sum().backward()
    torch.testing.assert_close(one.grad, other.grad)
