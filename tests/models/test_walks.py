"""Walks are node2vec's: their transitions are those of the paper, and they repeat themselves."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.core.homogeneous import HomogeneousGraph, homogeneous_from_edges
from bridge.models.walks import Bias, KeptWalks, Walker
from tests.models.camps import graph_of, planted

KITE = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (3, 4), (4, 5), (3, 5), (5, 6)]
WEIGHTS = [1.0, 2.0, 0.5, 3.0, 1.0, 4.0, 1.0, 0.25, 2.0]
ARCS = [(0, 1), (1, 0), (0, 2), (1, 2), (2, 0), (2, 3), (3, 1), (3, 0), (1, 3), (3, 4)]


def walks(
    graph: HomogeneousGraph, bias: Bias, *, length: int = 20, count: int = 20_000, seed: int = 3, threads: int = 1
) -> NDArray[np.int32]:
    with ThreadPoolExecutor(threads) as pool:
        return Walker(graph, bias, length=length, seed=seed).walks(0, count, pool, threads)


def dense(graph: HomogeneousGraph) -> NDArray[np.float64]:
    matrix = np.zeros((graph.node_count, graph.node_count))
    for v in range(graph.node_count):
        row = slice(graph.indptr[v], graph.indptr[v + 1])
        matrix[v, graph.indices[row]] = 1.0 if graph.weights is None else graph.weights[row]
    return matrix


def exact(graph: HomogeneousGraph, t: int, v: int, bias: Bias) -> NDArray[np.float64]:
    """Write section 3.2.2 of the paper down."""
    weights = dense(graph)
    mass = np.zeros(graph.node_count)
    for x in np.flatnonzero(weights[v]):
        alpha = 1 / bias.return_factor if x == t else 1.0 if weights[t, x] else 1 / bias.in_out_factor
        mass[x] = alpha * weights[v, x]
    return mass / mass.sum()


def assert_transitions(graph: HomogeneousGraph, made: NDArray[np.int32], bias: Bias) -> None:
    """Compare all observed (t, v) → x with the exact probabilities, by the chi-square statistic."""
    triples = np.stack([made[:, :-2], made[:, 1:-1], made[:, 2:]], axis=-1).reshape(-1, 3)
    triples = triples[(triples >= 0).all(axis=1)]
    statistic, freedom = 0.0, 0
    for t, v in np.unique(triples[:, :2], axis=0):
        seen = np.bincount(triples[(triples[:, :2] == (t, v)).all(axis=1), 2], minlength=graph.node_count)
        expected = exact(graph, t, v, bias) * seen.sum()
        assert not seen[expected == 0].any()
        likely = expected >= 5
        statistic += float(((seen - expected)[likely] ** 2 / expected[likely]).sum())
        freedom += max(0, int(likely.sum()) - 1)
    assert freedom > 10
    assert statistic < freedom + 4 * np.sqrt(2 * freedom)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(
    ("p", "q"), [(1, 1), (0.5, 2), (4, 0.25), (0.25, 0.5), (2, 4), (1e-3, 1.0), (1e3, 1e3), (1e3, 1e-3)]
)
def test_transitions_are_those_of_the_paper(p: float, q: float, weights: list[float] | None) -> None:
    """On an undirected graph, sampled frequencies agree with π(v, x) = α(t, x) · w(v, x)."""
    graph, bias = graph_of(KITE, weights, nodes=7), Bias(p, q)
    assert_transitions(graph, walks(graph, bias), bias)


@pytest.mark.parametrize(("p", "q"), [(1, 1), (0.5, 2), (4, 0.25), (0.01, 0.01)])
def test_transitions_follow_directions(p: float, q: float) -> None:
    """On a directed graph as well, where the distance from t to x is 1 only along a relationship from t to x."""
    weights = [1.0, 2.0, 3.0, 0.5, 1.0, 2.0, 1.0, 4.0, 0.3, 0.2]
    graph, bias = graph_of(ARCS, weights, nodes=5, undirected=False), Bias(p, q)
    assert_transitions(graph, walks(graph, bias), bias)


@pytest.mark.parametrize(("p", "q"), [(1e-300, 1e300), (1e300, 1e-300), (1e300, 1e300), (1e-300, 1e-300)])
def test_extreme_factors_end(p: float, q: float) -> None:
    """Where hardly any proposal is accepted, the next node is found by adding up."""
    graph, _ = planted()
    made = walks(graph, Bias(p, q), count=500)
    assert (made >= 0).all()
    assert dense(graph)[made[:, :-1], made[:, 1:]].all()


def test_a_tiny_return_factor_goes_back_and_forth() -> None:
    """With p near 0 the third node of a walk is the first."""
    made = walks(graph_of(KITE, nodes=7), Bias(1e-9, 1.0), count=500)
    np.testing.assert_array_equal(made[:, 2:], made[:, :-2])


def test_the_first_step_goes_by_weight() -> None:
    """A relationship of nine times the weight is taken nine times as often; one of weight 0 never."""
    graph = graph_of([(0, 1), (0, 2), (0, 3)], [9.0, 1.0, 0.0], nodes=4)
    made = walks(graph, Bias(), length=2, count=30_000)
    second = np.bincount(made[made[:, 0] == 0, 1], minlength=4)
    assert second[3] == 0
    assert abs(second[1] / second.sum() - 0.9) < 0.01


def test_a_walk_ends_where_nothing_leads_on() -> None:
    """0 → 1 → 2: a walk of three nodes, then -1; nodes without outgoing relationships start none."""
    graph = graph_of([(0, 1), (1, 2)], nodes=4, undirected=False)
    made = walks(graph, Bias(0.5, 2), length=5, count=2)
    assert sorted(made.tolist()) == [[0, 1, 2, -1, -1], [1, 2, -1, -1, -1]]


def test_nodes_without_relationships_start_no_walk() -> None:
    """Nor is one ever visited; all others start equally often."""
    graph, _ = planted()
    made = walks(graph, Bias(), count=88 * 3)
    np.testing.assert_array_equal(np.bincount(made[:, 0], minlength=90), [3] * 88 + [0, 0])
    assert made.max() < 88


@pytest.mark.parametrize("bias", [Bias(), Bias(0.5, 2)])
def test_any_block_of_walks_is_the_same_at_any_concurrency(bias: Bias) -> None:
    """Walk w depends on seed and w alone, not on threads nor on which walks are made with it."""
    graph, _ = planted()
    whole = walks(graph, bias, count=200, threads=1)
    np.testing.assert_array_equal(walks(graph, bias, count=200, threads=4), whole)
    with ThreadPoolExecutor(2) as pool:
        walker = Walker(graph, bias, length=20, seed=3)
        np.testing.assert_array_equal(walker.walks(50, 70, pool, 2), whole[50:120])


def test_another_seed_gives_other_walks() -> None:
    """The seed decides where walks go."""
    graph, _ = planted()
    assert (walks(graph, Bias(), count=100, seed=1) != walks(graph, Bias(), count=100, seed=2)).any()


@pytest.mark.parametrize("most_bytes", [0, 1 << 20])
def test_kept_walks_and_walks_made_anew_are_the_same(most_bytes: int) -> None:
    """Whether walks fit in memory changes nothing about them, in whatever order they are asked for."""
    graph, _ = planted()
    walker = Walker(graph, Bias(), length=10, seed=0)
    kept = KeptWalks(walker, 3, most_bytes)
    with ThreadPoolExecutor(1) as pool:
        expected = walker.walks(0, kept.count, pool, 1)
        for first in (100, 0, 40, 100):
            np.testing.assert_array_equal(kept.walks(first, 60, pool, 1), expected[first : first + 60])


def test_equal_weights_are_as_no_weights() -> None:
    """The choice among equals needs no table, and gives the same walks."""
    pairs = KITE
    plain, equal = graph_of(pairs, nodes=7), graph_of(pairs, [2.5] * len(pairs), nodes=7)
    np.testing.assert_array_equal(walks(plain, Bias(), count=50), walks(equal, Bias(), count=50))


def test_parallel_relationships_weigh_together() -> None:
    """Two relationships from 0 to 1 and one to 2: two thirds go to 1."""
    graph = homogeneous_from_edges(np.array([0, 0, 0, 1, 2]), np.array([1, 1, 2, 0, 0]), None, 3, False)
    made = walks(graph, Bias(), length=2, count=30_000)
    assert abs((made[made[:, 0] == 0, 1] == 1).mean() - 2 / 3) < 0.01
