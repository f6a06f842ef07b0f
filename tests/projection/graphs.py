"""Small projections as they come over the wire, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bridge.core.columns import Column, RawProjection, Table, object_column
from bridge.core.projection import Projection, Target
from bridge.projection.columns import canonical

RATED = Target("User", "RATED", "Movie", value_property="rating", time_property="time")


def nodes(label: str, ids: Sequence[int], **properties: Column) -> Table:
    columns = {"id": Column(np.array(ids, dtype=np.int64)), "nodeId": Column(np.array(ids, dtype=np.int64) + 1000)}
    return Table(label, columns | properties)


def relationships(name: str, pairs: Sequence[tuple[int, int]], **properties: Sequence[float]) -> Table:
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    columns = {"source": Column(ends[:, 0]), "target": Column(ends[:, 1])}
    return Table(name, columns | {key: Column(np.array(values, dtype=float)) for key, values in properties.items()})


def raw(tables: Sequence[Table], links: Sequence[Table], keys: Mapping[str, Any] | None = None) -> RawProjection:
    columns = {
        label: column if isinstance(column, Column) else object_column(column) for label, column in (keys or {}).items()
    }
    return RawProjection(
        {table.name: table for table in tables},
        {table.name: table for table in links},
        columns,
        {label: f"{label.lower()}Id" for label in columns},
    )


def ratings(rows: Sequence[tuple[Any, Any, float, float]], **more: Sequence[float]) -> Projection:
    """Make a projection of (user key, movie key, rating, time) and further relationship properties."""
    users, movies = (sorted({row[side] for row in rows}) for side in (0, 1))
    user_ids = {key: index for index, key in enumerate(users)}
    movie_ids = {key: len(users) + index for index, key in enumerate(movies)}
    pairs = [(user_ids[user], movie_ids[movie]) for user, movie, _, _ in rows]
    table = relationships("RATED", pairs, rating=[row[2] for row in rows], time=[row[3] for row in rows], **more)
    user_table = nodes("User", range(len(users)))
    movie_table = nodes("Movie", range(len(users), len(users) + len(movies)))
    return canonical(raw([user_table, movie_table], [table], {"User": users, "Movie": movies}))
