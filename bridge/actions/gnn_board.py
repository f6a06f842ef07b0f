"""The data of a plan as a model is fitted to them, measured on them and compared on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.actions.plan import Plan
from bridge.core.learning import Interactions, Problem, Scorer, interactions
from bridge.core.projection import TEST, TRAIN, VALIDATION, EdgeType, Projection, Target
from bridge.evaluation.metrics import RankingMetrics, RatingMetrics, evaluate_ranking, evaluate_rating
from bridge.projection.content import pair_hashes
from bridge.projection.features import check_target, complete
from bridge.projection.snapshots import open_snapshot
from bridge.projection.splits import hold_out


class Board:
    """A snapshot with its features complete and its target relationships split."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.snapshot = open_snapshot(Path(plan.snapshot))
        self.projection = complete(self.snapshot, plan.features, plan.missing)
        self.membership = hold_out(
            self.projection,
            plan.target,
            split=plan.split,
            split_property=plan.split_property,
            split_seed=plan.split_seed,
            validation_fraction=plan.validation_fraction,
            test_fraction=plan.test_fraction,
        )
        """int8 [E] of TRAIN, VALIDATION, TEST."""
        check_target(self.projection, plan.target)
        self.known = interactions(self.projection, plan.target)
        self.liked, self.relevant = self._thresholds()

    def _thresholds(self) -> tuple[float, float]:
        values = self.known.values[self.membership == TRAIN]
        liked = self.plan.liked_threshold
        if liked is None:
            liked = float(values.mean())
        relevant = self.plan.relevant_threshold
        return liked, liked if relevant is None else relevant

    def problem(self, fit_on: NDArray[np.bool_], validate_on: NDArray[np.bool_]) -> Problem:
        """Return what a model is fitted to: bool [E], bool [E]."""
        return Problem(
            projection=self.projection,
            target=replace(self.plan.target, time_property=None),  # times split; no model reads them
            fit_on=fit_on,
            validate_on=validate_on,
            features=self.plan.features,
            message_types=side_relationships(self.projection, self.plan.target),
            liked_threshold=self.liked,
            relevant_threshold=self.relevant,
        )

    def part(self, which: int) -> Interactions:
        """Return the target relationships of one part."""
        return self.known.where(self.membership == which)

    def messages(self, part_of: int) -> NDArray[np.bool_]:
        """Say which target relationships a model measured on a part may look at: bool [E].

        The protocol of rankings: what is tested knows the validation part as well.
        """
        everything_else = self.plan.objective == "ranking" and part_of == TEST
        seen: NDArray[np.bool_] = self.membership != TEST if everything_else else self.membership == TRAIN
        return seen

    def measure(self, scorer: Scorer, part_of: int) -> RatingMetrics | RankingMetrics:
        """Measure a scorer that saw `messages(part_of)` on that part."""
        return self.measure_on(scorer, self.membership == part_of, self.messages(part_of))

    def measure_on(
        self, scorer: Scorer, held_out: NDArray[np.bool_], seen: NDArray[np.bool_]
    ) -> RatingMetrics | RankingMetrics:
        """Measure a scorer on any held-out target relationships; in lists, those `seen` are no candidates."""
        measured = self.known.where(held_out)
        if self.plan.objective == "rating":
            return evaluate_rating(scorer, measured, self._scale())
        return evaluate_ranking(scorer, measured, self.known.where(seen), relevant_threshold=self.relevant)

    def _scale(self) -> tuple[float, float]:
        values = self.known.values[self.membership == TRAIN]
        return float(values.min()), float(values.max())

    def hashes(self) -> NDArray[np.uint64]:
        """Hash the target relationships by their keys: uint64 [E]; see `bridge.projection.content.pair_hashes`."""
        target = self.plan.target
        return pair_hashes(
            self.projection, target.source_label, target.target_label, self.known.sources, self.known.targets
        )

    @property
    def sizes(self) -> dict[str, int]:
        """Relationships of each part."""
        parts = (("train", TRAIN), ("validation", VALIDATION), ("test", TEST))
        return {name: int((self.membership == each).sum()) for name, each in parts}


def side_relationships(projection: Projection, target: Target) -> frozenset[EdgeType]:
    """Return the edge types that carry messages beside the target's and its mirror image."""
    source, kind, goal = target.edge_type
    return frozenset(set(projection.relationships) - {(source, kind, goal), (goal, kind, source)})
