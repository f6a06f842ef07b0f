"""How well held-out links are told from pairs that are none, by an embedding or by the graph's structure alone.

Each held-out link is asked for from both its ends. Candidates of a node are all nodes but itself and its neighbours in
the whole graph, the one asked for excepted; on ties the average rank counts. A node without a vector comes last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bridge.core.errors import FailedPreconditionError
from bridge.core.homogeneous import HomogeneousGraph
from bridge.core.learning import Scorer
from bridge.core.progress import Progress, part, silent
from bridge.evaluation.link_scorers import Cosine, DegreeProduct, SharedNeighbours, neighbourhood, simple

Links = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Two int32 [n] of node rows: a pair is there once, in one direction or the other."""

K = 10
"""Length of the lists that `hits_at_10` is of."""

_BLOCK_ELEMENTS = 1 << 22
"""Scores held at once: 16 MiB of float32."""
_MOST_SCORES = 1 << 29
"""Scores computed for all ranks together; where more links are held out, that many are drawn."""
_MOST_MEASURED = 20_000
"""Held-out links ranked at most; their mean reciprocal rank is then known to about .002."""


@dataclass(frozen=True)
class LinkMetrics:
    """How good a scorer is at held-out links."""

    auc: float
    """Share of (held-out link, pair without one) in which the link scores higher, a tie counting half."""
    mrr: float
    """Mean of 1 by the rank of the node asked for."""
    hits_at_10: float
    """Share of ranks that are at most 10."""
    tail_auc: float
    """`auc` of the links whose lower-degree end has a degree under the median of those."""
    relationships: int
    """Links held out, an undirected one once."""
    measured: int
    """Links that the figures are of: all of them, or a seeded sample of very many."""

    def as_map(self) -> dict[str, float | int]:
        """Return what users see."""
        return {
            "auc": self.auc,
            "mrr": self.mrr,
            "hitsAt10": self.hits_at_10,
            "tailAuc": self.tail_auc,
            "heldOut": self.relationships,
            "measured": self.measured,
        }


def evaluate_links(
    vectors: NDArray[np.float32],
    embedded: NDArray[np.bool_],
    train: HomogeneousGraph,
    held_out: Links,
    *,
    seed: int,
    progress: Progress = silent,
) -> LinkMetrics:
    """Measure the cosine of an embedding on held-out links.

    Args:
        vectors: float32 [N, d]; a row a node of `train`.
        embedded: bool [N]; False for a node that has no vector.
        train: what the embedding was made from: the graph without the held-out links.
        held_out: two int32 [H].
        seed: of the pairs without a link, and of the sample where too many links are held out.
        progress: told after each block of ranks.

    Raises:
        FailedPreconditionError: nothing is held out, or all pairs of nodes are linked.
    """
    board = LinkBoard.of(neighbourhood(train), held_out, seed=seed)
    return board.measure(Cosine(vectors, embedded), progress)


def link_baselines(
    train: HomogeneousGraph, held_out: Links, *, seed: int, progress: Progress = silent
) -> dict[str, LinkMetrics]:
    """Measure what needs no learning, on the same links and pairs as `evaluate_links` with the same seed.

    Returns:
        Metrics by method: commonNeighbors, adamicAdar, degreeProduct (Liben-Nowell, Kleinberg: The link-prediction
        problem for social networks, 2007). Directions and weights of relationships do not count.

    Raises:
        FailedPreconditionError: nothing is held out, or all pairs of nodes are linked.
    """
    links = neighbourhood(train)
    board = LinkBoard.of(links, held_out, seed=seed)
    scorers: dict[str, Scorer] = {
        "commonNeighbors": SharedNeighbours.common_neighbours(links),
        "adamicAdar": SharedNeighbours.adamic_adar(links),
        "degreeProduct": DegreeProduct(links),
    }
    return {
        name: board.measure(scorer, part(progress, place / len(scorers), (place + 1) / len(scorers), f"{name}: "))
        for place, (name, scorer) in enumerate(scorers.items())
    }


@dataclass(frozen=True)
class LinkBoard:
    """The questions that every scorer is asked."""

    links: sparse.csr_array
    """sparse [N, N] of ones; train and held-out links in both directions, without self-loops."""
    positives: Links
    negatives: Links
    """As many pairs of linked nodes without a link between them, drawn uniformly."""
    tail: NDArray[np.bool_]
    """bool [P]; the positives whose lower-degree end has few train links."""
    relationships: int

    @classmethod
    def of(cls, train: sparse.csr_array, held_out: Links, *, seed: int) -> LinkBoard:
        """Draw the questions.

        Args:
            train: sparse [N, N] of ones, symmetric, without self-loops.
            held_out: two int32 [H].
            seed: the same questions again with the same one.
        """
        sources, targets = held_out
        if not len(sources):
            raise FailedPreconditionError(
                "No relationship is held out, so there is nothing to measure. Hold out a larger share.",
                reason="NOTHING_TO_MEASURE",
            )
        count = train.shape[0]
        ones = np.ones(len(sources), dtype=np.float32)
        taken = sparse.csr_array((ones, (sources, targets)), shape=train.shape)
        links = simple(train + taken + taken.T)
        rng = np.random.default_rng(seed & (1 << 64) - 1)
        most = max(1, min(_MOST_MEASURED, _MOST_SCORES // (2 * count)))
        chosen = np.sort(rng.permutation(len(sources))[:most])
        positives = (sources[chosen], targets[chosen])
        degrees = np.diff(train.indptr)
        return cls(
            links=links,
            positives=positives,
            negatives=_without_link(links, len(chosen), rng),
            tail=_under_the_median(np.minimum(degrees[positives[0]], degrees[positives[1]])),
            relationships=len(sources),
        )

    def measure(self, scorer: Scorer, progress: Progress = silent) -> LinkMetrics:
        """Ask a scorer all questions."""
        positive, negative = scorer.pairs(*self.positives), scorer.pairs(*self.negatives)
        ranks = self.ranks(scorer, progress)
        return LinkMetrics(
            auc=area_under_curve(positive, negative),
            mrr=float((1 / ranks).mean()),
            hits_at_10=float((ranks <= K).mean()),
            tail_auc=area_under_curve(positive[self.tail], negative),
            relationships=self.relationships,
            measured=len(positive),
        )

    def ranks(self, scorer: Scorer, progress: Progress = silent) -> NDArray[np.float64]:
        """Return float64 [2, P], from 1: the ranks of each positive's target asked from its source, and the reverse."""
        asking, wanted = (np.concatenate(ends) for ends in (self.positives, self.positives[::-1]))
        order = np.lexsort((wanted, asking))
        count = self.links.shape[0]
        candidates = count - np.diff(self.links.indptr)  # itself is none, the neighbour asked for is one
        step = max(1, _BLOCK_ELEMENTS // count)
        ranks = np.empty(len(asking))
        for start in range(0, len(asking), step):
            block = order[start : start + step]
            ranks[block] = self._ranks(scorer, asking[block], wanted[block], candidates)
            progress(min(1.0, (start + step) / len(asking)), f"{start:,} of {len(asking):,} ranks")
        return ranks.reshape(2, -1)

    def _ranks(
        self, scorer: Scorer, asking: NDArray[np.int32], wanted: NDArray[np.int32], candidates: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        nodes, row = np.unique(asking, return_inverse=True)
        scores = np.array(scorer.block(nodes), dtype=np.float32)
        own = scores[row, wanted][:, np.newaxis]
        near = self.links[nodes].tocoo()
        scores[near.row, near.col] = np.nan  # neither more nor equal
        scores[np.arange(len(nodes)), nodes] = np.nan
        others = scores[row]
        ranks: NDArray[np.float64] = 1 + (others > own).sum(axis=1) + (others == own).sum(axis=1) / 2
        last = np.isneginf(own[:, 0])
        ranks[last] = candidates[asking[last]]
        return ranks


def area_under_curve(positive: NDArray[np.float32], negative: NDArray[np.float32]) -> float:
    """Return the share of (positive, negative) in which the positive is higher, a tie counting half."""
    ordered = np.sort(negative)
    lower, not_higher = (np.searchsorted(ordered, positive, side=side) for side in ("left", "right"))
    return float((lower + not_higher).mean() / (2 * len(ordered)))


def _under_the_median(degrees: NDArray[np.integer]) -> NDArray[np.bool_]:
    median = np.median(degrees)
    under: NDArray[np.bool_] = degrees < median
    least: NDArray[np.bool_] = degrees == median
    return under if under.any() else least  # half of them and more have the least degree there is


def _without_link(links: sparse.csr_array, wanted: int, rng: np.random.Generator) -> Links:
    """Draw pairs of different linked nodes that are not linked to each other, uniformly, one of them possibly twice.

    A node without any relationship is no candidate: everything tells it from the ends of a link.
    """
    nodes = np.flatnonzero(np.diff(links.indptr)).astype(np.int32)
    if len(nodes) < links.shape[0]:
        one, other = _without_link(sparse.csr_array(links[nodes][:, nodes]), wanted, rng)
        return nodes[one], nodes[other]
    count = links.shape[0]
    free = count * (count - 1) - links.nnz
    if not free:
        raise FailedPreconditionError(
            f"All pairs of the {count} nodes are linked, so that there is nothing to tell a link from. "
            "Take fewer relationship types or nodes that are not all linked.",
            reason="NOTHING_TO_MEASURE",
        )
    if free < links.nnz:  # the graph is so dense that all its pairs fit into memory, and drawing would hit links
        rows, columns = np.nonzero((links.toarray() == 0) & ~np.eye(count, dtype=bool))
        drawn = rng.integers(len(rows), size=wanted)
        return rows[drawn].astype(np.int32), columns[drawn].astype(np.int32)
    keys = np.repeat(np.arange(count, dtype=np.int64), np.diff(links.indptr)) * count + links.indices
    found = np.empty(0, dtype=np.int64)
    while len(found) < wanted:
        one, other = rng.integers(count, size=(2, 2 * wanted))
        pairs = one * count + other
        linked = keys[np.minimum(np.searchsorted(keys, pairs), len(keys) - 1)] == pairs
        found = np.concatenate([found, pairs[(one != other) & ~linked]])
    one, other = np.divmod(found[:wanted], count)
    return one.astype(np.int32), other.astype(np.int32)
