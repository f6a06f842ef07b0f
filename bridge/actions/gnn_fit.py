"""The training process's side of `bridge.gnn.train`: fit, choose, evaluate, refit."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from bridge.actions.champion import EVALUATED, SERVED, VALIDATED
from bridge.actions.feature_contract import probe
from bridge.actions.gnn_board import Board
from bridge.actions.gnn_initial import Initial
from bridge.actions.plan import Plan, Trained
from bridge.actions.soundness import check_finite, check_finite_metrics, check_reproduced, unsound
from bridge.core.learning import Interactions
from bridge.core.progress import Progress, part
from bridge.core.projection import TEST, TRAIN, VALIDATION, Projection
from bridge.evaluation.baselines import run_baselines, simplest_baseline
from bridge.evaluation.gate import METRICS
from bridge.jobs.worker import Reporter
from bridge.models import MODELS
from bridge.models.device import resolve_device
from bridge.models.model import Fit, Hyperparameters, Model
from bridge.projection.content import CONTENT_FILE, HELD_OUT_FILE, content_hashes, identity_hashes
from bridge.projection.features import complete
from bridge.projection.folder import keep_files
from bridge.projection.snapshots import open_snapshot
from bridge.registry.sealing import hash_files

PROBES = 64
"""Nodes whose feature values, and pairs whose scores, a version remembers."""

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
        self.board = Board(plan)
        self.initial = None if plan.initial is None else Initial.of(Path(plan.initial), self.board)
        self.seconds: dict[str, float] = {}
        self.warnings: list[str] = []

    def run(self) -> Trained:
        """Fit, evaluate, refit; save the arrays."""
        ranking = self.plan.objective == "ranking"
        membership = self.board.membership
        training = self.reporter.at(FIT)
        first = part(training, 0.0, 0.5 if ranking else 1.0)
        chosen = self._fit("train", membership == TRAIN, membership == VALIDATION, first)
        if chosen.epochs == self.hyperparameters.epochs:
            self.warnings.append(
                f"Validation was best at the last of {chosen.epochs} epochs: more `epochs` may give a better model."
            )
        metrics = {"validation": self._evaluate(chosen.model, VALIDATION)}
        evaluated = chosen.model
        if ranking:  # its protocol: the tested model knows the validation part as well
            second = part(training, 0.5, 1.0)
            evaluated = self._refit("retrain", membership != TEST, chosen.epochs, second)
        metrics["test"] = self._evaluate(evaluated, TEST)
        baselines = self._baselines()
        served = evaluated
        if self.plan.refit:
            everything = np.ones(len(membership), dtype=bool)
            served = self._refit("refit", everything, chosen.epochs, self.reporter.at(REFIT))
        models = {EVALUATED: evaluated, SERVED: served}
        if ranking:
            models[VALIDATED] = chosen.model
        self._save(models)
        return self._summary(chosen, models, metrics, baselines)

    def _fit(self, name: str, fit_on: NDArray[np.bool_], validate_on: NDArray[np.bool_], progress: Progress) -> Fit:
        began = time.perf_counter()
        result = self.kind.fit(
            self.board.problem(fit_on, validate_on),
            self.hyperparameters,
            seed=self.plan.seed,
            threads=self.plan.threads,
            device=self.device,
            progress=part(progress, 0.0, 1.0, f"{name}: "),
            initial=None if self.initial is None else self.initial.weights(name),
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
        scorer = model.scorer(self.board.projection, self.board.messages(part_of))
        return self.board.measure(scorer, part_of).as_map()

    def _baselines(self) -> dict[str, Any]:
        began = time.perf_counter()
        result = run_baselines(
            self.plan.baselines,
            self.plan.objective,
            train=self.board.part(TRAIN),
            validation=self.board.part(VALIDATION),
            test=self.board.part(TEST),
            liked_threshold=self.board.liked,
            relevant_threshold=self.board.relevant,
            progress=self.reporter.at(BASELINES),
        )
        self.seconds["baselines"] = round(time.perf_counter() - began, 3)
        return result

    def _floor(self) -> float:
        metrics = simplest_baseline(
            self.plan.objective,
            train=self.board.part(TRAIN),
            validation=self.board.part(VALIDATION),
            test=self.board.part(TEST),
            relevant_threshold=self.board.relevant,
        )
        return float(metrics[METRICS[self.plan.objective].name])

    def _save(self, models: Mapping[str, Model]) -> None:
        staging, board = Path(self.plan.staging), self.board
        for name, model in models.items():
            save_model(staging, name, model)
        save_file(content_hashes(board.snapshot), staging / CONTENT_FILE)
        tested = board.hashes()[board.membership == TEST]
        save_file(identity_hashes({self.plan.target.relationship_type: tested}), staging / HELD_OUT_FILE)
        keep_files(Path(self.plan.snapshot), staging)

    def _summary(
        self,
        chosen: Fit,
        models: Mapping[str, Model],
        metrics: dict[str, dict[str, int | float]],
        baselines: dict[str, Any],
    ) -> Trained:
        board = self.board
        curve = [(each.epoch, each.validation) for each in chosen.history if each.validation is not None]
        return Trained(
            metrics=metrics,
            baselines=baselines,
            floor=self._floor(),
            split_sizes=board.sizes,
            epochs=chosen.epochs,
            losses=[each.loss for each in chosen.history],
            validation_curve=curve,
            thresholds={"likedThreshold": board.liked, "relevantThreshold": board.relevant}
            if self.plan.objective == "ranking"
            else {},
            device=self.device,
            seconds=self.seconds,
            features=tuple(
                probe(board.snapshot.nodes[label], name, PROBES)
                for label, names in sorted(self.plan.features.items())
                for name in names
            ),
            node_counts={label: len(table) for label, table in board.projection.nodes.items()},
            relationship_counts=board.projection.relationship_counts,
            edge_types=tuple(sorted(board.projection.relationships)),
            undirected_types=_undirected(board.projection),
            probes={name: _probes(model, board.projection, board.known) for name, model in models.items()},
            warnings=self.warnings,
            files=hash_files(Path(self.plan.staging)),
        )


def save_model(folder: Path, name: str, model: Model) -> None:
    """Write a model as `name.safetensors`, its arrays, and `name.json`, the rest."""
    arrays = {key: np.ascontiguousarray(array) for key, array in model.arrays().items()}
    save_file(arrays, folder / f"{name}.safetensors")
    (folder / f"{name}.json").write_text(json.dumps(model.meta()))


def load_model(folder: Path, name: str, architecture: str) -> Model:
    """Read a model back that `save_model` wrote.

    Raises:
        DamagedError: the files are no such model.
    """
    try:
        meta = json.loads((folder / f"{name}.json").read_bytes())
        return MODELS[architecture].load(load_file(folder / f"{name}.safetensors"), meta)
    except MemoryError:  # no room now says nothing of the files
        raise
    except Exception as error:  # wrong shapes, names and types have no error in common
        raise unsound(f"no model can be made of its `{name}.json` and `{name}.safetensors`") from error


def _undirected(projection: Projection) -> tuple[str, ...]:
    return tuple(sorted({name for (_, name, _), table in projection.relationships.items() if table.undirected}))


def _probes(model: Model, projection: Projection, known: Interactions) -> list[tuple[int, int, float]]:
    rows = np.linspace(0, len(known) - 1, min(PROBES, len(known))).astype(np.int64)
    sources, targets = known.sources[rows], known.targets[rows]
    scores = model.scorer(projection).pairs(sources, targets)
    return [(int(s), int(t), float(x)) for s, t, x in zip(sources, targets, scores, strict=True)]


def check(spec: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Load the arrays that `fit` saved, in a process that never saw the models, and repeat their predictions.

    Raises:
        DamagedError: a file is no model, a number is not finite, a prediction is not the recorded one.
    """
    plan, trained = Plan.model_validate(spec["plan"]), Trained.model_validate(spec["trained"])
    check_finite_metrics(trained.metrics)
    projection = complete(open_snapshot(Path(plan.snapshot)), plan.features, plan.missing)
    for name, probes in trained.probes.items():
        model = load_model(Path(plan.staging), name, plan.architecture)
        check_finite(name, model.arrays())
        _check_probes(name, model, projection, probes)
    return {}


def _check_probes(name: str, model: Model, projection: Projection, probes: list[tuple[int, int, float]]) -> None:
    sources, targets, expected = (np.array(column) for column in zip(*probes, strict=True))
    check_reproduced(name, model.scorer(projection).pairs(sources.astype(np.int64), targets.astype(np.int64)), expected)
