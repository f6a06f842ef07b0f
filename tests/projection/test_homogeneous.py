"""bridge/projection/homogeneous.py: rows, directions and weights of a graph without labels and types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bridge.core.errors import BridgeError, FailedPreconditionError, InvalidArgumentError
from bridge.core.projection import Projection
from bridge.projection.columns import canonical
from bridge.projection.homogeneous import HomogeneousView, homogeneous
from tests.projection.graphs import nodes, raw, relationships

NAN = float("nan")
Link = tuple[int, int, float]


def zoo(links: Mapping[str, Sequence[Link]], undirected: Sequence[str] = ()) -> Projection:
    """Make a projection whose ids fall as its keys rise: B nodes 7, 6, 5 with keys 0, 1, 2, then A nodes 4, 3."""
    tables = []
    for kind, rows in links.items():
        both = [*rows, *((b, a, w) for a, b, w in rows)] if kind in undirected else list(rows)
        tables.append(relationships(kind, [(a, b) for a, b, _ in both], weight=[w for _, _, w in both]))
    given = raw([nodes("A", [4, 3]), nodes("B", [7, 6, 5])], tables, {"A": [1, 0], "B": [0, 1, 2]})
    return canonical(replace(given, undirected=frozenset(undirected)))


def links(view: HomogeneousView) -> dict[tuple[int, int], float]:
    """Relationships by the internal ids of their ends."""
    graph = view.graph
    weights = np.ones(len(graph.indices)) if graph.weights is None else graph.weights
    rows = np.repeat(view.ids, graph.degrees)
    return {
        (int(a), int(b)): float(weight)
        for a, b, weight in zip(rows, view.ids[graph.indices], weights.tolist(), strict=True)
    }


def test_nodes_stand_label_by_label_in_the_order_of_their_keys() -> None:
    """Their internal ids follow them."""
    view = homogeneous(zoo({"T": [(4, 7, 2.0)]}))
    assert view.labels == ("A", "B")
    assert view.ids.tolist() == [3, 4, 7, 6, 5]
    assert dict(view.rows_of_labels()) == {"A": slice(0, 2), "B": slice(2, 5)}
    assert links(view) == {(4, 7): 1.0}


def test_directed_types_keep_their_direction_and_undirected_ones_have_both() -> None:
    """A mixture is directed, as for GDS."""
    projection = zoo({"T": [(4, 7, 2.0)], "U": [(3, 4, 3.0), (6, 3, 5.0)]}, undirected=["U"])
    mixed = homogeneous(projection, weight_property="weight")
    assert links(mixed) == {(4, 7): 2.0, (3, 4): 3.0, (4, 3): 3.0, (6, 3): 5.0, (3, 6): 5.0}
    assert not mixed.graph.undirected
    assert homogeneous(projection, relationship_types=["U"]).graph.undirected
    assert not homogeneous(projection, relationship_types=["T"]).graph.undirected


def test_only_the_chosen_labels_and_types_are_there() -> None:
    """A relationship to a label that was left out is gone."""
    projection = zoo({"T": [(4, 7, 2.0), (7, 6, 1.0)], "U": [(7, 5, 9.0)]})
    view = homogeneous(projection, node_labels=["B"], relationship_types=["T"])
    assert (view.labels, view.ids.tolist(), links(view)) == (("B",), [7, 6, 5], {(7, 6): 1.0})


def test_parallel_relationships_weigh_their_sum_or_their_number() -> None:
    """Of one type or of several."""
    projection = zoo({"T": [(4, 7, 2.0), (4, 7, 0.5)], "U": [(4, 7, 10.0)]})
    assert links(homogeneous(projection, weight_property="weight")) == {(4, 7): 12.5}
    assert links(homogeneous(projection)) == {(4, 7): 3.0}


@pytest.mark.parametrize(
    ("links", "options", "error", "message"),
    [
        ({"T": [(4, 7, NAN), (3, 6, -1.0), (3, 7, 1.0)]}, {"weight_property": "weight"}, FailedPreconditionError,
         r"for 2 of 3 relationships, for instance -1 on the `T` from the `A` with `aId` 0 to the `B` with `bId` 1\."),
        ({"T": [(4, 7, NAN)]}, {"weight_property": "weight"}, FailedPreconditionError,
         r"for 1 of 1 relationships, for instance none on the `T` from the `A` with `aId` 1 to the `B` with `bId` 0\."),
        ({"T": [(4, 7, 1e300)]}, {"weight_property": "weight"}, FailedPreconditionError, "for instance 1e[+]300"),
        ({"T": [(4, 7, 1.0)]}, {"weight_property": "wieght"}, InvalidArgumentError,
         r"`wieght` not found on the relationship types \['T'\]. Did you mean `weight`\?"),
        ({"T": [(4, 7, 1.0)]}, {"node_labels": ["B"]}, FailedPreconditionError,
         r"no relationships between nodes of the labels \['B'\]. What was read has \(A\)-\[T\]->\(B\): 1\."),
        ({"T": [(4, 7, 1.0)]}, {"relationship_types": ["U"]}, FailedPreconditionError, r"of the types \['U'\]"),
        ({}, {}, FailedPreconditionError, "has no relationships at all"),
    ],
)  # fmt: skip
def test_what_makes_no_graph_is_refused(
    links: dict[str, list[Link]], options: dict[str, Any], error: type[BridgeError], message: str
) -> None:
    """The error says how many, shows one by its keys, and what to do."""
    with pytest.raises(error, match=message):
        homogeneous(zoo(links), **options)
