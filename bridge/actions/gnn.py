"""Train graph neural networks on projections."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.actions import gnn_fit
from bridge.actions.gnn_checks import Checked, check_training
from bridge.actions.gnn_config import GnnTrainConfig, GnnTrainRow
from bridge.actions.gnn_estimate import estimate, estimate_training
from bridge.actions.gnn_manifest import manifest_of, model_info
from bridge.actions.gnn_origins import unknown_origins, with_encoders
from bridge.actions.jobs import effective, running_job
from bridge.actions.memory import check_memory
from bridge.actions.plan import Plan, Trained
from bridge.actions.reading import Stopwatch, snapshot_of
from bridge.actions.rows import send_row
from bridge.core.call import Call
from bridge.core.procedure import Procedure

if TYPE_CHECKING:
    from bridge.actions.services import Services
    from bridge.registry.store import Store


async def train(request: GnnTrainConfig, call: Call, services: Services) -> None:
    """Fit a GNN on the caller's projection and keep it as the next version of a model."""
    watch = Stopwatch()
    graph = await call.describe()
    checked = check_training(request, graph)
    owner = call.caller.user
    await services.compute(services.store.check_owner, call.caller.database_key, request.model_name, owner)
    check_memory(estimate_training(request, checked, graph), request.sudo, services)
    warnings = unknown_origins(checked, request, graph, call, services.provenance)
    seed = secrets.randbelow(2**31) if request.random_seed is None else request.random_seed
    async with (
        running_job("gnn", request, gnn_fit.STEPS, call, services) as job,
        snapshot_of(call, graph, checked.selection, services) as (snapshot, _),
    ):
        with staged(services.store) as staging:
            plan = plan_of(request, checked, seed, str(snapshot.path), str(staging), services.threads)
            spec = plan.model_dump(mode="json")
            async with services.trainers.turn(job):
                answer = await services.trainers.run(job, gnn_fit.fit, spec)
                job.report(gnn_fit.PUBLISH, 0.0, "checking the stored files")
                await services.trainers.run(job, gnn_fit.check, {"plan": spec, "trained": answer})
            configuration = effective(
                request, job, architecture=checked.architecture, randomSeed=seed, **checked.hyperparameters
            )
            trained = with_encoders(Trained.model_validate(answer), graph, call, services.provenance)
            manifest = manifest_of(
                trained,
                plan,
                checked.selection,
                configuration,
                caller=call.caller,
                graph=graph,
                fingerprint=snapshot.fingerprint,
                warnings=warnings,
                train_millis=watch.total(),
            )
            version = await services.finish(services.store.publish, staging, manifest)
        row = GnnTrainRow(
            model_info=model_info(version.manifest),
            configuration=dict(configuration),
            train_millis=watch.total(),
        )
    await send_row(call, row)


@contextmanager
def staged(store: Store) -> Iterator[Path]:
    """Lend a folder for the files of a version to come, and clear it away if none comes of it."""
    folder = store.stage()
    try:
        yield folder
    finally:
        store.discard(folder)


def plan_of(
    request: GnnTrainConfig, checked: Checked, seed: int, snapshot: str, staging: str, most_threads: int
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
        seed=seed,
        threads=min(request.concurrency, most_threads),
        device=request.device,
    )


GNN = Procedure("bridge.gnn", GnnTrainConfig, {"train": GnnTrainRow}, train, estimate=estimate)
