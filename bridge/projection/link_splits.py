"""Which relationships of a homogeneous graph an embedding is made without, so that it can be measured on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import FailedPreconditionError
from bridge.core.homogeneous import HomogeneousGraph
from bridge.core.projection import Projection
from bridge.projection.hashing import hash_keys, hash_pairs
from bridge.projection.homogeneous import HomogeneousView


@dataclass(frozen=True)
class LinkSplit:
    """A graph without some of its relationships, and those."""

    train: HomogeneousGraph
    held_out: tuple[NDArray[np.int32], NDArray[np.int32]]
    """Two int32 [H]; each pair once, the lower node first, whichever directions it had."""
    train_count: int
    """Linked pairs left in `train`, each once; a loop is one."""


def hold_out_links(projection: Projection, view: HomogeneousView, *, fraction: float, seed: int) -> LinkSplit:
    """Take about a share of the linked pairs out of a graph, in both directions.

    A seeded hash of both nodes' labels and keys decides, so a pair stays where it is while the data grow. Loops stay.

    Args:
        projection: the one that the view is of; it has the keys.
        view: what to split.
        fraction: between 0 and 1.
        seed: another seed, another split.

    Raises:
        FailedPreconditionError: too few pairs to hold one out and to keep one.
    """
    graph = view.graph
    sources = np.repeat(np.arange(graph.node_count, dtype=np.int32), graph.degrees)
    keys = _node_hashes(projection, view)
    hashes = hash_pairs(keys[sources], keys[graph.indices], seed=seed, symmetric=True)
    # 53 bits are what a float64 keeps exactly.
    taken = (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53 < fraction
    taken &= sources != graph.indices
    held_out = _pairs(sources[taken], graph.indices[taken], graph.node_count)
    train_count = len(_pairs(sources[~taken], graph.indices[~taken], graph.node_count)[0])
    if not len(held_out[0]) or not train_count:
        raise FailedPreconditionError(
            f"The share {fraction} holds {len(held_out[0])} of {len(held_out[0]) + train_count} linked pairs out, but "
            "one at least must be held out and one be left. Project more relationships, or give another share or seed.",
            reason="EMPTY_SPLIT",
        )
    return LinkSplit(_without(graph, sources, taken), held_out, train_count)


def _node_hashes(projection: Projection, view: HomogeneousView) -> NDArray[np.uint64]:
    """uint64 [N]; of label and key, since two labels may have a key in common."""
    return np.concatenate(
        [
            hash_pairs(hash_keys(np.array([label])), hash_keys(projection.nodes[label].keys), seed=0, symmetric=False)
            for label in view.labels
        ]
    )


def _pairs(
    sources: NDArray[np.int32], targets: NDArray[np.int32], node_count: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    keys = np.minimum(sources, targets).astype(np.int64) * node_count + np.maximum(sources, targets)
    one, other = np.divmod(np.unique(keys), node_count)
    return one.astype(np.int32), other.astype(np.int32)


def _without(graph: HomogeneousGraph, sources: NDArray[np.int32], taken: NDArray[np.bool_]) -> HomogeneousGraph:
    left = ~taken
    indptr = np.zeros(graph.node_count + 1, dtype=np.int64)
    np.cumsum(np.bincount(sources[left], minlength=graph.node_count), out=indptr[1:])
    weights = None if graph.weights is None else graph.weights[left]
    return HomogeneousGraph(indptr, graph.indices[left], weights, graph.undirected)
