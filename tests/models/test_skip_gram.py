"""The skip-gram minimises its objective over the pairs of the walks, without one thread touching another's rows."""

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from gensim.models import Word2Vec
from numpy.typing import NDArray

from bridge.core.errors import FailedPreconditionError
from bridge.core.progress import silent
from bridge.models import skip_gram_kernels as kernels
from bridge.models.skip_gram import Blocks, SkipGram, SkipGramSettings, check, meetings
from bridge.models.walks import Bias, Walker
from tests.models.camps import planted

SETTINGS = SkipGramSettings(
    dimension=16,
    window=5,
    negative_rate=5,
    negative_exponent=0.75,
    positive_factor=1.0,
    score_offset=0.0,
    initial_learning_rate=0.4,
    min_learning_rate=0.01,
    iterations=5,
    initial_bound=1 / 16,
)


class Given:
    """Walks that are there already."""

    def __init__(self, made: NDArray[np.int32]) -> None:
        self.made = made
        self.count, self.length = made.shape

    def walks(self, first: int, count: int, pool: Executor, threads: int) -> NDArray[np.int32]:
        return self.made[first : first + count]


def camp_walks() -> NDArray[np.int32]:
    graph, _ = planted()
    with ThreadPoolExecutor(1) as pool:
        return Walker(graph, Bias(), length=40, seed=1).walks(0, 880, pool, 1)


def learn(made: NDArray[np.int32], settings: SkipGramSettings, threads: int = 1) -> tuple[SkipGram, list[float]]:
    nodes = int(made.max()) + 1
    with ThreadPoolExecutor(threads) as pool:
        degrees = np.bincount(made[made >= 0], minlength=nodes)
        learner = SkipGram(Given(made), degrees, settings, seed=2, pool=pool, threads=threads)
        learner.count(silent)
        return learner, learner.train(silent)


def objective(
    made: NDArray[np.int32], settings: SkipGramSettings, u: NDArray[np.float32], v: NDArray[np.float32]
) -> float:
    """Mean of -log σ(u · v) - k · E log σ(-u · noise) over all pairs, each by how often a drawn window has it."""
    nodes, counts = len(u), np.zeros((len(u), len(u)))
    for distance in range(1, settings.window + 1):
        share = (settings.window - distance + 1) / settings.window
        for one, other in ((made[:, :-distance], made[:, distance:]), (made[:, distance:], made[:, :-distance])):
            np.add.at(counts, (one.ravel(), other.ravel()), share)
    noise = np.bincount(made.ravel(), minlength=nodes) ** settings.negative_exponent
    noise /= noise.sum()
    scores = (u @ v.T).astype(np.float64)
    positive = (counts * np.logaddexp(0, -scores)).sum()
    negative = settings.negative_rate * (counts.sum(axis=1) * (np.logaddexp(0, scores) @ noise)).sum()
    return float((positive + negative) / counts.sum())


def test_the_loss_is_no_worse_than_that_of_gensim() -> None:
    """On the same walks with the same keys (offset 0, both tables, five passes) it is at most 1.02 times gensim's.

    The loss is the expectation over windows and noise that both draw, so one function measures both.
    """
    made = camp_walks()
    learner, _ = learn(made, SETTINGS)
    rows = learner.blocks.row_of
    ours = objective(made, SETTINGS, learner.targets[rows], learner.contexts[rows])
    words = [[str(node) for node in walk] for walk in made.tolist()]
    peer = Word2Vec(
        words, sg=1, hs=0, negative=5, ns_exponent=0.75, window=5, sample=0, vector_size=16, epochs=5, min_count=1,
        workers=1, seed=1, alpha=0.025, min_alpha=0.0001,
    )  # fmt: skip
    order = [peer.wv.key_to_index[str(node)] for node in range(len(rows))]
    theirs = objective(made, SETTINGS, peer.wv.vectors[order], peer.syn1neg[order])
    untrained = objective(made, SETTINGS, np.zeros((len(rows), 1)), np.zeros((len(rows), 1)))
    assert ours <= 1.02 * theirs
    assert ours < 0.95 * untrained


def test_the_reported_loss_is_the_objective() -> None:
    """The last pass, measured while it trains, reports nearly what the final vectors cost."""
    made = camp_walks()
    learner, losses = learn(made, replace(SETTINGS, min_learning_rate=1e-3))
    rows = learner.blocks.row_of
    final = objective(made, SETTINGS, learner.targets[rows], learner.contexts[rows])
    assert losses[-1] == pytest.approx(final, rel=0.02)


def test_the_loss_falls() -> None:
    """Each pass over the pairs costs less than the first."""
    _, losses = learn(camp_walks(), SETTINGS)
    assert max(losses[1:]) < losses[0]


def test_equal_bytes_at_any_concurrency() -> None:
    """Both tables are the same with 1, 2 and 4 threads."""
    made = camp_walks()
    one, *others = (learn(made, SETTINGS, threads)[0] for threads in (1, 2, 4))
    for other in others:
        np.testing.assert_array_equal(other.targets, one.targets)
        np.testing.assert_array_equal(other.contexts, one.contexts)


@pytest.mark.parametrize("blocks", [1, 4, 8])
def test_no_block_meets_twice_in_a_round(blocks: int) -> None:
    """Tasks of a round write to different rows; all rounds together are all pairs of blocks."""
    rounds = list(meetings(blocks))
    for tasks in rounds:
        assert len({i for i, _ in tasks}) == len({j for _, j in tasks}) == blocks
    assert len({task for tasks in rounds for task in tasks}) == blocks**2


def test_blocks_are_contiguous_and_balanced() -> None:
    """Rows of a block lie together, and each block has its share of the degrees."""
    degrees = np.random.default_rng(0).zipf(2.5, 1000)
    blocks = Blocks.of(degrees)
    by_row = np.empty(1000, np.int64)
    by_row[blocks.row_of] = degrees
    sums = [by_row[begin:end].sum() for begin, end in zip(blocks.ends[:-1], blocks.ends[1:], strict=True)]
    assert max(sums) - min(sums) <= degrees.max()
    np.testing.assert_array_equal(np.repeat(np.arange(4), np.diff(blocks.ends)), blocks.block_of)


@pytest.mark.parametrize(("place", "near"), [(7, [5, 6, 8, 9]), (0, [1, 2]), (10, [11, 12]), (9, [7, 8])])
def test_no_pair_crosses_the_window_or_the_walk(place: int, near: list[int]) -> None:
    """With reach 2, only the two places on either side within the same walk of ten learn from a target."""
    rows = np.arange(20, dtype=np.int32)
    rng = np.random.default_rng(0)
    targets, contexts = (rng.random((20, 16), dtype=np.float32) for _ in range(2))
    before = contexts.copy()
    nothing = np.zeros(20, np.float32)
    _, pairs = kernels.train_targets(
        np.array([place], np.int32), rows, np.full(20, 2, np.int32), 10, np.int64(0), np.int64(20), 1.0,
        nothing, np.zeros(20, np.int32), 0, 1, 1, 0.0, 0.1, np.uint64(1), kernels.softplus_table(),
        targets, contexts, np.zeros(20, np.float32), np.zeros(20, np.float32),
    )  # fmt: skip
    assert np.flatnonzero((contexts != before).any(axis=1)).tolist() == near
    assert pairs == len(near)


def test_windows_are_uniform_up_to_the_greatest() -> None:
    """Each visit looks 1 to `window` far, all equally often; a place left out has no row."""
    walks = np.zeros((200, 100), np.int32)
    rows, reach = np.empty_like(walks), np.zeros_like(walks)
    kernels.windows(walks, np.array([7], np.int32), np.full(8, 0.25), 5, np.uint64(3), 0, rows, reach)
    kept = rows == 7
    assert abs(kept.mean() - 0.25) < 0.02
    assert (rows[~kept] == -1).all()
    shares = np.bincount(reach[kept], minlength=6)[1:] / kept.sum()
    np.testing.assert_allclose(shares, 0.2, atol=0.03)


def test_a_pass_over_no_pairs_is_refused() -> None:
    """The message names the iteration and the key that did it."""
    with pytest.raises(FailedPreconditionError, match=r"(?s)No pair.*iteration 3.*positiveSamplingFactor"):
        check(np.ones((3, 4), np.float32), np.ones((3, 4), np.float32), np.ones(3, bool), [1.0, 1.0, np.nan], 3)


def test_an_embedding_that_is_no_longer_finite_is_refused() -> None:
    """One element is enough."""
    targets = np.random.default_rng(0).random((5, 4), dtype=np.float32)
    targets[3, 2] = np.inf
    with pytest.raises(FailedPreconditionError, match="no longer finite after iteration 2"):
        check(targets, np.ones((5, 4), np.float32), np.ones(5, bool), [1.0, 1.0], 2)


def test_a_collapsed_embedding_is_refused() -> None:
    """Vectors of different lengths that all point the same way say nothing."""
    targets = np.arange(1, 6, dtype=np.float32)[:, None] * np.ones((5, 4), np.float32)
    with pytest.raises(FailedPreconditionError, match="collapsed in iteration 1"):
        check(targets, np.zeros((5, 4), np.float32), np.ones(5, bool), [1.0], 1)
