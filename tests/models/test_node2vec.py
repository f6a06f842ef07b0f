"""node2vec finds camps, repeats itself, and every key does something."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.core.errors import CancelledError, FailedPreconditionError, InvalidArgumentError
from bridge.core.homogeneous import HomogeneousGraph, homogeneous_from_edges
from bridge.core.late import loaded
from bridge.models import barrier, node2vec, skip_gram_kernels, skip_gram_tiles, walk_kernels
from bridge.models.node2vec import Node2Vec, Node2VecFit, Node2VecHyperparameters, estimate_bytes, warm_up
from bridge.models.skip_gram_state import SkipGramStart, SkipGramState
from tests.models.camps import graph_of, planted
from tests.models.contract import GOLDEN

QUICK = {"embeddingDimension": 8, "walkLength": 20, "walksPerNode": 4, "windowSize": 5}


def fit(graph: HomogeneousGraph, *, seed: int = 0, threads: int = 1, **keys: Any) -> Node2VecFit:
    return Node2Vec.fit(graph, Node2VecHyperparameters.parse({**QUICK, **keys}), seed=seed, threads=threads)


def golden_losses() -> list[float]:
    """Train as for the recorded curve."""
    return fit(planted()[0], seed=1, iterations=6, returnFactor=0.5, inOutFactor=2.0).losses


def nearest(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = units @ units.T
    np.fill_diagonal(cosines, -np.inf)
    return cosines.argmax(axis=1)


@pytest.mark.parametrize("undirected", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_nearest_node_is_of_the_same_camp(seed: int, undirected: bool) -> None:
    """On a planted partition of unequal, shuffled camps, for nine nodes of ten."""
    graph, camp = planted(seed, undirected=undirected)
    made = fit(graph, seed=seed, walksPerNode=20, iterations=3)
    known = np.flatnonzero(made.embedded)
    assert np.mean(camp[known][nearest(made.vectors[known])] == camp[known]) >= 0.9


def test_equal_bytes_at_any_concurrency() -> None:
    """Vectors and losses are the same with 1, 2 and 4 threads."""
    graph, _ = planted()
    keys = {"returnFactor": 0.5, "inOutFactor": 2.0, "iterations": 2}
    one, *others = (fit(graph, threads=threads, **keys) for threads in (1, 2, 4))
    for other in others:
        assert other.vectors.tobytes() == one.vectors.tobytes()
        assert other.losses == one.losses


def test_equal_bytes_whether_walks_are_kept_or_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much memory there is for walks does not show in the vectors."""
    graph, _ = planted()
    kept = fit(graph, iterations=2).vectors
    monkeypatch.setattr(node2vec, "KEPT_WALK_BYTES", 0)
    assert fit(graph, iterations=2).vectors.tobytes() == kept.tobytes()


def test_another_seed_gives_other_vectors() -> None:
    """The seed decides walks, windows, noise and start."""
    graph, _ = planted()
    assert (fit(graph, seed=1).vectors != fit(graph, seed=2).vectors).any()


@pytest.mark.parametrize(
    "changed",
    [
        {"walkLength": 21},
        {"walksPerNode": 5},
        {"returnFactor": 0.5},
        {"inOutFactor": 2.0},
        {"windowSize": 6},
        {"negativeSamplingRate": 6},
        {"negativeSamplingExponent": 0.5},
        {"embeddingInitializer": "UNIFORM"},
        {"iterations": 2},
        {"initialLearningRate": 0.2},
        {"minLearningRate": 0.02},
        {"scoreOffset": 0.0},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_key_has_an_effect(changed: dict[str, Any]) -> None:
    """Vectors change with each key alone."""
    graph, _ = planted()
    assert (fit(graph, **changed).vectors != fit(graph).vectors).any()


def test_the_initializer_is_taken_in_any_case_as_gds_does() -> None:
    """And shown in capitals; a word that is none is shown as it came."""
    assert Node2VecHyperparameters.parse({"embeddingInitializer": "uniForm"}).embedding_initializer == "UNIFORM"
    with pytest.raises(InvalidArgumentError, match="must be one of 'NORMALIZED' or 'UNIFORM' but was `zero`"):
        Node2VecHyperparameters.parse({"embeddingInitializer": "zero"})


def test_the_positive_sampling_factor_thins_out_hubs() -> None:
    """On a star, whose centre has half of all visits, a smaller factor gives other vectors; above 1/2 none does."""
    star = graph_of([(0, leaf) for leaf in range(1, 40)], nodes=40)
    few, more, all_, too = (fit(star, positiveSamplingFactor=each).vectors for each in (0.03, 0.1, 0.6, 1.0))
    assert (few != more).any()
    assert (more != all_).any()
    np.testing.assert_array_equal(all_, too)


def test_a_vector_has_as_many_elements_as_asked_for() -> None:
    """`embeddingDimension` need not be a multiple of anything; none of the elements is idle."""
    made = fit(planted()[0], embeddingDimension=19)
    assert made.vectors.shape == (90, 19)
    assert made.vectors.dtype == np.float32
    assert (made.vectors[:88].std(axis=0) > 0).all()


def test_weights_matter() -> None:
    """The same relationships without their weights give other vectors."""
    graph, _ = planted()
    plain = HomogeneousGraph(graph.indptr, graph.indices, None, True)
    assert (fit(graph).vectors != fit(plain).vectors).any()


def test_nodes_without_relationships_do_not_change_how_the_others_learn() -> None:
    """A label's nodes are mostly such where a few were linked by co-occurrence: the loss is that of the linked ones."""
    graph, _ = planted()
    sources = np.repeat(np.arange(graph.node_count), np.diff(graph.indptr))
    crowded = homogeneous_from_edges(sources, graph.indices, None, 40 * graph.node_count, True)
    alone, among = (fit(each, iterations=3).losses for each in (graph, crowded))
    assert among == pytest.approx(alone, rel=0.02)


def test_a_node_without_relationships_gets_no_vector() -> None:
    """It is not `embedded`, its row is zero, and all others are."""
    made = fit(planted()[0])
    assert made.embedded.tolist() == [True] * 88 + [False] * 2
    assert not made.vectors[88:].any()
    assert made.vectors[:88].any(axis=1).all()


def test_a_node_with_incoming_relationships_alone_gets_a_vector() -> None:
    """Walks end there, so it is in pairs."""
    graph = graph_of([(0, 1), (1, 0), (1, 2), (0, 2)], nodes=4, undirected=False)
    assert fit(graph).embedded.tolist() == [True, True, True, False]


def test_two_nodes_are_enough() -> None:
    """The smallest graph trains, at the defaults."""
    made = Node2Vec.fit(graph_of([(0, 1)], nodes=2), Node2VecHyperparameters(), seed=0)
    assert made.embedded.all()
    assert np.isfinite(made.vectors).all()


@pytest.mark.parametrize("weights", [None, np.zeros(2)])
def test_a_graph_without_anything_to_walk_on_is_refused(weights: NDArray[np.float64] | None) -> None:
    """Neither no relationships nor weights of zero; the message counts them."""
    ends = np.array([0, 1] if weights is not None else [], dtype=np.int32)
    graph = homogeneous_from_edges(ends, ends[::-1], weights, 3, True)
    with pytest.raises(FailedPreconditionError, match=r"None of the [02] relationships of the 3 nodes"):
        fit(graph)


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_weights_that_are_no_weights_are_refused(weight: float) -> None:
    """The message counts them and shows one with its ends."""
    weights = np.array([1.0, weight, weight])
    with pytest.raises(InvalidArgumentError, match=rf"2 of 3 relationships.*`{weight}` from node 1 to node 2"):
        homogeneous_from_edges(np.array([0, 1, 2]), np.array([1, 2, 0]), weights, 3, False)


def test_an_embedding_that_diverges_is_refused() -> None:
    """An absurd learning rate ends in an error that names the iteration, not in vectors."""
    with pytest.raises(FailedPreconditionError, match="no longer finite after iteration 1"):
        fit(planted()[0], initialLearningRate=1e30, iterations=3)


def test_a_training_goes_on_where_another_ended() -> None:
    """Of nodes in another order too, and beside new ones; AdaGrad's sums keep the first steps from undoing it."""
    graph, _ = planted()
    keys = Node2VecHyperparameters.parse({**QUICK, "iterations": 4})
    first = Node2Vec.fit(graph, keys, seed=0, remember=True)
    assert first.state is not None
    rows = np.arange(graph.node_count)[::-1][5:].copy()
    state = SkipGramState(first.state.contexts[rows], first.state.squares[rows])
    start = SkipGramStart(rows, first.vectors[rows], state)
    losses = Node2Vec.fit(graph, keys, seed=1, initial=start).losses
    cold = Node2Vec.fit(graph, keys, seed=1).losses
    assert losses[0] < 1.01 * cold[1], "about a whole pass ahead, though some nodes are new"
    assert losses[0] < 0.95 * cold[0]
    hasty = SkipGramStart(rows, first.vectors[rows], SkipGramState(state.contexts, np.zeros_like(state.squares)))
    assert losses[0] < Node2Vec.fit(graph, keys, seed=1, initial=hasty).losses[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"walkLength": 1},
        {"walksPerNode": 0},
        {"returnFactor": 0.0},
        {"inOutFactor": -1.0},
        {"windowSize": 1},
        {"embeddingDimension": 0},
        {"negativeSamplingRate": 0},
        {"scoreOffset": float("nan")},
        {"embeddingInitializer": "ZERO"},
        {"walkBufferSize": 1000},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_values_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    """The message names the key."""
    with pytest.raises(InvalidArgumentError, match=next(iter(wrong))):
        Node2VecHyperparameters.parse(wrong)


def test_progress_rises_and_can_end_the_work() -> None:
    """Fractions never fall, losses are reported, and an error from the report ends the training."""
    seen: list[float] = []
    losses: list[float] = []

    def note(fraction: float, detail: str = "", **figures: float) -> None:
        seen.append(fraction)
        losses.extend(figures.values())

    def stop(fraction: float, detail: str = "", **figures: float) -> None:
        if fraction > 0.5:
            raise CancelledError("enough")

    keys = Node2VecHyperparameters.parse({**QUICK, "iterations": 2})
    made = Node2Vec.fit(planted()[0], keys, seed=0, progress=note)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert losses == made.losses
    with pytest.raises(CancelledError):
        Node2Vec.fit(planted()[0], keys, seed=0, progress=stop)


def test_reproduces_the_recorded_losses() -> None:
    """A change of the training shows here, even one that still finds the camps."""
    recorded = json.loads((GOLDEN / "node2vec.json").read_text())
    np.testing.assert_allclose(golden_losses(), recorded, rtol=1e-4)


def test_the_estimate_grows_with_what_is_asked_for() -> None:
    """More of anything never takes less; the least is under the most."""
    base = estimate_bytes(1000, 10_000, Node2VecHyperparameters(), 2)
    assert base[0] < base[1]
    for more in (
        estimate_bytes(2000, 10_000, Node2VecHyperparameters(), 2),
        estimate_bytes(1000, 20_000, Node2VecHyperparameters(), 2),
        estimate_bytes(1000, 10_000, Node2VecHyperparameters(embedding_dimension=256), 2),
        estimate_bytes(1000, 10_000, Node2VecHyperparameters(walks_per_node=20), 2),
    ):
        assert more[0] > base[0]
        assert more[1] > base[1]


def test_warming_up_leaves_nothing_to_compile() -> None:
    """A fit after it uses the functions that are there, whatever the graph has."""
    warm_up()
    compiled = [len(each.signatures) for each in _dispatchers()]
    fit(planted()[0])
    fit(planted(undirected=False)[0], returnFactor=0.5)
    fit(graph_of([(0, 1)], nodes=2))
    assert [len(each.signatures) for each in _dispatchers()] == compiled


def _dispatchers() -> list[Any]:
    modules = [loaded(each) for each in (walk_kernels, skip_gram_tiles, skip_gram_kernels, barrier)]
    found = [each for module in modules for each in vars(module).values() if hasattr(each, "signatures")]
    assert found, "nothing is compiled"
    return found


def test_a_large_graph_is_the_same_at_any_concurrency_too() -> None:
    """It draws other noise, in other groups: who takes and who moves what must not show there either."""
    rng = np.random.default_rng(0)
    nodes = 10_000
    one, other = (rng.integers(nodes, size=3 * nodes).astype(np.int32) for _ in range(2))
    ends = np.concatenate([one, other]), np.concatenate([other, one])
    graph = homogeneous_from_edges(*ends, None, nodes, True)
    settings = Node2VecHyperparameters(walk_length=10, walks_per_node=1, embedding_dimension=8)
    alone, together = (Node2Vec.fit(graph, settings, seed=3, threads=threads) for threads in (1, 4))
    assert alone.losses == together.losses
    np.testing.assert_array_equal(alone.vectors, together.vectors)
