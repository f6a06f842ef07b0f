"""Which relationships of a homogeneous graph an embedding is made without, so that it can be measured on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import FailedPreconditionError
from bridge.core.homogeneous import HomogeneousGraph
from bridge.core.projection import Projection
from bridge.projection.content import identity_hashes, pair_hashes
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


def held_out_hashes(
    projection: Projection, view: HomogeneousView, held_out: tuple[NDArray[np.int32], NDArray[np.int32]]
) -> dict[str, NDArray[np.uint64]]:
    """Hash the relationships, of all types and in all directions, between pairs held out: see `identity_hashes`."""
    first = dict(zip(view.labels, view.starts.tolist(), strict=False))
    taken = _pair_keys(*held_out, view.graph.node_count)
    found: dict[str, list[NDArray[np.uint64]]] = {}
    for (source, kind, target), table in projection.relationships.items():
        sources, targets = table.edge_index
        keys = _pair_keys(sources + first[source], targets + first[target], view.graph.node_count)
        hidden = np.isin(keys, taken)
        hashes = pair_hashes(projection, source, target, sources[hidden], targets[hidden])
        found.setdefault(kind, []).append(hashes)
    return identity_hashes({kind: np.concatenate(parts) for kind, parts in found.items()})


def are_among(
    projection: Projection,
    view: HomogeneousView,
    pairs: tuple[NDArray[np.int32], NDArray[np.int32]],
    hashes: NDArray[np.uint64],
) -> NDArray[np.bool_]:
    """Say which pairs of nodes, two int32 [n], are ends of relationships with these `pair_hashes`: bool [n].

    Either direction counts, and whichever type it is of.
    """
    among = np.zeros(len(pairs[0]), dtype=bool)
    for ends in (pairs, pairs[::-1]):
        labels = [np.searchsorted(view.starts, rows, side="right") - 1 for rows in ends]
        for one, other in np.unique(np.stack(labels), axis=1).T:
            here = np.flatnonzero((labels[0] == one) & (labels[1] == other))
            sources, targets = (rows[here] - view.starts[at] for rows, at in zip(ends, (one, other), strict=True))
            found = pair_hashes(projection, view.labels[one], view.labels[other], sources, targets)
            among[here] |= np.isin(found, hashes)
    return among


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
    one, other = np.divmod(np.unique(_pair_keys(sources, targets, node_count)), node_count)
    return one.astype(np.int32), other.astype(np.int32)


def _pair_keys(
    sources: NDArray[np.integer[Any]], targets: NDArray[np.integer[Any]], node_count: int
) -> NDArray[np.int64]:
    """int64 [n]; one number a pair, whichever way round."""
    keys: NDArray[np.int64] = np.minimum(sources, targets).astype(np.int64) * node_count + np.maximum(sources, targets)
    return keys


def _without(graph: HomogeneousGraph, sources: NDArray[np.int32], taken: NDArray[np.bool_]) -> HomogeneousGraph:
    left = ~taken
    indptr = np.zeros(graph.node_count + 1, dtype=np.int64)
    np.cumsum(np.bincount(sources[left], minlength=graph.node_count), out=indptr[1:])
    weights = None if graph.weights is None else graph.weights[left]
    return HomogeneousGraph(indptr, graph.indices[left], weights, graph.undirected)
