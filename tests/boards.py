"""Small graphs whose right answers are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bridge.core.learning import Problem
from bridge.core.projection import NodeTable, Projection, RelationshipTable, Target

TARGET = Target("Reader", "RATED", "Book", "stars")
SHELF = ("Book", "ON", "Shelf")
LIKED = 3.0


@dataclass(frozen=True)
class Board:
    """Two camps of unequal size, shuffled; each source's own camp but one target is known, and some of the other."""

    projection: Projection
    withheld: NDArray[np.int64]
    """int64 [sources]; the one target of its own camp that a source has no training relationship to."""
    train: NDArray[np.bool_]
    """bool [E]; all relationships but the withheld ones, which have the highest value too."""

    def problem(self, **changes: object) -> Problem:
        """Learn from everything but the withheld relationships."""
        problem = Problem(
            projection=self.projection,
            target=TARGET,
            fit_on=self.train,
            validate_on=np.zeros_like(self.train),
            message_types=frozenset({SHELF}),
            features={"Book": ("size",)},
            liked_threshold=LIKED,
            relevant_threshold=LIKED,
        )
        return replace(problem, **changes)  # type: ignore[arg-type]


def two_camps(seed: int = 0) -> Board:
    """Make 30 readers and 48 books: camps of 18 readers and 20 books, and of 12 readers and 28 books."""
    rng = np.random.default_rng(seed)
    reader_camp, book_camp = rng.permutation(np.arange(30) >= 18), rng.permutation(np.arange(48) >= 20)
    own = reader_camp[:, None] == book_camp
    withheld = np.array([rng.choice(np.flatnonzero(row)) for row in own])
    known = own | (rng.random(own.shape) < 0.3)
    sources, targets = np.nonzero(known)
    stars = np.where(own[sources, targets], rng.choice([4.5, 5.0], len(sources)), rng.choice([1.0, 1.5], len(sources)))
    projection = Projection(
        nodes={
            "Reader": nodes("Reader", np.sort(rng.choice(1000, 30, replace=False))),
            "Book": nodes("Book", np.sort(rng.choice(1000, 48, replace=False)), {"size": rng.random((48, 3))}),
            "Shelf": nodes("Shelf", np.arange(5)),
        },
        relationships={
            TARGET.edge_type: links(sources, targets, stars=stars),
            SHELF: links(np.arange(48), rng.integers(0, 5, 48)),
        },
        fingerprint="board",
    )
    return Board(projection, withheld, targets != withheld[sources])


def nodes(
    label: str, keys: NDArray[np.generic], properties: Mapping[str, NDArray[np.generic]] | None = None
) -> NodeTable:
    """Make a node table; keys must ascend."""
    return NodeTable(label, "id", keys, np.arange(len(keys)), properties or {})


def links(
    sources: NDArray[np.integer],
    targets: NDArray[np.integer],
    *,
    undirected: bool = False,
    **columns: NDArray[np.floating],
) -> RelationshipTable:
    """Make a relationship table in canonical order."""
    order = np.lexsort((targets, sources))
    edge_index = np.stack([sources[order], targets[order]]).astype(np.int32)
    return RelationshipTable(edge_index, {name: values[order] for name, values in columns.items()}, undirected)


def with_values(projection: Projection, values: NDArray[np.floating]) -> Projection:
    """Give the target relationships other values."""
    table = replace(projection.relationships[TARGET.edge_type], properties={"stars": values})
    return replace(projection, relationships={**projection.relationships, TARGET.edge_type: table})


def with_nodes(projection: Projection, label: str, keys: NDArray[np.generic]) -> Projection:
    """Replace a label's nodes: those kept keep their relationships and features, new ones have zeros for features."""
    table = projection.nodes[label]
    place = {key: row for row, key in enumerate(keys.tolist())}
    moved = np.array([place.get(key, -1) for key in table.keys.tolist()])
    properties = {}
    for name, old in table.properties.items():
        properties[name] = np.zeros((len(keys), *old.shape[1:]))
        properties[name][moved[moved >= 0]] = old[moved >= 0]
    relationships = {}
    for edge_type, old_table in projection.relationships.items():
        rows = [
            moved[ends] if name == label else ends
            for name, ends in zip(edge_type[::2], old_table.edge_index, strict=True)
        ]
        kept = (rows[0] >= 0) & (rows[1] >= 0)
        columns = {name: values[kept] for name, values in old_table.properties.items()}
        relationships[edge_type] = links(rows[0][kept], rows[1][kept], undirected=old_table.undirected, **columns)
    return replace(
        projection, nodes={**projection.nodes, label: nodes(label, keys, properties)}, relationships=relationships
    )
