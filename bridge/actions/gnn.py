"""Train graph neural networks on projections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.actions import gnn_fit, gnn_gate
from bridge.actions.gate import Candidate, publish
from bridge.actions.gnn_checks import Checked, check_training
from bridge.actions.gnn_config import GnnTrainConfig, GnnTrainRow
from bridge.actions.gnn_data_checks import check_data
from bridge.actions.gnn_estimate import estimate, estimate_training
from bridge.actions.gnn_initial import check_initial
from bridge.actions.gnn_manifest import gnn_manifest, model_info
from bridge.actions.gnn_origins import unknown_origins, with_encoders
from bridge.actions.initial import find_initial
from bridge.actions.jobs import effective
from bridge.actions.memory import check_memory
from bridge.actions.plan import Plan, Trained
from bridge.actions.provenance import forget_changed
from bridge.actions.reading import Stopwatch
from bridge.actions.training import Prepared, Training, seed_of, staged
from bridge.actions.training_manifest import Occasion
from bridge.core.call import Call
from bridge.core.procedure import Procedure
from bridge.evaluation.gate import METRICS
from bridge.jobs.job import Job
from bridge.projection.snapshots import Snapshot
from bridge.registry.manifest import Manifest
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services


async def prepare(request: GnnTrainConfig, call: Call, services: Services) -> Prepared:
    """Check what is asked for against the projection, the model's owner and the memory there is."""
    watch = Stopwatch()
    graph = await call.describe()
    checked = check_training(request, graph)
    owner = call.caller.user
    await services.compute(services.store.check_owner, call.caller.database_key, request.model_name, owner)
    initial = await find_initial(request, call, services)
    if initial is not None:
        check_initial(initial, request, checked)
    memory = check_memory(estimate_training(request, checked, graph, initial), request.sudo, services)
    warnings: list[str] = []
    seed = seed_of(request.random_seed)

    async def check(snapshot: Snapshot) -> None:
        await forget_changed(call, graph, snapshot, services)
        warnings.extend(unknown_origins(checked, request, graph, call, services.provenance))
        plan = plan_of(request, checked, seed, str(snapshot.path), "", services.threads)
        warnings.extend(await services.compute(check_data, plan, request.allow_leaky_features))

    async def train(job: Job, snapshot: Snapshot) -> GnnTrainRow:
        """Fit a GNN on the snapshot and keep it as the next version of a model."""
        async with staged(services) as staging:
            plan = plan_of(request, checked, seed, str(snapshot.path), str(staging), services.threads, initial)
            async with services.trainers.turn(job, memory=memory):
                answer = await services.trainers.run(job, gnn_fit.fit, plan.model_dump(mode="json"))
                configuration = effective(
                    request, job, architecture=checked.architecture, randomSeed=seed, **checked.hyperparameters
                )
                trained = with_encoders(Trained.model_validate(answer), graph, call, services.provenance)
                keys, fingerprint = checked.selection.node_keys, snapshot.fingerprint
                occasion = Occasion(call.caller, graph, keys, fingerprint, configuration, watch.total(), initial)
                candidate = _candidate(plan, answer, trained, gnn_manifest(trained, plan, occasion, warnings))
                version = await publish(candidate, request, job, gnn_fit.PUBLISH, services)
        info = model_info(version.manifest)
        return GnnTrainRow(model_info=info, configuration=dict(configuration), train_millis=watch.total())

    return Prepared(graph, checked.selection, check, train)


def _candidate(plan: Plan, answer: dict[str, Any], trained: Trained, manifest: Manifest) -> Candidate:
    """Return what the gate is to judge; `answer` is what the training process said, `trained` the same with origins."""
    return Candidate(
        Path(plan.staging), manifest, METRICS[plan.objective], trained.floor, plan.model_dump(mode="json"),
        check=gnn_fit.check, answer=answer, compare=gnn_gate.compare_models,
    )  # fmt: skip


def plan_of(
    request: GnnTrainConfig,
    checked: Checked,
    seed: int,
    snapshot: str,
    staging: str,
    most_threads: int,
    initial: Version | None = None,
) -> Plan:
    """Write down what the training process has to do: what to read, where to leave the arrays, every choice made."""
    return Plan(
        snapshot=snapshot,
        staging=staging,
        objective=request.objective,
        architecture=checked.architecture,
        hyperparameters=request.hyperparameters(),
        target=checked.target,
        features={label: names for label, names in checked.selection.labels.items() if names},
        missing=request.missing,
        split=request.split,
        split_property=request.split_property,
        split_seed=request.split_seed,
        validation_fraction=request.validation_fraction,
        test_fraction=request.test_fraction,
        liked_threshold=request.liked_threshold,
        relevant_threshold=request.relevant_threshold,
        refit=request.refit,
        baselines=request.baselines,
        initial=None if initial is None else str(initial.path),
        seed=seed,
        threads=min(request.concurrency, most_threads),
        device=request.device,
    )


GNN_TRAINING = Training("gnn", GnnTrainConfig, gnn_fit.STEPS, prepare)

GNN = Procedure("bridge.gnn", GnnTrainConfig, {"train": GnnTrainRow}, GNN_TRAINING.run, estimate=estimate)
