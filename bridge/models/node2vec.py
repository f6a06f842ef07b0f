"""node2vec (Grover & Leskovec 2016): biased random walks, whose neighbourhoods a skip-gram turns into vectors."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field
from threadpoolctl import threadpool_limits

from bridge.core.config import Config, NonNegativeFloat, PositiveFloat, PositiveInt
from bridge.core.errors import FailedPreconditionError
from bridge.core.homogeneous import HomogeneousGraph, homogeneous_from_edges
from bridge.core.progress import Progress, part, silent
from bridge.models.skip_gram import PLACES_AT_ONCE, ROUND_ROWS, SkipGram, SkipGramSettings, padded
from bridge.models.skip_gram_state import SkipGramStart, SkipGramState
from bridge.models.walks import Bias, KeptWalks, Walker

KEPT_WALK_BYTES = 1 << 30
"""Walks up to this size are kept between passes; more are made anew for every pass, which takes longer."""
BYTES_PER_NODE = 90
"""Degrees, visits, starts, alias tables, learning rates and the like, for each node."""
BYTES_PER_PLACE = 24
"""What a step holds for each place of its walks."""
PROCESS_BYTES = np.array((5 << 20, 8 << 20))
"""Machine code and the like, at least and at most, once `warm_up` has run."""
FREED_BYTES = 64 << 20
"""Of what sorting took, as much may stay with the process: above it the C library always hands back what is freed."""
WEIGHT_BYTES = 20
"""A weight, its place in the alias tables, and its column of the snapshot."""
AT_LEAST_TWO = Field(ge=2)
MOST = 10_000
"""Of what a visit looks at in memory; far above what is of use."""
BUILD_BYTES = (35, 70)
"""What sorting takes for each relationship, without and with weights, before there are any vectors; measured 65."""
WALKS_SHARE = 0.1
"""Of the progress shown."""


def _in_capitals(value: Any) -> Any:
    """Take a start as GDS does, in any case; leave what is none of them for the message to show."""
    return value.upper() if isinstance(value, str) and value.lower() in ("normalized", "uniform") else value


class Node2VecHyperparameters(Config):
    """What can be set about node2vec. Names are those of `gds.node2vec`; so are defaults, unless said otherwise."""

    walk_length: Annotated[int, AT_LEAST_TWO] = 80
    """Nodes of one random walk, the first included; a walk ends early at a node without outgoing relationships."""
    walks_per_node: PositiveInt = 10
    """Random walks that start at each node."""
    return_factor: PositiveFloat = 1.0
    """p of the paper: below 1 a walk tends to go back to the node it came from, above 1 not to."""
    in_out_factor: PositiveFloat = 1.0
    """q of the paper: below 1 a walk tends away from the node it came from, above 1 it tends to stay near."""
    window_size: Annotated[int, Field(ge=2, le=MOST)] = 10
    """Most steps of a walk between the two nodes of a training pair. As in word2vec, each visit draws its own window
    from 1 to this, so that near nodes make more pairs."""
    negative_sampling_rate: Annotated[int, Field(gt=0, le=MOST)] = 5
    """Noise nodes for each training pair. The pairs of a visit share theirs."""
    negative_sampling_exponent: NonNegativeFloat = 0.75
    """Noise nodes are drawn in proportion to their visits to this power; 0 draws all visited nodes alike."""
    positive_sampling_factor: PositiveFloat = 0.01
    """Share of all visits above which the visits of a node are thinned out: of a share f, about
    sqrt(factor / f) + factor / f are trained on (word2vec's formula). Smaller thins out more; 1 keeps all. GDS has
    0.001, which here finds fewer held-out relationships. A node with no more visits than the mean always keeps them, so
    that a small graph keeps its pairs; in GDS it does not."""
    embedding_dimension: PositiveInt = 128
    """Length of the vectors."""
    embedding_initializer: Annotated[Literal["NORMALIZED", "UNIFORM"], BeforeValidator(_in_capitals)] = "NORMALIZED"
    """Where vectors start: NORMALIZED between ±1 / embeddingDimension, UNIFORM between ±1."""
    iterations: PositiveInt = 1
    """Passes over the (target, context) pairs of all walks; windows and noise are drawn anew in each."""
    initial_learning_rate: PositiveFloat = 0.6
    """Step size at the start. GDS has 0.025, of plain gradient descent; here AdaGrad divides each node's steps by the
    root of its squared gradients so far, to which a greater one belongs. In large graphs with few visits of a node, say
    one walk of 20 for each, 0.3 finds more."""
    min_learning_rate: PositiveFloat = 0.01
    """Step size at the end, approached linearly. GDS has 0.0001."""
    score_offset: Annotated[float, Field(allow_inf_nan=False)] = 4.6
    """A pair's probability is σ(u · v - scoreOffset). GDS has none, which is 0: then the directions of the vectors have
    to say that most pairs are noise, and cosine similarity finds far fewer held-out relationships."""

    def skip_gram(self) -> SkipGramSettings:
        """Return what the skip-gram needs to know."""
        return SkipGramSettings(
            dimension=self.embedding_dimension,
            window=self.window_size,
            negative_rate=self.negative_sampling_rate,
            negative_exponent=self.negative_sampling_exponent,
            positive_factor=self.positive_sampling_factor,
            score_offset=self.score_offset,
            initial_learning_rate=self.initial_learning_rate,
            min_learning_rate=self.min_learning_rate,
            iterations=self.iterations,
            initial_bound=1.0 if self.embedding_initializer == "UNIFORM" else 1.0 / self.embedding_dimension,
        )


@dataclass(frozen=True)
class Node2VecFit:
    """What came of a training."""

    model: Node2Vec
    losses: list[float]
    """Mean loss of a training pair in each iteration, measured while it trains."""
    walk_count: int
    seconds: dict[str, float]
    """Time of each phase, `walks` and `skipGram`."""
    state: SkipGramState | None = None
    """By node, what a later training can go on from; where it was to be remembered."""

    @property
    def vectors(self) -> NDArray[np.float32]:
        """float32 [N, embeddingDimension]; see `Node2Vec`."""
        return self.model.vectors

    @property
    def embedded(self) -> NDArray[np.bool_]:
        """bool [N]; see `Node2Vec`."""
        return self.model.embedded


@dataclass(frozen=True)
class Node2Vec:
    """The vectors of a graph's nodes, in the graph's order."""

    vectors: NDArray[np.float32]
    """float32 [N, embeddingDimension]; u + v, all zeros where nothing is `embedded`."""
    embedded: NDArray[np.bool_]
    """bool [N]; False for a node that no walk visited: it has no relationship, or only incoming ones never taken."""
    hyperparameters: Node2VecHyperparameters

    @classmethod
    def fit(
        cls,
        graph: HomogeneousGraph,
        hyperparameters: Node2VecHyperparameters,
        *,
        seed: int,
        threads: int = 2,
        progress: Progress = silent,
        initial: SkipGramStart | None = None,
        remember: bool = False,
    ) -> Node2VecFit:
        """Walk and learn. Equal graph, hyperparameters, seed and CPU type give equal vectors, bit for bit.

        With `initial`, its nodes go on from there. With `remember`, the fit has the state to go on from.

        Raises:
            CancelledError: from `progress`.
            FailedPreconditionError: the graph has no relationship to walk on, or the embedding went wrong.
        """
        began = time.perf_counter()
        bias = Bias(hyperparameters.return_factor, hyperparameters.in_out_factor)
        walker = Walker(graph, bias, length=hyperparameters.walk_length, seed=seed)
        if not len(walker.starts):
            raise _nothing_to_walk_on(graph)
        walks = KeptWalks(walker, hyperparameters.walks_per_node, KEPT_WALK_BYTES)
        # One thread a product: the pool's threads share the processor already.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads, "node2vec") as pool:
            settings = hyperparameters.skip_gram()
            learner = SkipGram(walks, graph.node_count, settings, seed=seed, pool=pool, threads=threads)
            if initial is not None:
                learner.resume(initial)
            learner.count(part(progress, 0, WALKS_SHARE))
            walked = time.perf_counter()
            losses = learner.train(part(progress, WALKS_SHARE, 1))
        embedded = learner.counts > 0
        vectors = learner.vectors()
        vectors[~embedded] = 0
        model = cls(vectors, embedded, hyperparameters)
        seconds = {"walks": walked - began, "skipGram": time.perf_counter() - walked}
        return Node2VecFit(model, losses, walks.count, seconds, learner.state() if remember else None)


def _nothing_to_walk_on(graph: HomogeneousGraph) -> FailedPreconditionError:
    return FailedPreconditionError(
        f"None of the {graph.relationship_count} relationships of the {graph.node_count} nodes can be walked on. "
        "node2vec needs relationships with a positive weight: choose other `nodeLabels`, `relationshipTypes` or "
        "another `relationshipWeightProperty`.",
        reason="NOTHING_TO_LEARN",
    )


def estimate_bytes(
    node_count: int, relationship_count: int, hyperparameters: Node2VecHyperparameters, threads: int
) -> tuple[int, int]:
    """Say how much memory `Node2Vec.fit` takes at most at one time, the graph included: at least, at most, in bytes.

    The least is without weights and for walks that are not kept. `relationship_count` is the number of the graph's E.
    """
    dimension, length = hyperparameters.embedding_dimension, hyperparameters.walk_length
    tables = node_count * 4 * (2 * padded(dimension) + dimension)
    graph = 8 * node_count + 4 * relationship_count
    walks = 4 * hyperparameters.walks_per_node * length  # of one node
    step = BYTES_PER_PLACE * max(PLACES_AT_ONCE, length)
    starts = (min(node_count, relationship_count), node_count)
    kept_least, kept_most = (walks * count if walks * count <= KEPT_WALK_BYTES else 0 for count in starts)
    base = tables + graph + node_count * BYTES_PER_NODE + step
    rows = min(2 * ROUND_ROWS, 8 * node_count + 2048)  # gradients of a round; of a small graph at least one group's
    kept_most += rows * 4 * (padded(dimension) + 1)
    building = relationship_count * np.array(BUILD_BYTES)
    freed = min(int(building[1]), FREED_BYTES)
    fitting = base + kept_least, base + kept_most + WEIGHT_BYTES * relationship_count + threads * (2 << 20) + freed
    least, most = (np.maximum(fitting, building) + PROCESS_BYTES).tolist()
    return least, most


def warm_up() -> float:
    """Compile what node2vec needs, or load it from disk; return the seconds that took."""
    began = time.perf_counter()
    ends = np.arange(4, dtype=np.int64)
    sources, targets = np.concatenate([ends, (ends + 1) % 4]), np.concatenate([(ends + 1) % 4, ends])
    weights = np.concatenate([ends, ends]).astype(np.float64) + 1
    graph = homogeneous_from_edges(sources, targets, weights, 4, True)
    settings = Node2VecHyperparameters(walk_length=4, walks_per_node=1, return_factor=0.5, embedding_dimension=2)
    Node2Vec.fit(graph, settings, seed=0, threads=1)
    return time.perf_counter() - began
