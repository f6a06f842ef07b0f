"""bridge/projection/link_splits.py: whole pairs are held out, and the same again tomorrow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bridge.core.errors import FailedPreconditionError
from bridge.core.homogeneous import HomogeneousGraph
from bridge.core.projection import Projection
from bridge.projection.columns import canonical
from bridge.projection.content import content_hashes, seen_hashes
from bridge.projection.homogeneous import HomogeneousView, homogeneous
from bridge.projection.link_splits import LinkSplit, are_among, held_out_hashes, hold_out_links
from tests.projection.graphs import nodes, raw, relationships

Pair = tuple[str, str]


def people(pairs: list[tuple[int, int]], count: int = 40, *, undirected: bool = True) -> Projection:
    """Make a projection of persons with keys p0, p1, …; a pair's weight is its product."""
    both = [*pairs, *((b, a) for a, b in pairs if a != b)] if undirected else pairs
    table = relationships("KNOWS", both, weight=[float(a * b) for a, b in both])
    keys = {"P": [f"p{place}" for place in range(count)]}
    return canonical(
        replace(raw([nodes("P", range(count))], [table], keys), undirected=frozenset({"KNOWS"} if undirected else ()))
    )


def some_pairs(count: int = 40, share: float = 0.5, seed: int = 0) -> list[tuple[int, int]]:
    rng = np.random.default_rng(seed)
    return [(a, b) for a in range(count) for b in range(a) if rng.random() < share]


def split_of(projection: Projection, *, fraction: float = 0.2, seed: int = 1) -> tuple[HomogeneousView, LinkSplit]:
    view = homogeneous(projection, weight_property="weight")
    return view, hold_out_links(projection, view, fraction=fraction, seed=seed)


def directed_links(graph: HomogeneousGraph) -> dict[tuple[int, int], float]:
    assert graph.weights is not None
    rows = np.repeat(np.arange(graph.node_count), graph.degrees).tolist()
    return dict(zip(zip(rows, graph.indices.tolist(), strict=True), graph.weights.tolist(), strict=True))


def held_out_keys(projection: Projection, split: LinkSplit) -> set[frozenset[str]]:
    keys = projection.nodes["P"].keys
    return {frozenset((str(keys[a]), str(keys[b]))) for a, b in zip(*split.held_out, strict=True)}


def test_both_directions_leave_the_graph_and_the_rest_stays_with_its_weight() -> None:
    """Nothing is lost, nothing is there twice."""
    view, split = split_of(people(some_pairs()))
    whole, train = directed_links(view.graph), directed_links(split.train)
    held = set(zip(*(ends.tolist() for ends in split.held_out), strict=True))
    assert all(a < b for a, b in held)
    assert set(whole) - set(train) == held | {(b, a) for a, b in held}
    assert all(whole[pair] == weight for pair, weight in train.items())
    assert (len(held) + split.train_count) * 2 == len(whole)
    assert split.train.undirected


def test_about_the_share_asked_for_is_held_out() -> None:
    """Within the noise of a hash; another seed holds out others."""
    projection = people(some_pairs(100), 100)
    view, split = split_of(projection)
    share = len(split.held_out[0]) / (view.graph.relationship_count / 2)
    assert share == pytest.approx(0.2, abs=0.03)
    other = held_out_keys(projection, split_of(projection, seed=2)[1])
    again = held_out_keys(projection, split_of(projection, seed=1)[1])
    assert again == held_out_keys(projection, split)
    assert len(other & again) < 0.35 * len(again), "a fifth by chance"


def test_membership_is_stable_as_data_grow() -> None:
    """New nodes and new relationships move no pair to the other side."""
    pairs = some_pairs()
    small, large = people(pairs), people(pairs + [(50, b) for b in range(30)] + [(41, 3)], 51)
    before, after = (held_out_keys(each, split_of(each)[1]) for each in (small, large))
    known = {f"p{place}" for place in range(40)}
    assert before == {pair for pair in after if pair <= known}
    assert len(after) > len(before)


def test_a_pair_of_directed_relationships_goes_as_one() -> None:
    """Or the way back would tell of the way there; the pair is held out once."""
    pairs = some_pairs()
    _, split = split_of(people([*pairs, *((b, a) for a, b in pairs), (7, 7)], undirected=False))
    train = directed_links(split.train)
    assert all((b, a) in train for a, b in train)
    assert len(split.held_out[0]) + split.train_count == len(pairs) + 1
    assert not split.train.undirected


def test_loops_stay() -> None:
    """A node is nobody's neighbour by itself."""
    _, split = split_of(people([(a, a) for a in range(40)] + [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]), fraction=0.6)
    assert not np.any(split.held_out[0] == split.held_out[1])
    assert sum(a == b for a, b in directed_links(split.train)) == 40


def test_labels_with_equal_keys_are_told_apart() -> None:
    """(A 1)–(B 2) and (A 2)–(B 1) have sides of their own."""
    links = [(a, 30 + b) for a in range(30) for b in range(30)]
    tables = [nodes("A", range(30)), nodes("B", range(30, 60))]
    given = raw(tables, [relationships("T", links, weight=[1.0] * len(links))], {x: list(range(30)) for x in "AB"})
    _, split = split_of(canonical(given), fraction=0.5)
    held = {(a, b - 30) for a, b in zip(*(ends.tolist() for ends in split.held_out), strict=True)}
    mirrored = sum((b, a) in held for a, b in held if a != b) / sum(a != b for a, b in held)
    assert mirrored == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("fraction", "text"), [(1e-9, "holds 0 of 3 linked pairs out"), (1 - 1e-9, "holds 3 of 3")])
def test_a_split_with_nothing_on_one_side_is_refused(fraction: float, text: str) -> None:
    """The error says how many there were."""
    with pytest.raises(FailedPreconditionError, match=text):
        split_of(people([(0, 1), (1, 2), (2, 3)]), fraction=fraction)


def test_links_that_a_training_learned_from_are_told_from_those_it_did_not() -> None:
    """In a graph that has grown since, whichever way round: what was held out then was not, nor is what is new."""
    before = people(some_pairs(share=0.4))
    view, split = split_of(before)
    seen = seen_hashes(content_hashes(before), held_out_hashes(before, view, split.held_out))
    after = people(some_pairs(share=0.7))  # the same draws with a higher share: the old pairs and more
    later, _ = split_of(after)
    learned = {pair for pair in directed_links(split.train) if pair[0] < pair[1]}
    pairs = sorted(pair for pair in directed_links(later.graph) if pair[0] < pair[1])
    ends = tuple(np.array(column, dtype=np.int32) for column in zip(*pairs, strict=True))
    assert 0 < len(learned) < len(pairs)
    for one, other in (ends, ends[::-1]):
        found = are_among(after, later, (one, other), seen)
        assert found.tolist() == [pair in learned for pair in pairs]
