"""The training process's side of the gate for embeddings: candidate and champion on the same held-out links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.actions import loading
from bridge.actions.champion import EVALUATED, answer_of, seen_by
from bridge.actions.node2vec_fit import PUBLISH, Node2VecPlan, Work, load_embedding
from bridge.core.progress import Progress, part
from bridge.evaluation.gate import METRICS, Comparison, compare
from bridge.evaluation.link_scorers import Cosine, neighbourhood
from bridge.evaluation.links import LinkBoard
from bridge.jobs.worker import Reporter
from bridge.models.node_embedding import NodeEmbedding
from bridge.projection.link_splits import are_among
from bridge.registry.version import open_version


def compare_embeddings(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Measure the evaluated vectors of a candidate and of the champion on the links that are held out for both.

    `spec` has the candidate's Node2VecPlan and the champion's folder. A node that the champion has no vector for is one
    that it finds last, as it would when asked.

    Returns:
        As `champion.answer_of`.

    Raises:
        DamagedError: the champion is not what was written.
        FailedPreconditionError: it does not say what was held out.
    """
    progress = reporter.at(PUBLISH)
    progress(0.0, "comparing with the serving version")
    work = Work(Node2VecPlan.model_validate(spec["plan"]))
    champion = open_version(Path(spec["champion"]))
    seen = seen_by(champion)
    embeddings = load_embedding(Path(work.plan.folder), EVALUATED), loading.load_embedding(champion, EVALUATED)
    return answer_of(_comparison(work, embeddings, seen, progress))


def _comparison(
    work: Work, embeddings: tuple[NodeEmbedding, NodeEmbedding], seen: NDArray[np.uint64], progress: Progress
) -> Comparison | None:
    """Compare on the test links that the champion did not learn; None where there are none."""
    held_out = work.split().held_out
    units = ~are_among(work.projection, work.view, held_out, seen)
    if not units.any():
        return None
    seed = work.plan.split_seed
    both = held_out[0][units], held_out[1][units]
    # Of the whole graph: a link that only the champion has learned is no wrong answer.
    board = LinkBoard.of(neighbourhood(work.view.graph), both, seed=seed)
    ours, theirs = (
        (1 / board.ranks(_scorer(work, embedding), part(progress, place / 2, (place + 1) / 2))).mean(axis=0)
        for place, embedding in enumerate(embeddings)
    )
    return compare(ours, theirs, METRICS["links"].statistic, seed=seed)


def _scorer(work: Work, embedding: NodeEmbedding) -> Cosine:
    tables = [work.projection.nodes[label] for label in work.view.labels]
    vectors, embedded = zip(*map(embedding.of, tables), strict=True)
    return Cosine(np.concatenate(vectors), np.concatenate(embedded))
