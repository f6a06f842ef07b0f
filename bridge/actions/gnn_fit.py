"""The training process's side of `bridge.gnn.train`: fit, choose, evaluate, refit."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from bridge.actions.feature_contract import probe
from bridge.actions.plan import Plan, Trained
from bridge.core.errors import DamagedError
from bridge.core.learning import Interactions, Problem, Scorer, interactions
from bridge.core.progress import Progress, part
from bridge.core.projection import TEST, TRAIN, VALIDATION, EdgeType, Projection, Target
from bridge.evaluation.baselines import run_baselines
from bridge.evaluation.metrics import evaluate_ranking, evaluate_rating
from bridge.jobs.worker import Reporter
from bridge.models import MODELS
from bridge.models.device import resolve_device
from bridge.models.model import Fit, Hyperparameters, Model
from bridge.projection.content import CONTENT_FILE, content_hashes
from bridge.projection.features import check_target, complete
from bridge.projection.folder import keep_files
from bridge.projection.snapshots import open_snapshot
from bridge.projection.splits import hold_out

PROBES = 64
"""Nodes whose feature values, and pairs whose scores, a version remembers."""

SERVED, EVALUATED = "served", "evaluated"
"""The files of the weights that answer, and of those that the metrics are of."""

STEPS = ("read projection", "train", "measure baselines", "refit", "publish")
READ, FIT, BASELINES, REFIT, PUBLISH = range(len(STEPS))


def fit(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Carry out a Plan and leave the arrays in its staging folder.

    Returns:
        A Trained, as JSON.
    """
    plan = Plan.model_validate(spec)
    return Training(plan, reporter).run().model_dump(mode="json")


class Training:
    """One run through a Plan; its methods are the steps, in order."""

    def __init__(self, plan: Plan, reporter: Reporter) -> None:
        self.plan = plan
        self.reporter = reporter
        self.device = resolve_device(plan.device)
        self.kind: type[Model] = MODELS[plan.architecture]
        self.hyperparameters: Hyperparameters = self.kind.Hyperparameters.parse(plan.hyperparameters)
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
        check_target(self.projection, plan.target)
        self.known = interactions(self.projection, plan.target)
        self.liked, self.relevant = self._thresholds()
        self.seconds: dict[str, float] = {}
        self.warnings: list[str] = []

    def run(self) -> Trained:
        """Fit, evaluate, refit; save the arrays."""
        ranking = self.plan.objective == "ranking"
        training = self.reporter.at(FIT)
        first = part(training, 0.0, 0.5 if ranking else 1.0)
        chosen = self._fit("train", self.membership == TRAIN, self.membership == VALIDATION, first)
        if chosen.epochs == self.hyperparameters.epochs:
            self.warnings.append(
                f"Validation was best at the last of {chosen.epochs} epochs: more `epochs` may give a better model."
            )
        metrics = {"validation": self._evaluate(chosen.model, VALIDATION)}
        evaluated = chosen.model
        if ranking:  # its protocol: the tested model knows the validation part as well
            second = part(training, 0.5, 1.0)
            evaluated = self._refit("retrain", self.membership != TEST, chosen.epochs, second)
        metrics["test"] = self._evaluate(evaluated, TEST)
        baselines = self._baselines()
        served = evaluated
        if self.plan.refit:
            everything = np.ones(len(self.known), dtype=bool)
            served = self._refit("refit", everything, chosen.epochs, self.reporter.at(REFIT))
        staging = Path(self.plan.staging)
        save_model(staging, EVALUATED, evaluated)
        save_model(staging, SERVED, served)
        save_file(content_hashes(self.snapshot), staging / CONTENT_FILE)
        keep_files(Path(self.plan.snapshot), staging)
        return self._summary(chosen, served, metrics, baselines)

    def _thresholds(self) -> tuple[float, float]:
        values = self.known.values[self.membership == TRAIN]
        liked = self.plan.liked_threshold
        if liked is None:
            liked = float(values.mean())
        relevant = self.plan.relevant_threshold
        return liked, liked if relevant is None else relevant

    def _problem(self, fit_on: NDArray[np.bool_], validate_on: NDArray[np.bool_]) -> Problem:
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

    def _fit(self, name: str, fit_on: NDArray[np.bool_], validate_on: NDArray[np.bool_], progress: Progress) -> Fit:
        began = time.perf_counter()
        result = self.kind.fit(
            self._problem(fit_on, validate_on),
            self.hyperparameters,
            seed=self.plan.seed,
            threads=self.plan.threads,
            device=self.device,
            progress=part(progress, 0.0, 1.0, f"{name}: "),
        )
        self.seconds[name] = round(time.perf_counter() - began, 3)
        return result

    def _refit(self, name: str, fit_on: NDArray[np.bool_], epochs: int, progress: Progress) -> Model:
        chosen = self.hyperparameters
        self.hyperparameters = chosen.model_copy(update={"epochs": epochs})
        try:
            return self._fit(name, fit_on, np.zeros_like(fit_on), progress).model
        finally:
            self.hyperparameters = chosen

    def _evaluate(self, model: Model, part_of: int) -> dict[str, int | float]:
        """Measure on one part, with messages from what that model may know."""
        messages = self.membership != TEST if self._knows_validation(part_of) else self.membership == TRAIN
        scorer = model.scorer(self.projection, messages)
        return self._measure(scorer, self.known.where(self.membership == part_of), self.known.where(messages))

    def _knows_validation(self, part_of: int) -> bool:
        return self.plan.objective == "ranking" and part_of == TEST

    def _measure(self, scorer: Scorer, held_out: Interactions, seen: Interactions) -> dict[str, int | float]:
        if self.plan.objective == "rating":
            return evaluate_rating(scorer, held_out, self._scale()).as_map()
        return evaluate_ranking(scorer, held_out, seen, relevant_threshold=self.relevant).as_map()

    def _scale(self) -> tuple[float, float]:
        values = self.known.values[self.membership == TRAIN]
        return float(values.min()), float(values.max())

    def _baselines(self) -> dict[str, Any]:
        began = time.perf_counter()
        train, validation, test = (self.known.where(self.membership == each) for each in (TRAIN, VALIDATION, TEST))
        result = run_baselines(
            self.plan.baselines,
            self.plan.objective,
            train=train,
            validation=validation,
            test=test,
            liked_threshold=self.liked,
            relevant_threshold=self.relevant,
            progress=self.reporter.at(BASELINES),
        )
        self.seconds["baselines"] = round(time.perf_counter() - began, 3)
        return result

    def _summary(
        self, chosen: Fit, served: Model, metrics: dict[str, dict[str, int | float]], baselines: dict[str, Any]
    ) -> Trained:
        sizes = {name: int((self.membership == each).sum()) for name, each in
                 (("train", TRAIN), ("validation", VALIDATION), ("test", TEST))}  # fmt: skip
        curve = [(each.epoch, each.validation) for each in chosen.history if each.validation is not None]
        return Trained(
            metrics=metrics,
            baselines=baselines,
            split_sizes=sizes,
            epochs=chosen.epochs,
            losses=[each.loss for each in chosen.history],
            validation_curve=curve,
            thresholds={"likedThreshold": self.liked, "relevantThreshold": self.relevant}
            if self.plan.objective == "ranking"
            else {},
            device=self.device,
            seconds=self.seconds,
            features=tuple(
                probe(self.snapshot.nodes[label], name, PROBES)
                for label, names in sorted(self.plan.features.items())
                for name in names
            ),
            node_counts={label: len(table) for label, table in self.projection.nodes.items()},
            relationship_counts=self.projection.relationship_counts,
            edge_types=tuple(sorted(self.projection.relationships)),
            undirected_types=_undirected(self.projection),
            probes=_probes(served, self.projection, self.known),
            warnings=self.warnings,
        )


def save_model(folder: Path, name: str, model: Model) -> None:
    """Write a model as `name.safetensors`, its arrays, and `name.json`, the rest."""
    arrays = {key: np.ascontiguousarray(array) for key, array in model.arrays().items()}
    save_file(arrays, folder / f"{name}.safetensors")
    (folder / f"{name}.json").write_text(json.dumps(model.meta()))


def _undirected(projection: Projection) -> tuple[str, ...]:
    return tuple(sorted({name for (_, name, _), table in projection.relationships.items() if table.undirected}))


def side_relationships(projection: Projection, target: Target) -> frozenset[EdgeType]:
    """Return the edge types that carry messages beside the target's and its mirror image."""
    source, kind, goal = target.edge_type
    return frozenset(set(projection.relationships) - {(source, kind, goal), (goal, kind, source)})


def _probes(model: Model, projection: Projection, known: Interactions) -> list[tuple[int, int, float]]:
    rows = np.linspace(0, len(known) - 1, min(PROBES, len(known))).astype(np.int64)
    sources, targets = known.sources[rows], known.targets[rows]
    scores = model.scorer(projection).pairs(sources, targets)
    return [(int(s), int(t), float(x)) for s, t, x in zip(sources, targets, scores, strict=True)]


def check(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Load the arrays that `fit` saved, in a process that never saw the model, and repeat its predictions.

    Raises:
        DamagedError: a prediction is not finite or not the recorded one.
    """
    plan, trained = Plan.model_validate(spec["plan"]), Trained.model_validate(spec["trained"])
    projection = complete(open_snapshot(Path(plan.snapshot)), plan.features, plan.missing)
    folder = Path(plan.staging)
    meta = json.loads((folder / f"{SERVED}.json").read_bytes())
    arrays = load_file(folder / f"{SERVED}.safetensors")
    scorer = MODELS[plan.architecture].load(arrays, meta).scorer(projection)
    sources, targets, expected = (np.array(column) for column in zip(*trained.probes, strict=True))
    scores = scorer.pairs(sources.astype(np.int64), targets.astype(np.int64))
    worst = float(np.abs(scores - expected).max()) if np.isfinite(scores).all() else float("inf")
    if worst > 1e-3:
        raise DamagedError(
            f"The trained model does not predict the same after it was saved and loaded (difference {worst:.3g}). "
            "It was not published; train again, and report this if it happens twice.",
            reason="NOT_REPRODUCED",
        )
    return {"difference": worst}
