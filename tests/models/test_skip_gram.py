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
from bridge.models import skip_gram_tiles as tiles
from bridge.models.skip_gram import SkipGram, SkipGramSettings
from bridge.models.skip_gram_check import check
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
        learner = SkipGram(Given(made), nodes, settings, seed=2, pool=pool, threads=threads)
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
    ours = objective(made, SETTINGS, learner.targets, learner.contexts)
    words = [[str(node) for node in walk] for walk in made.tolist()]
    peer = Word2Vec(
        words, sg=1, hs=0, negative=5, ns_exponent=0.75, window=5, sample=0, vector_size=16, epochs=5, min_count=1,
        workers=1, seed=1, alpha=0.025, min_alpha=0.0001,
    )  # fmt: skip
    order = [peer.wv.key_to_index[str(node)] for node in range(len(learner.targets))]
    theirs = objective(made, SETTINGS, peer.wv.vectors[order], peer.syn1neg[order])
    untrained = objective(made, SETTINGS, *np.zeros((2, len(learner.targets), 1), np.float32))
    assert ours <= 1.02 * theirs
    assert ours < 0.95 * untrained


def test_the_reported_loss_is_the_objective() -> None:
    """The last pass, measured while it trains, reports nearly what the final vectors cost."""
    made = camp_walks()
    learner, losses = learn(made, replace(SETTINGS, min_learning_rate=1e-3))
    final = objective(made, SETTINGS, learner.targets, learner.contexts)
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


def tiled(spots: list[int], window: int, most: int) -> list[list[int]]:
    bounds = np.empty((len(spots), 4), np.int64)
    return bounds[: tiles.tiles(np.array(spots, np.int64), window, most, bounds)].tolist()


def test_tiles_are_whole_walks_where_these_fit() -> None:
    """Walks of three in tiles of at most seven: two, then the third; each place is in one tile."""
    spots = [0, 1, 2, 5, 6, 7, 10, 11, 12]
    assert tiled(spots, 2, 7) == [[0, 6, 0, 6], [6, 9, 6, 9]]


def test_tiles_of_a_long_walk_know_their_neighbours() -> None:
    """A walk of ten in tiles of four, with window two: each reaches two places into the tiles beside it."""
    assert tiled(list(range(10)), 2, 4) == [[0, 4, 0, 6], [4, 8, 2, 10], [8, 10, 6, 10]]


@pytest.mark.parametrize(("place", "near"), [(7, [5, 6, 8, 9]), (0, [1, 2]), (10, [11, 12]), (9, [7, 8])])
def test_no_pair_crosses_the_window_or_the_walk(place: int, near: list[int]) -> None:
    """With reach 2, only the two places on either side within the same walk of ten have a slope for a target."""
    walks, keep = np.arange(20, dtype=np.int32).reshape(2, 10), np.ones(20)
    nodes, reach, spots = np.empty(20, np.int32), np.empty(20, np.int32), np.empty(20, np.int64)
    assert tiles.places(walks, keep, 2, np.uint64(0), 0, nodes, spots, reach) == 20
    reach[:] = 2
    slopes = np.zeros((20, 21), np.float32)
    _, pairs = kernels._slopes(
        np.array([0, 20, 0, 20]), spots, reach, 5, np.float32(0), slopes, np.empty(21, np.float32)
    )
    assert np.flatnonzero(slopes[place, 1:]).tolist() == near
    assert pairs == np.count_nonzero(slopes[:, 1:])


def test_slopes_are_the_derivative_of_the_loss() -> None:
    """Minus the change of the loss with each score, to a thousandth."""
    bound, spots, reach = np.array([0, 3, 0, 3]), np.arange(3), np.ones(3, np.int32)
    scores = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)

    def cost(at: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
        slopes = at.copy()
        loss, _ = kernels._slopes(bound, spots, reach, 5, np.float32(0.5), slopes, np.empty(5, np.float32))
        return loss, slopes

    _, slopes = cost(scores)
    for cell in np.ndindex(scores.shape):
        more, less = scores.copy(), scores.copy()
        more[cell], less[cell] = more[cell] + 0.05, less[cell] - 0.05
        assert (cost(less)[0] - cost(more)[0]) / 0.1 == pytest.approx(slopes[cell], abs=2e-3)


def test_softplus_is_as_exact_as_float32() -> None:
    """It and its derivative are within 5e-7 of the library's, for scores of any size."""
    scores = np.concatenate([np.linspace(-100, 100, 2001), [1e30, -1e30]]).astype(np.float32)
    for score in scores:
        sigma = np.array([score])
        cost = kernels.softplus(sigma, np.float32(1), np.float32(0), np.float32(1), np.empty(1, np.float32))
        assert cost == pytest.approx(np.logaddexp(0, float(score)), rel=1e-6, abs=5e-7)
        assert sigma[0] == pytest.approx(1 / (1 + np.exp(-float(np.clip(score, -500, 500)))), abs=5e-7)


def test_steps_of_a_row_are_added_up_whoever_owns_it() -> None:
    """Rows that occur often move once, by their sum; the places of their first are free again."""
    keys = np.array([3, 0, 3, 2, 0, 3], np.int32)
    steps = np.random.default_rng(0).random((6, 16), dtype=np.float32)
    tables = []
    for owned in ([(0, 4)], [(2, 4), (0, 2)]):
        table = kernels.Tables(np.zeros((4, 16), np.float32), np.zeros(4, np.float32), np.full(4, -1, np.int32))
        for rows in owned:
            kernels.descend(keys, steps.copy(), rows, 0.1, table)
        assert (table.firsts == -1).all()
        tables.append(table.vectors)
    np.testing.assert_array_equal(tables[0], tables[1])
    whole = steps[0] + steps[2] + steps[5]
    np.testing.assert_allclose(tables[0][3], 0.1 * whole / np.sqrt(np.mean(whole**2)), rtol=1e-5)
    assert not tables[0][1].any()


def test_a_round_ends_at_enough_places_or_rows_and_has_a_group() -> None:
    """Groups of 3, 3, 1, 9 and 2 places with ten rows a place: at most 6 places and 40 rows a round."""
    ends, offsets = np.array([3, 6, 7, 16, 18]), 10 * np.array([0, 3, 6, 7, 16, 18])
    firsts = np.empty(6, np.int64)
    by_places = firsts[: tiles.rounds(ends, offsets, 6, 10_000, firsts) + 1].tolist()
    assert by_places == [0, 2, 3, 4, 5]
    assert firsts[: tiles.rounds(ends, offsets, 6, 40, firsts) + 1].tolist() == [0, 1, 3, 4, 5]
    assert tiles.rounds(ends[:0], offsets[:1], 6, 40, firsts) == 0


def test_windows_are_uniform_up_to_the_greatest() -> None:
    """Each visit looks 1 to `window` far, all equally often; a share of them is left out."""
    walks = np.zeros((200, 100), np.int32)
    nodes, reach, spots = np.empty(20_000, np.int32), np.empty(20_000, np.int32), np.empty(20_000, np.int64)
    count = tiles.places(walks, np.array([0.25]), 5, np.uint64(3), 0, nodes, spots, reach)
    assert abs(count / 20_000 - 0.25) < 0.02
    shares = np.bincount(reach[:count], minlength=6)[1:] / count
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
