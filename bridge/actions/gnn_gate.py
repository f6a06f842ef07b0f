"""The training process's side of the gate for graph neural networks: candidate and champion on the same units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.actions.champion import EVALUATED, answer_of, seen_by
from bridge.actions.gnn_board import Board
from bridge.actions.gnn_fit import PUBLISH, load_model
from bridge.actions.hosted import fitting
from bridge.actions.loading import load
from bridge.actions.plan import Plan
from bridge.core.errors import FailedPreconditionError
from bridge.core.learning import Scorer
from bridge.core.projection import TEST, Projection
from bridge.evaluation.gate import METRICS, Comparison, compare
from bridge.evaluation.metrics import RatingMetrics
from bridge.jobs.worker import Reporter
from bridge.registry.manifest import Manifest
from bridge.registry.version import Version, open_version


def compare_models(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Measure the evaluated weights of a candidate and of the champion on what is held out for both.

    Both look at the same messages: those that the candidate was tested with. `spec` has the candidate's Plan and the
    champion's folder.

    Returns:
        As `champion.answer_of`.

    Raises:
        DamagedError: the champion is not what was written.
        FailedPreconditionError: the champion cannot answer for this projection, and why.
    """
    plan = Plan.model_validate(spec["plan"])
    progress = reporter.at(PUBLISH)
    progress(0.0, "comparing with the serving version")
    board = Board(plan)
    champion = open_version(Path(spec["champion"]))
    seen = seen_by(champion, plan.target.relationship_type)
    theirs = _champion_scorer(board, champion)
    candidate = load_model(Path(plan.staging), EVALUATED, plan.architecture)
    ours = candidate.scorer(board.projection, board.messages(TEST))
    progress(0.5, "comparing with the serving version")
    return answer_of(_comparison(board, ours, theirs, seen))


def _comparison(board: Board, ours: Scorer, theirs: Scorer, seen: NDArray[np.uint64]) -> Comparison | None:
    """Compare on the test relationships that the champion did not learn; None where there are none."""
    test = board.membership == TEST
    units = test & ~np.isin(board.hashes(), seen)
    # What the champion has learned is no wrong answer in its lists.
    no_candidates = board.messages(TEST) | (test & ~units)
    try:
        measured = [board.measure_on(each, units, no_candidates) for each in (ours, theirs)]
    except FailedPreconditionError:  # nothing to measure
        return None
    ours_by_unit, theirs_by_unit = (
        each.squared_errors if isinstance(each, RatingMetrics) else each.ndcg_by_source for each in measured
    )
    return compare(ours_by_unit, theirs_by_unit, METRICS[board.plan.objective].statistic, seed=board.plan.split_seed)


def _champion_scorer(board: Board, champion: Version) -> Scorer:
    manifest = champion.manifest
    _check_reads(manifest, board.snapshot)
    projection = fitting(board.snapshot, manifest)
    return load(champion, EVALUATED).scorer(projection, board.messages(TEST))


def _check_reads(manifest: Manifest, projection: Projection) -> None:
    """Refuse a champion that would have to do without what it was trained on, for no fault of its own."""
    lacking = [f"the label `{label}`" for label in manifest.graph.node_counts if label not in projection.nodes]
    kinds = {kind for _, kind, _ in projection.relationships}
    lacking += [
        f"the relationship type `{kind}`"
        for kind, count in manifest.graph.relationship_counts.items()
        if count and kind not in kinds
    ]
    lacking += [
        f"the property `{feature.property}` of `{feature.label}`"
        for feature in manifest.features
        if feature.label in projection.nodes
        and feature.property not in projection.nodes[feature.label].properties
    ]
    if lacking:
        raise FailedPreconditionError(
            f"It was trained on {', '.join(lacking)}, which the new version does not read.", reason="NOT_COMPARABLE"
        )
