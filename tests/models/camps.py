"""A graph of two camps, each tightly linked within itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.core.homogeneous import HomogeneousGraph, homogeneous_from_edges


def graph_of(
    pairs: list[tuple[int, int]], weights: list[float] | None = None, *, nodes: int, undirected: bool = True
) -> HomogeneousGraph:
    """Make a graph of pairs; with `undirected`, each in both directions."""
    sources, targets = (np.array(end, dtype=np.int32) for end in zip(*pairs, strict=True))
    values = None if weights is None else np.array(weights)
    if undirected:
        sources, targets = np.concatenate([sources, targets]), np.concatenate([targets, sources])
        values = None if values is None else np.concatenate([values, values])
    return homogeneous_from_edges(sources, targets, values, nodes, undirected)


def planted(seed: int = 0, *, undirected: bool = True) -> tuple[HomogeneousGraph, NDArray[np.bool_]]:
    """Make 90 shuffled nodes, of which 30 and 58 are camps and 2 are alone; return the graph and bool [90], the camp.

    A pair within a camp is linked with probability 1/4, one across with 1/50. The lonely nodes are the last two.
    """
    rng = np.random.default_rng(seed)
    camp = np.concatenate([rng.permutation(np.arange(88) >= 30), [False, False]])
    chance = np.where(camp[:, None] == camp, 0.25, 0.02)
    linked = np.triu(rng.random((90, 90)) < chance, 1)
    linked[:, 88:] = False
    sources, targets = np.nonzero(linked)
    turned = rng.random(len(sources)) < 0.5
    ends = np.where(turned, targets, sources), np.where(turned, sources, targets)
    pairs = list(zip(ends[0].tolist(), ends[1].tolist(), strict=True))
    return graph_of(pairs, rng.uniform(1, 3, len(pairs)).tolist(), nodes=90, undirected=undirected), camp
