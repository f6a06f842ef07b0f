"""A version in memory with the projection of its training: what answers without a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bridge.actions.embedding import Embedded
from bridge.actions.hosted import Hosted, Loaded, fitting, hosted, target_of
from bridge.actions.kept import open_kept
from bridge.actions.links import links_of
from bridge.core.projection import NodeTable, Projection, Target
from bridge.evaluation.selection import top_k
from bridge.models.model import ModelScorer
from bridge.models.node_embedding import NodeEmbedding
from bridge.projection.key_lookup import find_rows
from bridge.registry.live import Live
from bridge.registry.version import Version

Rows = NDArray[np.int64]
Best = tuple[NDArray[np.int32], NDArray[np.float32]]
"""int32 [b, k] rows, best first, -1 where there are fewer; float32 [b, k] their scores."""


@dataclass(frozen=True)
class Ranking:
    """A model that predicts, over the projection of its training."""

    target: Target
    scorer: ModelScorer
    linked: csr_array | None
    """bool [sources, targets]; the target relationships of the training. None where there were none."""

    def best(self, rows: Rows, count: int, min_score: float | None) -> Best:
        """Return the best targets of some sources: without those linked then, and without themselves."""
        scores = self.scorer.block(rows)
        if self.linked is not None:
            starts, columns = self.linked.indptr, self.linked.indices
            for place, row in enumerate(rows):
                scores[place, columns[starts[row] : starts[row + 1]]] = -np.inf
        if self.target.source_label == self.target.target_label:
            scores[np.arange(len(rows)), rows] = -np.inf
        if min_score is not None:
            scores[scores < min_score] = -np.inf
        return top_k(scores, min(count, max(1, scores.shape[1])))


@dataclass(frozen=True)
class Space:
    """The embedded nodes of one label."""

    nodes: NodeTable
    """Keys alone."""
    vectors: NDArray[np.float32]
    """float32 [N, d]; means nothing where `known` is False."""
    known: NDArray[np.bool_]
    """bool [N]."""
    lengths: NDArray[np.float32]
    """float32 [N]; of the vectors, never 0."""

    @classmethod
    def of(cls, embedded: Embedded) -> Space:
        """Measure the vectors."""
        lengths = np.linalg.norm(embedded.vectors, axis=1)
        least = np.finfo(np.float32).tiny
        return cls(_keys_of(embedded.nodes), embedded.vectors, embedded.known, np.maximum(lengths, least))

    def nearest(self, rows: Rows, count: int) -> Best:
        """Return the nodes with the highest cosine similarity to some, themselves left out; none for unknown ones."""
        asked = self.vectors[rows] / self.lengths[rows][:, None]
        cosines = np.asarray(asked @ self.vectors.T, dtype=np.float32)
        cosines /= self.lengths
        cosines[:, ~self.known] = -np.inf
        cosines[~self.known[rows]] = -np.inf
        cosines[np.arange(len(rows)), rows] = -np.inf
        targets, values = top_k(cosines, min(count, max(1, len(self.nodes))))
        return targets, np.where(targets >= 0, values.clip(-1, 1), values)


@dataclass(frozen=True)
class Served:
    """A version with everything that it needs to answer."""

    version: Version
    spaces: Mapping[str, Space]
    """By label."""
    ranking: Ranking | None
    """None for a model that is nothing but vectors."""

    def rows_of(self, label: str, keys: Sequence[object]) -> Rows:
        """Return the nodes' rows, -1 for a key of none."""
        return find_rows(self.spaces[label].nodes.keys, keys)


def serve_kept(version: Version, live: Live[Hosted]) -> Served:
    """Load a version and let it see the projection of its training; as long as that takes.

    Raises:
        DamagedError: a file is not what was written.
        FailedPreconditionError: the version does not have its projection.
    """
    kept = open_kept(version)
    if version.manifest.target is None:
        return Served(version, {each.nodes.label: Space.of(each) for each in _looked_up(version, kept, live)}, None)
    target = target_of(version.manifest)
    projection = fitting(kept, version.manifest)
    loaded = live.get(version, lambda: hosted(version))
    assert isinstance(loaded, Loaded), "a version with a target is a Model"
    scorer = loaded.scorer(projection)
    sources, targets = (projection.nodes[label] for label in (target.source_label, target.target_label))
    ends = [Embedded(targets, scorer.targets, scorer.known_targets)]
    ends.append(Embedded(sources, scorer.sources, scorer.known_sources))  # of one label, sources are what is embedded
    ranking = Ranking(target, scorer, links_of(projection, target, target.relationship_type))
    return Served(version, {each.nodes.label: Space.of(each) for each in ends}, ranking)


def _looked_up(version: Version, kept: Projection, live: Live[Hosted]) -> Iterator[Embedded]:
    model = live.get(version, lambda: hosted(version))
    assert isinstance(model, NodeEmbedding), "a version without a target is vectors"
    for label in sorted(version.manifest.graph.node_counts):
        yield Embedded(kept.nodes[label], *model.of(kept.nodes[label]))


def _keys_of(table: NodeTable) -> NodeTable:
    # Copied: a question must not wait for the disk.
    return replace(table, keys=np.array(table.keys), ids=table.ids[:0], properties={}, missing={})
