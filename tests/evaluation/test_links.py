"""bridge/evaluation/links.py: ranks and areas as counted by hand, and by brute force."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.errors import FailedPreconditionError
from bridge.core.homogeneous import HomogeneousGraph, homogeneous_from_edges
from bridge.core.learning import Interactions
from bridge.evaluation import links
from bridge.evaluation.link_scorers import Cosine, DegreeProduct, SharedNeighbours, neighbourhood
from bridge.evaluation.links import LinkBoard, LinkMetrics, area_under_curve, evaluate_links, link_baselines
from bridge.projection.cooccurrence import cooccurrence

NOWHERE = (0.0, 0.0)


def undirected(node_count: int, *pairs: tuple[int, int]) -> HomogeneousGraph:
    one, other = ends(*pairs)
    both = (np.concatenate([one, other]), np.concatenate([other, one]))
    return homogeneous_from_edges(*both, None, node_count, undirected=True)


def ends(*pairs: tuple[int, int]) -> links.Links:
    array = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def angles(*degrees: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Vectors of different lengths that point to these directions."""
    turns = np.radians(degrees)
    lengths = np.arange(1, len(turns) + 1)
    return (np.column_stack([np.cos(turns), np.sin(turns)]) * lengths[:, None]).astype(np.float32)


def measured(vectors: Any, train: HomogeneousGraph, held_out: links.Links, *, absent: tuple[int, ...] = ()) -> Any:
    embedded = np.ones(len(vectors), dtype=bool)
    embedded[list(absent)] = False
    return evaluate_links(np.asarray(vectors, dtype=np.float32), embedded, train, held_out, seed=1)


def test_both_ends_ask_and_their_neighbours_are_no_candidates() -> None:
    """Held out is 0–3, at 30° from one another; 0 has a neighbour nearer to it, 3 has a stranger nearer to it."""
    train = undirected(5, (0, 1), (1, 4))
    vectors = angles(0, 10, 200, 30, 50)
    result = measured(vectors, train, ends((0, 3)))
    # 0 asks: 1 is a neighbour; 3 is nearer than 2 and 4: rank 1. 3 asks: 4 (20°) and 1 (20°) are nearer: rank 3.
    assert result.mrr == pytest.approx((1 + 1 / 3) / 2)
    assert result.hits_at_10 == 1.0
    assert (result.relationships, result.measured) == (1, 1)


def test_other_held_out_neighbours_are_no_candidates_either() -> None:
    """Of two right answers none is wrong for the other."""
    vectors = angles(0, 1, 3, 180)
    result = measured(vectors, undirected(4, (1, 3)), ends((0, 1), (0, 2)))
    # 0 asks for 1 and for 2, each against 3 alone; 1 asks for 0 against 2; 2 asks for 0 against 1 and 3.
    assert result.mrr == pytest.approx((1 + 1 + 1 + 1 / 2) / 4)


def test_ties_count_their_average_rank() -> None:
    """A constant embedding knows nothing: area .5, ranks in the middle."""
    train = undirected(6, (0, 1))
    result = measured(np.full((6, 3), 0.7), train, ends((2, 3), (4, 5)))
    assert (result.auc, result.tail_auc) == (0.5, 0.5)
    assert result.mrr == pytest.approx(1 / 3), "five candidates, all equal: rank 3"


def test_a_node_without_a_vector_comes_last_whoever_asks() -> None:
    """A lonely end can not be found, nor find; a candidate without a vector is behind one that has one."""
    train = undirected(5, (1, 2))
    vectors = angles(0, 10, 200, 5, 5)
    result = measured(vectors, train, ends((0, 3)), absent=(3,))
    assert result.mrr == pytest.approx(1 / 4), "four candidates"
    assert result.auc in (0.0, 0.5), "behind a pair that has vectors, tied with one that has not"
    result = measured(vectors, train, ends((0, 2)), absent=(3, 4))
    assert result.mrr == pytest.approx((1 / 2 + 1) / 2), "0 finds 1 nearer; 2's neighbour 1 is none, 3 and 4 are last"


def test_the_tail_is_what_has_a_lower_degree_than_the_median() -> None:
    """A scorer that finds links among hubs alone has a good area and a poor one on the tail."""
    hubs = [(a, b) for a in range(6) for b in range(a)]
    held_out = ends((0, 1), (2, 3), (4, 5), (6, 7))
    kept = [pair for pair in hubs if tuple(reversed(pair)) not in {(0, 1), (2, 3), (4, 5)}]
    train = undirected(20, *kept, (6, 8), (7, 9))
    result = link_baselines(train, held_out, seed=3)["commonNeighbors"]
    board = LinkBoard.of(neighbourhood(train), held_out, seed=3)
    assert board.tail.tolist() == [False, False, False, True]
    assert result.tail_auc < 0.6 < result.auc


def test_baselines_are_what_their_definitions_say() -> None:
    """0 and 1 share 2 (degree 3) and 3 (degree 2); 4 hangs on 2."""
    graph = undirected(6, (0, 2), (0, 3), (1, 2), (1, 3), (2, 4))
    near = neighbourhood(graph)
    pair = ends((0, 1), (0, 4), (3, 5))
    adamic = 1 / math.log(3)
    for scorer, expected in (
        (SharedNeighbours.common_neighbours(near), [2, 1, 0]),
        (SharedNeighbours.adamic_adar(near), [adamic + 1 / math.log(2), adamic, 0]),
        (DegreeProduct(near), [4, 2, 0]),
    ):
        assert scorer.pairs(*pair) == pytest.approx(expected)
        assert scorer.block(np.array([0, 3]))[[0, 0, 1], [1, 4, 5]] == pytest.approx(expected)


def test_directions_weights_and_loops_do_not_count_for_neighbours() -> None:
    """A directed graph is asked about links in either direction."""
    sources, targets = ends((0, 1), (1, 0), (2, 1), (2, 2))
    weights = np.array([5.0, 1.0, 2.0, 9.0])
    near = neighbourhood(homogeneous_from_edges(sources, targets, weights, 3, undirected=False))
    assert near.toarray().tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]


def test_many_pairs_are_scored_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pieces end where their neighbours are too many, and one is never empty."""
    graph = board_of(seed=8)[0]
    scorer = SharedNeighbours.common_neighbours(neighbourhood(graph))
    sources, targets = np.divmod(np.arange(graph.node_count**2), graph.node_count)
    whole = scorer.pairs(sources, targets)
    monkeypatch.setattr("bridge.evaluation.link_scorers._PAIR_ELEMENTS", 7)
    assert np.array_equal(scorer.pairs(sources, targets), whole)
    assert np.array_equal(whole.reshape(graph.node_count, -1), scorer.block(np.arange(graph.node_count)))


def board_of(seed: int, nodes: int = 14) -> tuple[HomogeneousGraph, links.Links, Any, Any]:
    rng = np.random.default_rng(seed)
    pairs = np.array([(a, b) for a in range(nodes) for b in range(a) if rng.random() < 0.3], dtype=np.int32)
    held = rng.random(len(pairs)) < 0.4
    held[0] = True
    vectors = rng.integers(-2, 3, (nodes, 2)).astype(np.float32)  # many ties
    embedded = rng.random(nodes) < 0.8
    train = undirected(nodes, *map(tuple, pairs[~held].tolist()))
    return train, ends(*map(tuple, pairs[held].tolist())), vectors, embedded


@given(st.integers(0, 10_000))
def test_ranks_are_those_of_brute_force(seed: int) -> None:
    """Node by node, candidate by candidate, whatever the size of the blocks."""
    train, held_out, vectors, embedded = board_of(seed)
    scorer = Cosine(vectors, embedded)
    board = LinkBoard.of(neighbourhood(train), held_out, seed=0)
    expected = brute_force_ranks(scorer.block(np.arange(14)), train, held_out)
    sources, targets = board.positives
    wanted = [[expected[one, other] for one, other in zip(*ends, strict=True)]
              for ends in ((sources.tolist(), targets.tolist()), (targets.tolist(), sources.tolist()))]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        assert board.ranks(scorer).tolist() == wanted
        patch.setattr(links, "_BLOCK_ELEMENTS", 30)
        assert board.ranks(scorer).tolist() == wanted


def brute_force_ranks(
    scores: Any, train: HomogeneousGraph, held_out: links.Links
) -> dict[tuple[int, int], float]:
    held = {pair for a, b in zip(*held_out, strict=True) for pair in ((int(a), int(b)), (int(b), int(a)))}
    near: set[tuple[int, int]] = set(held)
    for node in range(train.node_count):
        near |= {(node, int(other)) for other in train.indices[train.indptr[node] : train.indptr[node + 1]]}
    ranks = {}
    for asking, wanted in held:
        others = [n for n in range(train.node_count) if n not in (asking, wanted) and (asking, n) not in near]
        own = scores[asking, wanted]
        better = sum(scores[asking, n] > own for n in others)
        equal = sum(scores[asking, n] == own for n in others)
        ranks[asking, wanted] = 1 + len(others) if own == -np.inf else 1 + better + equal / 2
    return ranks


@given(st.lists(st.integers(0, 4), min_size=1), st.lists(st.integers(0, 4), min_size=1))
def test_the_area_is_the_share_of_pairs_in_order(positive: list[int], negative: list[int]) -> None:
    """A tie is half a pair in order."""
    expected = np.mean([(p > n) + (p == n) / 2 for p in positive for n in negative])
    area = area_under_curve(np.array(positive, np.float32), np.array(negative, np.float32))
    assert area == pytest.approx(expected)


@pytest.mark.parametrize("density", [0.2, 0.9])
def test_negatives_are_pairs_without_a_link_of_all_kinds(density: float) -> None:
    """As many as positives, no node with itself, the same with the same seed, every free pair in its turn.

    The last two nodes have no relationship: everything tells them from the ends of a link, so they are in no pair.
    """
    nodes = 12
    rng = np.random.default_rng(4)
    pairs = [(a, b) for a in range(nodes) for b in range(a) if rng.random() < density]
    pairs += [(a, a - 1) for a in range(1, nodes) if (a, a - 1) not in pairs]
    train, held_out = undirected(nodes + 2, *pairs[3:]), ends(*pairs[:3])
    seen: set[tuple[int, int]] = set()
    for seed in range(400):
        one, other = LinkBoard.of(neighbourhood(train), held_out, seed=seed).negatives
        assert len(one) == 3
        seen |= {(max(a, b), min(a, b)) for a, b in zip(one.tolist(), other.tolist(), strict=True)}
    free = {(a, b) for a in range(nodes) for b in range(a)} - set(pairs)
    assert seen == free
    again = [LinkBoard.of(neighbourhood(train), held_out, seed=9).negatives for _ in range(2)]
    assert np.array_equal(again[0], again[1])


def test_of_very_many_links_a_seeded_sample_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures say of how many they are, and baselines are asked about the same ones."""
    monkeypatch.setattr(links, "_MOST_MEASURED", 5)
    train, held_out, vectors, embedded = board_of(seed=2, nodes=30)
    result = evaluate_links(vectors, embedded, train, held_out, seed=1)
    assert (result.relationships, result.measured) == (len(held_out[0]), 5)
    baselines = link_baselines(train, held_out, seed=1)
    assert {each.measured for each in baselines.values()} == {5}
    assert evaluate_links(vectors, embedded, train, held_out, seed=1) == result
    assert evaluate_links(vectors, embedded, train, held_out, seed=2) != result


def test_users_read_the_figures_by_their_names() -> None:
    """As they stand in modelInfo."""
    result = LinkMetrics(0.9, 0.3, 0.4, 0.8, 100, 50)
    assert result.as_map() == {
        "auc": 0.9, "mrr": 0.3, "hitsAt10": 0.4, "tailAuc": 0.8, "heldOut": 100, "measured": 50,
    }  # fmt: skip


def test_what_can_not_be_measured_is_refused() -> None:
    """Nothing held out; no pair without a link."""
    with pytest.raises(FailedPreconditionError, match="No relationship is held out"):
        link_baselines(undirected(3, (0, 1)), ends(), seed=0)
    with pytest.raises(FailedPreconditionError, match="All pairs of the 3 nodes are linked"):
        link_baselines(undirected(3, (0, 1), (1, 2)), ends((0, 2)), seed=0)


def movie_graph() -> tuple[links.Links, int]:
    """Movies that the same users gave five stars, as the published tutorial makes it."""
    path = Path(__file__).parents[2] / "data" / "movielens" / "ratings.csv"
    user, movie, rating = np.loadtxt(path, delimiter=",", skiprows=1, usecols=(0, 1, 2), unpack=True)
    ends_of = [np.unique(each, return_inverse=True)[1].astype(np.int32) for each in (user, movie)]
    ratings = Interactions(*ends_of, rating, int(ends_of[0].max()) + 1, int(ends_of[1].max()) + 1)
    found = cooccurrence(ratings, liked_threshold=5.0, min_weight=10.0)
    nodes, rows = np.unique(np.concatenate([found.sources, found.targets]), return_inverse=True)
    one, other = np.split(rows.astype(np.int32), 2)
    return (one, other), len(nodes)


def test_baselines_of_the_movie_graph_are_what_others_measured() -> None:
    """A tenth of its 40,043 links held out three times: figures of an earlier program, within the noise of splits."""
    (one, other), count = movie_graph()
    sums: Counter[tuple[str, str]] = Counter()
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(one))
        held, kept = np.split(order, [len(one) // 10])
        both = (np.concatenate([one[kept], other[kept]]), np.concatenate([other[kept], one[kept]]))
        train = homogeneous_from_edges(*both, None, count, undirected=True)
        for name, metrics in link_baselines(train, (one[held], other[held]), seed=5).items():
            sums.update({(name, "auc"): metrics.auc / 3, (name, "mrr"): metrics.mrr / 3})
    assert sums["commonNeighbors", "auc"] == pytest.approx(0.954, abs=0.006)
    assert sums["adamicAdar", "auc"] == pytest.approx(0.961, abs=0.006)
    assert sums["degreeProduct", "auc"] == pytest.approx(0.916, abs=0.006)
    assert sums["commonNeighbors", "mrr"] == pytest.approx(0.232, abs=0.01)
    assert sums["adamicAdar", "mrr"] == pytest.approx(0.258, abs=0.01)
    assert sums["degreeProduct", "mrr"] == pytest.approx(0.119, abs=0.01)


def test_progress_is_told_to_the_end() -> None:
    """Of each baseline its share."""
    train, held_out, _, _ = board_of(seed=3)
    told: list[tuple[float, str]] = []
    link_baselines(train, held_out, seed=0, progress=lambda fraction, detail="", **_: told.append((fraction, detail)))
    assert [round(fraction, 6) for fraction, _ in told] == [0.333333, 0.666667, 1.0]
    assert told[0][1].startswith("commonNeighbors: ")


def test_any_integer_is_a_seed() -> None:
    """Also a negative one, as users may give it."""
    train, held_out = undirected(5, (0, 1), (1, 2), (2, 3)), ends((3, 4))
    boards = [LinkBoard.of(neighbourhood(train), held_out, seed=seed) for seed in (-1, -1)]
    assert np.array_equal(boards[0].negatives, boards[1].negatives)
