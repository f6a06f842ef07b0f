"""bridge/models/top_hits.py: the NDCG@10 that chooses epochs, by hand and as the evaluation computes it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from bridge.core.learning import Interactions
from bridge.evaluation.metrics import evaluate_ranking
from bridge.models import top_hits
from bridge.models.top_hits import TopHits


def links(pairs: list[tuple[int, int, float]], sources: int, targets: int) -> Interactions:
    one, other, values = zip(*pairs, strict=True)
    return Interactions(
        np.array(one, np.int32), np.array(other, np.int32), np.array(values, np.float64), sources, targets
    )


def test_it_is_what_hand_and_paper_give() -> None:
    """Source 0 has hits at ranks 1 and 3 of two, once its known target is out; source 1 has none; 2 has no relevant."""
    held_out = links([(0, 1, 5.0), (0, 3, 5.0), (1, 0, 5.0), (2, 0, 1.0)], 3, 14)
    known = links([(0, 0, 5.0)], 3, 14)
    scores = torch.zeros(3, 14)
    scores[0, :4] = torch.tensor([9.0, 8.0, 7.0, 6.0])  # its own known target would come first
    scores[1] = torch.arange(14.0)  # target 0 is the last of fourteen
    hits = TopHits.of(held_out, known, relevant_threshold=4.0)
    assert len(hits) == 2
    first = (1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3))
    assert hits.ndcg(lambda rows: scores[rows].clone()) == pytest.approx((first + 0.0) / 2)


@pytest.mark.parametrize("cells", [1, 1 << 23])
def test_it_agrees_with_the_evaluation(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a random board, in one piece or source by source."""
    monkeypatch.setattr(top_hits, "CHUNK_CELLS", cells)
    rng = np.random.default_rng(3)
    pairs = [(s, t, float(rng.integers(1, 6))) for s in range(20) for t in range(30) if rng.random() < 0.4]
    held = [rng.random() < 0.3 for _ in pairs]
    held_out = links([pair for pair, out in zip(pairs, held, strict=True) if out], 20, 30)
    known = links([pair for pair, out in zip(pairs, held, strict=True) if not out], 20, 30)
    scores = torch.from_numpy(rng.random((20, 30)).astype(np.float32))

    class Given:
        def block(self, sources: np.ndarray) -> np.ndarray:
            return scores[torch.from_numpy(sources.astype(np.int64))].numpy()

    def score(rows: Tensor) -> Tensor:
        return scores[rows].clone()

    wanted = evaluate_ranking(Given(), held_out, known, relevant_threshold=4.0).ndcg  # type: ignore[arg-type]
    assert TopHits.of(held_out, known, 4.0).ndcg(score) == pytest.approx(wanted)
