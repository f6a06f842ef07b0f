"""Equal data make equal arrays, whatever way they came."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.columns import INVISIBLE, MISSING, PRESENT, Column, RawProjection, Table, object_column
from bridge.core.errors import FailedPreconditionError
from bridge.core.projection import Projection
from bridge.projection.columns import canonical
from tests.projection.graphs import nodes, raw, relationships

KEYS = {"int": st.integers(-(2**40), 2**40), "str": st.text(st.characters(exclude_characters="\0"), max_size=6)}
WEIGHTS = st.sampled_from([0.0, -0.0, 0.1, 0.5, -3.0, 1e300, float("nan"), 1.5])


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the content of a graph: keys by label, scores of nodes, links between (label, index) ends."""
    keys = {}
    for label in ("A", "B"):
        keys[label] = draw(st.lists(KEYS[draw(st.sampled_from(["int", "str"]))], unique=True, max_size=6))
    ends = [(label, index) for label in keys for index in range(len(keys[label]))]
    end = st.sampled_from(ends) if ends else st.nothing()
    links = draw(st.lists(st.tuples(end, end, WEIGHTS, WEIGHTS), max_size=25)) if ends else []
    scores = {e: draw(st.integers(-5, 2**33) | st.none()) for e in ends}
    return {"keys": keys, "links": links, "scores": scores}


def arrived(graph: dict[str, Any], rng: np.random.Generator) -> RawProjection:
    """Bring a graph's content in some order, with some internal ids and some number types."""
    ends = list(graph["scores"])
    internal = dict(zip(ends, rng.permutation(len(ends) + 3).tolist(), strict=False))
    tables, keys = [], {}
    for label, labelled in graph["keys"].items():
        order = sorted(range(len(labelled)), key=lambda index: internal[label, index])
        scores = [graph["scores"][label, index] for index in order]
        present = np.array([MISSING if score is None else PRESENT for score in scores], dtype=np.uint8)
        garbage = np.array([rng.integers(9) if score is None else score for score in scores], dtype=np.int64)
        tables.append(nodes(label, [internal[label, index] for index in order], score=Column(garbage, present)))
        keys[label] = object_column([labelled[index] for index in order])
    links = [graph["links"][index] for index in rng.permutation(len(graph["links"]))]
    table = relationships(
        "LINK",
        [(internal[source], internal[target]) for source, target, _, _ in links],
        weight=[link[2] for link in links],
        other=[link[3] for link in links],
    )
    if rng.random() < 0.5:
        ids = {name: Column(table.columns[name].values.astype(np.int32)) for name in ("source", "target")}
        table = Table("LINK", {**table.columns, **ids})
    return raw(tables, [table], keys)


def assert_equal(one: Projection, other: Projection) -> None:
    assert one.fingerprint == other.fingerprint
    assert list(one.nodes) == list(other.nodes)
    assert list(one.relationships) == list(other.relationships)
    for table, twin in zip(one.nodes.values(), other.nodes.values(), strict=True):
        assert table.keys.tolist() == twin.keys.tolist()
        for name in table.properties:
            assert table.properties[name].dtype == twin.properties[name].dtype
            np.testing.assert_array_equal(table.properties[name], twin.properties[name])
    for link, linked in zip(one.relationships.values(), other.relationships.values(), strict=True):
        np.testing.assert_array_equal(link.edge_index, linked.edge_index)
        for name in link.properties:
            assert link.properties[name].tobytes() == linked.properties[name].tobytes()


@settings(max_examples=150, deadline=None)
@given(graphs(), st.integers(0, 2**32), st.integers(0, 2**32))
def test_order_ids_and_number_types_of_arrival_do_not_matter(graph: dict[str, Any], one: int, other: int) -> None:
    """Whatever GDS's internal ids, batches and order were, arrays and fingerprint are the same."""
    assert_equal(
        canonical(arrived(graph, np.random.default_rng(one))), canonical(arrived(graph, np.random.default_rng(other)))
    )


@settings(max_examples=150, deadline=None)
@given(graphs(), st.integers(0, 2**32))
def test_every_relationship_and_value_is_kept(graph: dict[str, Any], seed: int) -> None:
    """Read back by key, the projection is the multiset of what came, sorted by source and target row."""
    projection = canonical(arrived(graph, np.random.default_rng(seed)))
    found = []
    for (source, _, target), table in projection.relationships.items():
        rows, columns = table.edge_index
        assert (np.diff(rows.astype(np.int64) * 100 + columns) >= 0).all()
        ends = projection.nodes[source].keys[rows].tolist(), projection.nodes[target].keys[columns].tolist()
        values = table.properties["weight"].tolist(), table.properties["other"].tolist()
        found += [
            str(((source, s), (target, t), w, o)) for s, t, w, o in zip(*ends, *values, strict=True)
        ]  # as text, where NaN equals NaN
    named = {(label, i): (label, key) for label, keys in graph["keys"].items() for i, key in enumerate(keys)}
    assert sorted(found) == sorted(str((named[s], named[t], w, o)) for s, t, w, o in graph["links"])
    for label, keys in graph["keys"].items():
        table = projection.nodes[label]
        assert table.keys.tolist() == sorted(keys)
        scores = dict(zip(keys, (graph["scores"][label, index] for index in range(len(keys))), strict=True))
        assert table.properties["score"].tolist() == [scores[key] or 0 for key in table.keys.tolist()]
        absent = table.missing.get("score", np.zeros(len(keys), dtype=bool))
        assert absent.tolist() == [scores[key] is None for key in table.keys.tolist()]


def test_the_input_is_left_as_it_was() -> None:
    """Sorting parallel relationships writes into no array of the caller's."""
    table = relationships("LINK", [(0, 1), (0, 1), (1, 0)], weight=[2.5, 1.5, 0.1])
    before = {name: column.values.copy() for name, column in table.columns.items()}
    projection = canonical(raw([nodes("A", [0, 1])], [table]))
    assert projection.relationships["A", "LINK", "A"].properties["weight"].tolist() == [1.5, 2.5, 0.1]
    for name, values in before.items():
        np.testing.assert_array_equal(table.columns[name].values, values)


def test_another_value_makes_another_fingerprint() -> None:
    """Content decides: a weight, a key, a direction, a type's name, being undirected, a missing value."""
    base = raw([nodes("A", [0, 1], x=Column(np.array([0, 1])))], [relationships("LINK", [(0, 1)], weight=[1.0])])
    columns = base.nodes["A"].columns
    present = np.array([MISSING, PRESENT], dtype=np.uint8)
    others = [
        replace(base, relationships={"LINK": relationships("LINK", [(0, 1)], weight=[2.0])}),
        replace(base, relationships={"LINK": relationships("LINK", [(1, 0)], weight=[1.0])}),
        replace(base, relationships={"LIKE": relationships("LIKE", [(0, 1)], weight=[1.0])}),
        replace(base, undirected=frozenset({"LINK"})),
        replace(base, nodes={"A": Table("A", {**columns, "nodeId": Column(np.array([1000, 1002]))})}),
        replace(base, nodes={"A": Table("A", {**columns, "x": Column(np.array([0, 1]), present)})}),
        replace(base, keys={"A": object_column(["1000", "1001"])}, key_properties={"A": "id"}),
    ]
    fingerprints = {canonical(other).fingerprint for other in [base, *others]}
    assert len(fingerprints) == 8


def test_a_node_the_transaction_does_not_see_is_not_there() -> None:
    """An invisible node leaves with its relationships, and changes nothing else."""
    present = np.array([PRESENT, INVISIBLE, PRESENT], dtype=np.uint8)
    keys = Column(np.array([7, 0, 5]), present)
    links = relationships("LINK", [(0, 1), (1, 2), (2, 0)], weight=[1, 2, 3])
    projection = canonical(raw([nodes("A", [0, 1, 2])], [links], {"A": keys}))
    assert projection.nodes["A"].keys.tolist() == [5, 7]
    assert projection.nodes["A"].ids.tolist() == [2, 0]
    table = projection.relationships["A", "LINK", "A"]
    assert table.edge_index.tolist() == [[0], [1]]
    assert table.properties["weight"].tolist() == [3]


def test_relationships_are_split_by_labels_and_foreign_ends_left_out() -> None:
    """One type between several labels makes several tables; ends of unrequested labels, also above all ids, none."""
    links = relationships("LINK", [(0, 2), (2, 3), (3, 0), (0, 9), (1, 1)], weight=[1, 2, 3, 4, 5])
    projection = canonical(raw([nodes("B", [2, 3]), nodes("A", [0, 1])], [links]))
    found = {edge: table.edge_index.T.tolist() for edge, table in projection.relationships.items()}
    assert found == {
        ("A", "LINK", "A"): [[1, 1]],
        ("A", "LINK", "B"): [[0, 0]],
        ("B", "LINK", "A"): [[1, 0]],
        ("B", "LINK", "B"): [[0, 1]],
    }


def test_an_undirected_type_keeps_both_directions() -> None:
    """What GDS delivers twice stays twice, and the table says so."""
    base = raw([nodes("A", [0, 1])], [relationships("LINK", [(1, 0), (0, 1)])])
    table = canonical(replace(base, undirected=frozenset({"LINK"}))).relationships["A", "LINK", "A"]
    assert table.undirected
    assert table.edge_index.T.tolist() == [[0, 1], [1, 0]]


def test_empty_labels_and_types_are_no_error() -> None:
    """A label without nodes is an empty table; a type without relationships is no table."""
    projection = canonical(raw([nodes("A", []), nodes("B", [0])], [relationships("LINK", [])], {"A": []}))
    assert (len(projection.nodes["A"]), len(projection.nodes["B"]), projection.relationships) == (0, 1, {})
    assert canonical(raw([], [])).node_count == 0


def test_a_node_with_two_labels_is_refused() -> None:
    """The error counts such nodes and names one by its key."""
    with pytest.raises(
        FailedPreconditionError, match=r"^2 nodes have two .* id 1001 is both `A` and `B`.*`nodeLabels`"
    ):
        canonical(raw([nodes("A", [0, 1, 2]), nodes("B", [1, 2, 3])], []))
