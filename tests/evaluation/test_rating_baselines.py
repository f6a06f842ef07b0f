"""Rating baselines recover what is in the data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bridge.core.learning import Interactions
from bridge.evaluation import rating_baselines
from bridge.evaluation.baselines import BASELINES
from bridge.evaluation.rating_baselines import Bias, GlobalMean, ResidualItemKnn
from tests.evaluation.boards import two_camps

TRAIN, WITHHELD = two_camps()


@pytest.mark.parametrize("name", BASELINES["rating"])
def test_a_block_has_the_scores_of_its_pairs(name: str) -> None:
    """Both ways of asking give one answer, also for sources in any order."""
    scorer = BASELINES["rating"][name].fit(TRAIN)
    sources = np.array([7, 0, 29])
    rows, columns = np.repeat(sources, TRAIN.target_count), np.tile(np.arange(TRAIN.target_count), 3)
    block = scorer.block(sources)
    assert block.dtype == np.float32
    np.testing.assert_allclose(block.ravel(), scorer.pairs(rows, columns), rtol=1e-6)


def test_the_mean_is_the_mean() -> None:
    """Of the training values, for whatever pair."""
    assert GlobalMean.fit(TRAIN).pairs(np.array([0, 3]), np.array([1, 1])) == pytest.approx(TRAIN.values.mean())


def test_biases_of_an_additive_table_are_recovered() -> None:
    """Where values are mean + source + target, the prediction of an unseen pair is close to its sum."""
    rng = np.random.default_rng(0)
    source, target = rng.normal(0, 1, 200), rng.normal(0, 1, 150)
    rows, columns = (axis.ravel().astype(np.int32) for axis in np.mgrid[0:200, 0:150])
    values = 3 + source[rows] + target[columns]
    kept = rng.random(len(rows)) < 0.5
    train = Interactions(rows, columns, values, 200, 150).where(kept)
    predicted = Bias.fit(train).pairs(rows[~kept], columns[~kept])
    assert np.sqrt(((predicted - values[~kept]) ** 2).mean()) < 0.1


def test_a_node_without_ratings_has_no_bias() -> None:
    """A new source or target gets the mean, not NaN."""
    larger = replace(TRAIN, source_count=31, target_count=49)
    for baseline in (Bias, ResidualItemKnn):
        assert baseline.fit(larger).pairs(np.array([30]), np.array([48])) == pytest.approx(
            TRAIN.values.mean(), abs=1e-5
        )


def test_neighbours_know_the_camp() -> None:
    """The withheld target of the source's own camp is predicted above all it has not rated in the other."""
    knn, bias = ResidualItemKnn.fit(TRAIN), Bias.fit(TRAIN)
    errors = [np.abs(model.pairs(WITHHELD.sources, WITHHELD.targets) - WITHHELD.values).mean() for model in (bias, knn)]
    assert errors[1] < 0.6 * errors[0]


def test_the_correction_is_that_of_the_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weighted by shrunk correlation over common raters, of the nearest rated targets with a positive one."""
    monkeypatch.setattr(ResidualItemKnn, "NEIGHBOURS", 2)
    monkeypatch.setattr(ResidualItemKnn, "SHRINKAGE", 4.0)
    rng = np.random.default_rng(5)
    rated = rng.random((12, 6)) < 0.7
    rows, columns = (axis.astype(np.int32) for axis in np.nonzero(rated))
    train = Interactions(rows, columns, rng.integers(1, 6, len(rows)).astype(float), 12, 6)
    bias, knn = Bias.fit(train), ResidualItemKnn.fit(train)
    residual = np.zeros((12, 6))
    residual[rows, columns] = train.values - bias.pairs(rows, columns)
    for user in range(12):
        for item in range(6):
            weights = []
            for other in np.flatnonzero(rated[user]):
                both = rated[:, item] & rated[:, other]
                one, two = residual[both, item], residual[both, other]
                shrink = (both.sum() - 1) / max(both.sum() - 1 + 4.0, 1)
                norm = np.sqrt((one**2).sum() * (two**2).sum())
                weights.append((max(shrink * (one * two).sum() / norm, 0) if norm else 0, residual[user, other]))
            near = sorted(weights, key=lambda pair: -pair[0])[:2]
            total = sum(weight for weight, _ in near)
            expected = bias.pairs(np.array([user]), np.array([item]))[0]
            expected += sum(weight * value for weight, value in near) / total if total else 0
            assert knn.pairs(np.array([user]), np.array([item]))[0] == pytest.approx(expected, abs=1e-5)


def test_pieces_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by pieces of targets and of neighbours; the answer does not depend on them."""
    knn = ResidualItemKnn.fit(TRAIN)
    whole = knn.block(np.arange(30))
    monkeypatch.setattr(rating_baselines, "_ITEM_BLOCK_ELEMENTS", 100)
    monkeypatch.setattr(rating_baselines, "_NEIGHBOUR_ELEMENTS", 50)
    np.testing.assert_array_equal(knn.block(np.arange(30)), whole)


def test_parallel_ratings_count_as_their_mean() -> None:
    """Two ratings of one pair are one opinion."""
    source, target = np.array([0, 0, 1, 1], dtype=np.int32), np.array([0, 0, 0, 1], dtype=np.int32)
    knn = ResidualItemKnn.fit(Interactions(source, target, np.array([1.0, 3.0, 4.0, 5.0]), 2, 2))
    bias = Bias.fit(Interactions(source, target, np.array([1.0, 3.0, 4.0, 5.0]), 2, 2))
    expected = 2 - bias.pairs(np.array([0]), np.array([0]))[0]
    assert knn._residuals[0, 0] == pytest.approx(expected)
