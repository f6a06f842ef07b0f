"""Ranking baselines find the withheld target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bridge.core.learning import Interactions
from bridge.evaluation import ranking_baselines
from bridge.evaluation.baselines import BASELINES
from bridge.evaluation.metrics import evaluate_ranking, matrix
from bridge.evaluation.ranking_baselines import Ease, ItemKnn, Popularity
from tests.evaluation.boards import two_camps

TRAIN, WITHHELD = two_camps()
LIKED = TRAIN.where(TRAIN.values >= 4)


@pytest.mark.parametrize("baseline", [ItemKnn, Ease])
def test_the_withheld_target_is_first(baseline: type[ItemKnn | Ease]) -> None:
    """On an unequal, shuffled board of two camps, whichever camp is larger."""
    for seed in range(5):
        train, withheld = two_camps(seed)
        scorer = baseline.fit(train.where(train.values >= 4))
        assert evaluate_ranking(scorer, withheld, train, 4.0, k=1).hit_rate >= 0.9


@pytest.mark.parametrize("name", BASELINES["ranking"])
def test_a_block_has_the_scores_of_its_pairs(name: str) -> None:
    """Both ways of asking give one answer, also for sources in any order."""
    scorer = BASELINES["ranking"][name].fit(LIKED)
    sources = np.array([7, 0, 29])
    rows, columns = np.repeat(sources, TRAIN.target_count), np.tile(np.arange(TRAIN.target_count), 3)
    block = scorer.block(sources)
    assert block.dtype == np.float32
    np.testing.assert_allclose(block.ravel(), scorer.pairs(rows, columns), rtol=1e-6)


def test_popularity_counts_sources() -> None:
    """Parallel relationships of one source count once."""
    source, target = np.array([0, 0, 1, 1], dtype=np.int32), np.array([0, 0, 0, 2], dtype=np.int32)
    assert Popularity.fit(Interactions(source, target, np.ones(4), 2, 3)).block(np.array([1])).tolist() == [[2, 0, 1]]


def transposed(links: Interactions) -> Interactions:
    return replace(
        links,
        sources=links.targets,
        targets=links.sources,
        source_count=links.target_count,
        target_count=links.source_count,
    )


@pytest.mark.parametrize("links", [LIKED, transposed(LIKED)])
def test_ease_is_the_closed_form_on_either_side(links: Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Solved in the dual or not, scores are X · (I − P · diag(1 / diag P))."""
    monkeypatch.setattr(ranking_baselines, "_BLOCK_ELEMENTS", 100)
    dense = matrix(links).toarray().astype(float)
    inverse = np.linalg.inv(dense.T @ dense + Ease.RIDGE * np.eye(links.target_count))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    found = Ease.fit(links).block(np.arange(links.source_count))
    np.testing.assert_allclose(found, dense @ weights, atol=1e-5)


def test_knn_is_the_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target's score sums the shrunk cosines of those of its nearest neighbours that the source likes."""
    monkeypatch.setattr(ItemKnn, "NEIGHBOURS", 3)
    monkeypatch.setattr(ItemKnn, "SHRINKAGE", 2.0)
    rng = np.random.default_rng(1)
    dense = rng.random((20, 15)) < 0.4
    rows, columns = (axis.astype(np.int32) for axis in np.nonzero(dense))
    links = Interactions(rows, columns, np.ones(len(rows)), 20, 15)
    norm = np.sqrt(dense.sum(axis=0))
    cosine = (dense.T.astype(float) @ dense) / (np.outer(norm, norm) + 2.0)
    np.fill_diagonal(cosine, 0)
    near = np.argsort(-cosine.astype(np.float32), axis=1, kind="stable")[:, :3]
    expected = np.zeros((20, 15))
    for item in range(15):
        for other in near[item]:
            expected[:, item] += dense[:, other] * cosine[item, other]
    for elements in (1, 1 << 20):
        monkeypatch.setattr(ranking_baselines, "_BLOCK_ELEMENTS", elements)
        np.testing.assert_allclose(ItemKnn.fit(links).block(np.arange(20)), expected, rtol=1e-5)


def test_targets_that_nobody_likes_have_no_score() -> None:
    """Neither NaN nor a neighbour: 0."""
    larger = replace(LIKED, source_count=31, target_count=50)
    for baseline in (ItemKnn, Ease, Popularity):
        scores = baseline.fit(larger).block(np.arange(31))
        assert (scores[:, 48:] == 0).all()
        assert np.isfinite(scores).all()
