"""Held-out links of the movie graph, found by node2vec's vectors: ours beside the tutorial's program."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import networkx as nx
import numpy as np
import torch
from gensim.models import Word2Vec
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.figure import Figure, Other, main, say
from benchmarks.movie_graph import LEAST_WEIGHT, LIKED, NEGATIVES_SEED, MovieGraph, Ratings, movie_graph, ratings
from benchmarks.reference import node2vec_tutorial as tutorial
from bridge.core.progress import silent
from bridge.evaluation.links import LinkMetrics, evaluate_links, link_baselines
from bridge.models.node2vec import KEPT_WALK_BYTES, Node2Vec, Node2VecHyperparameters, warm_up
from bridge.models.skip_gram import SkipGram, SkipGramSettings
from bridge.models.walks import Bias, KeptWalks, Walker

TITLE = "held-out links of the movie graph"

SPLITS = (0, 1, 2)
THREADS = 2
FIFTY = Node2VecHyperparameters(embedding_dimension=50)
DEFAULTS = Node2VecHyperparameters()
TUTORIAL = Node2VecHyperparameters(
    walk_length=tutorial.STEPS,
    walks_per_node=tutorial.WALKS,
    window_size=tutorial.WINDOW,
    negative_sampling_rate=tutorial.NEGATIVES,
    embedding_dimension=tutorial.DIMENSION,
    iterations=tutorial.EPOCHS,
)
"""The tutorial's keys but its learning rate, which is Adam's: AdaGrad's steps have another scale."""


class Run(NamedTuple):
    """What one program took and found."""

    graph_and_walks: float
    """Seconds."""
    seconds: float
    """All of it."""
    metrics: LinkMetrics


def measure() -> Iterator[Figure]:
    """Compile, then measure our defaults, our 50 dimensions, and the tutorial's setting by both programs."""
    say(f"compiled or loaded in {warm_up():.1f} s")
    rated = ratings()
    movies = movie_graph(rated)
    yield from _figures("10 × 80 walks, 50 dimensions", _means(movies, FIFTY), {"tail": 0.88, "auc": 0.955})
    yield from _figures("GDS's walks, window and dimensions", _means(movies, DEFAULTS), {})
    baselines = link_baselines(movies.graph(movies.split(0)[0]), _held_out(movies, 0), seed=NEGATIVES_SEED)
    for name, metrics in baselines.items():
        yield Figure(f"MRR of {name}, first split", metrics.mrr, "", "higher")
    yield _equal_bytes(movies)
    yield _beside_gensim(movies)
    yield from _beside_the_tutorial(rated)


def _equal_bytes(movies: MovieGraph) -> Figure:
    """Count the numbers that differ when one thread learns instead of two."""
    graph = movies.graph(movies.split(0)[0])
    one, two = (Node2Vec.fit(graph, TUTORIAL, seed=0, threads=threads).vectors for threads in (1, 2))
    different = int(np.count_nonzero(one.view(np.uint32) != two.view(np.uint32)))
    return Figure("numbers that differ with one thread instead of two", different, "", "lower", bar=0)


def _beside_gensim(movies: MovieGraph) -> Figure:
    """Compare the objective without an offset, on the same walks, keys and passes."""
    keys = TUTORIAL.model_copy(update={"score_offset": 0.0, "positive_sampling_factor": 1.0, "min_learning_rate": 1e-3})
    graph = movies.graph(movies.split(0)[0])
    settings = keys.skip_gram()
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(THREADS) as pool:
        walker = Walker(graph, Bias(), length=keys.walk_length, seed=0)
        kept = KeptWalks(walker, keys.walks_per_node, KEPT_WALK_BYTES)
        learner = SkipGram(kept, graph.node_count, settings, seed=0, pool=pool, threads=THREADS)
        learner.count(silent)
        learner.train(silent)
        walks = kept.walks(0, kept.count, pool, THREADS)
    words = [[str(node) for node in walk if node >= 0] for walk in walks.tolist()]
    peer = Word2Vec(
        words, sg=1, hs=0, negative=settings.negative_rate, ns_exponent=settings.negative_exponent,
        window=settings.window, sample=0, vector_size=settings.dimension, epochs=settings.iterations, min_count=1,
        workers=1, seed=1, alpha=0.025, min_alpha=0.0001,
    )  # fmt: skip
    visited = np.flatnonzero(learner.counts)
    order = [peer.wv.key_to_index[str(node)] for node in visited]
    theirs = np.zeros((2, graph.node_count, settings.dimension), np.float32)
    theirs[0, visited], theirs[1, visited] = peer.wv.vectors[order], peer.syn1neg[order]
    ours = mean_loss(walks, settings, learner.targets, learner.contexts)
    other = Other("gensim", mean_loss(walks, settings, *theirs))
    return Figure("loss of a pair without offset", ours, "", "lower", against=other, bar=1 / 1.02)


def mean_loss(
    walks: NDArray[np.int32], settings: SkipGramSettings, u: NDArray[np.float32], v: NDArray[np.float32]
) -> float:
    """Return what a pair costs on average, windows and noise in expectation; the arrays are [N, d]."""
    pairs = np.zeros((len(u), len(u)))
    for distance in range(1, min(settings.window + 1, walks.shape[1])):
        one, other = walks[:, :-distance].ravel(), walks[:, distance:].ravel()
        there = (one >= 0) & (other >= 0)
        share = (settings.window - distance + 1) / settings.window
        for ends in ((one[there], other[there]), (other[there], one[there])):
            np.add.at(pairs, ends, share)
    noise = np.bincount(walks[walks >= 0], minlength=len(u)) ** settings.negative_exponent
    scores = (u @ v.T).astype(np.float64)
    negative = np.logaddexp(0, scores) @ (noise / noise.sum())
    total = (pairs * np.logaddexp(0, -scores)).sum() + settings.negative_rate * (pairs.sum(axis=1) * negative).sum()
    return float(total / pairs.sum())


def _means(movies: MovieGraph, keys: Node2VecHyperparameters) -> dict[str, float]:
    rows = []
    for seed in SPLITS:
        graph = movies.graph(movies.split(seed)[0])
        began = time.perf_counter()
        fit = Node2Vec.fit(graph, keys, seed=seed, threads=THREADS)
        seconds = time.perf_counter() - began
        found = evaluate_links(fit.vectors, fit.embedded, graph, _held_out(movies, seed), seed=NEGATIVES_SEED)
        rows.append({"auc": found.auc, "mrr": found.mrr, "tail": found.tail_auc, "seconds": seconds})
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _held_out(movies: MovieGraph, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return movies.ends(movies.split(seed)[1])


def _figures(name: str, means: dict[str, float], bars: dict[str, float]) -> Iterator[Figure]:
    yield Figure(f"AUC, {name}", means["auc"], "", "higher", bar=bars.get("auc"))
    yield Figure(f"MRR, {name}", means["mrr"], "", "higher", bar=0.27)
    yield Figure(f"tail AUC, {name}", means["tail"], "", "higher", bar=bars.get("tail"))
    yield Figure(f"walks and skip-gram, {name}", means["seconds"], "s", "lower", bar=10.0)


def _beside_the_tutorial(rated: Ratings) -> Iterator[Figure]:
    ours, theirs = _ours(rated), _theirs(rated)
    name = "the tutorial's setting"
    program = "networkx, loops, torch"
    yield Figure(
        f"graph and walks, {name}",
        ours.graph_and_walks,
        "s",
        "lower",
        against=Other(program, theirs.graph_and_walks),
        bar=20.0,
    )
    yield Figure(f"all of it, {name}", ours.seconds, "s", "lower", against=Other(program, theirs.seconds), bar=5.0)
    yield Figure(
        f"MRR, {name}", ours.metrics.mrr, "", "higher", against=Other(program, theirs.metrics.mrr), bar=1.0
    )


def _ours(rated: Ratings) -> Run:
    began = time.perf_counter()
    movies = movie_graph(rated)
    built = time.perf_counter() - began
    graph = movies.graph(movies.split(0)[0])
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        walker = Walker(graph, Bias(), length=TUTORIAL.walk_length, seed=0)
        walker.walks(0, len(walker.starts) * TUTORIAL.walks_per_node, pool, THREADS)
    walked = time.perf_counter() - began
    began = time.perf_counter()
    fit = Node2Vec.fit(graph, TUTORIAL, seed=0, threads=THREADS)
    learned = time.perf_counter() - began
    found = evaluate_links(fit.vectors, fit.embedded, graph, _held_out(movies, 0), seed=NEGATIVES_SEED)
    return Run(built + walked, built + learned, found)


def _theirs(rated: Ratings) -> Run:
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    began = time.perf_counter()
    built = tutorial.build_graph(rated, LIKED, LEAST_WEIGHT)
    seconds = time.perf_counter() - began
    movies = movie_graph(rated)
    kept = _without_held_out(built, movies)
    began = time.perf_counter()
    walks = tutorial.random_walks(kept, p=1.0, q=1.0)
    walked = seconds + time.perf_counter() - began
    say(f"the tutorial's graph and walks took {walked:.1f} s")
    index = {node: place for place, node in enumerate(kept.nodes())}
    vectors, losses = tutorial.train(tutorial.examples(walks, len(index)), len(index))
    seconds += time.perf_counter() - began
    say(f"all of it {seconds:.1f} s, losses {losses[0]:.4f} to {losses[-1]:.4f}")
    rows = np.array([index.get(int(movie), -1) for movie in movies.movie_ids])
    embedded = rows >= 0
    graph = movies.graph(movies.split(0)[0])
    return Run(
        walked, seconds, evaluate_links(vectors[rows], embedded, graph, _held_out(movies, 0), seed=NEGATIVES_SEED)
    )


def _without_held_out(graph: nx.Graph, movies: MovieGraph) -> nx.Graph:
    kept = graph.copy()
    ends = (movies.movie_ids[each].tolist() for each in _held_out(movies, 0))
    kept.remove_edges_from(zip(*ends, strict=True))
    kept.remove_nodes_from([node for node, degree in dict(kept.degree).items() if not degree])
    return kept


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
