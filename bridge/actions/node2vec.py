"""Embed the nodes of a projection by node2vec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load_file

from bridge.actions import node2vec_fit, node2vec_gate
from bridge.actions.gate import Candidate, publish
from bridge.actions.gnn_manifest import model_info
from bridge.actions.initial import find_initial
from bridge.actions.jobs import effective, running_job
from bridge.actions.node2vec_checks import check_call, estimate, hyperparameters
from bridge.actions.node2vec_config import (
    Node2VecConfig,
    Node2VecMutateConfig,
    Node2VecMutateRow,
    Node2VecStatsRow,
    Node2VecStreamRow,
    Node2VecTrainConfig,
    Node2VecTrainRow,
    Node2VecWriteConfig,
    Node2VecWriteRow,
)
from bridge.actions.node2vec_fit import Embedding, Node2VecPlan
from bridge.actions.node2vec_manifest import node2vec_manifest
from bridge.actions.provenance import Origin
from bridge.actions.reading import Selection, Stopwatch, snapshot_of
from bridge.actions.rows import send_row
from bridge.actions.scratch import scratch_folder
from bridge.actions.training import Prepared, Training, anything, seed_of, staged
from bridge.actions.training_manifest import Occasion
from bridge.actions.vectors import Vectors, add_vectors, rows_of, write_vectors
from bridge.core.call import Call
from bridge.core.graph import Graph
from bridge.core.procedure import Procedure
from bridge.evaluation.gate import METRICS
from bridge.jobs.job import Job
from bridge.projection.snapshots import Snapshot
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services


async def node2vec(request: Node2VecConfig, call: Call, services: Services) -> None:
    """Read the graph, embed it in a trainer, hand out the vectors."""
    watch = Stopwatch()
    graph = await call.describe()
    selection, needed = check_call(request, graph, services)
    seed = seed_of(request.random_seed)
    async with running_job("node2vec", request, node2vec_fit.STEPS, call, services) as job:
        async with snapshot_of(call, graph, selection, services) as (snapshot, _):
            read_millis = watch.lap()
            found, vectors = await _embed(request, snapshot, seed, needed, job, services)
        origin = Origin(f"node2vec:{snapshot.fingerprint}:{seed}", _origins(selection, graph, call, services))
        facts = {
            "node_count": sum(found.node_counts.values()),
            "nodes_without_relationships": found.without_relationships,
            "pre_processing_millis": read_millis,
            "compute_millis": watch.lap(),
            "configuration": dict(effective(request, job, randomSeed=seed)),
            "loss_per_iteration": found.losses,
        }
        job.report(node2vec_fit.HAND_OUT, 0.0)
        await _hand_out(request, call, graph, vectors, origin, facts, services)


async def _hand_out(
    request: Node2VecConfig,
    call: Call,
    graph: Graph,
    vectors: Vectors,
    origin: Origin,
    facts: dict[str, Any],
    services: Services,
) -> None:
    """Do with the vectors what the mode says."""
    if isinstance(request, Node2VecMutateConfig):
        written, millis = await add_vectors(call, graph, request.mutate_property, vectors, origin, services.provenance)
        row = Node2VecMutateRow(
            node_properties_written=written, mutate_millis=millis, post_processing_millis=0, **facts
        )  # fmt: skip
        await send_row(call, row)
    elif isinstance(request, Node2VecWriteConfig):
        written, millis = await write_vectors(call, request.write_property, vectors, request.batch_size)
        await send_row(call, Node2VecWriteRow(node_properties_written=written, write_millis=millis, **facts))
    elif call.mode == "stats":
        await send_row(call, Node2VecStatsRow(**facts))
    else:
        for columns in rows_of(vectors):
            await call.rows(columns)


async def prepare_training(request: Node2VecTrainConfig, call: Call, services: Services) -> Prepared:
    """Check what is asked for against the projection, the memory there is and the model's owner."""
    watch = Stopwatch()
    graph = await call.describe()
    caller = call.caller
    await services.compute(services.store.check_owner, caller.database_key, request.model_name, caller.user)
    initial = await find_initial(request, call, services)
    selection, needed = check_call(request, graph, services, initial)
    seed = seed_of(request.random_seed)
    computed_from = _origins(selection, graph, call, services)

    async def train(job: Job, snapshot: Snapshot) -> Node2VecTrainRow:
        """Measure an embedding on held-out relationships, then keep one of the whole graph as the next version."""
        async with staged(services) as staging:
            plan = _plan(request, snapshot, str(staging), seed, services, initial)
            spec = plan.model_dump(mode="json")
            async with services.trainers.turn(job, memory=needed):
                answer = await services.trainers.run(job, node2vec_fit.train_in_trainer, spec)
                configuration = effective(request, job, randomSeed=seed)
                trained = Embedding.model_validate(answer)
                occasion = Occasion(
                    caller, graph, selection.node_keys, snapshot.fingerprint, configuration, watch.total(), initial
                )
                candidate = Candidate(
                    staging, node2vec_manifest(trained, occasion, computed_from), METRICS["links"], trained.floor, spec,
                    check=node2vec_fit.check_embedding, answer=answer, compare=node2vec_gate.compare_embeddings,
                )  # fmt: skip
                version = await publish(candidate, request, job, node2vec_fit.PUBLISH, services)
        return Node2VecTrainRow(
            model_info=model_info(version.manifest), configuration=dict(configuration), train_millis=watch.total()
        )

    return Prepared(graph, selection, anything, train)


def _plan(
    request: Node2VecConfig,
    snapshot: Snapshot,
    folder: str,
    seed: int,
    services: Services,
    initial: Version | None = None,
) -> Node2VecPlan:
    trained = request if isinstance(request, Node2VecTrainConfig) else None
    return Node2VecPlan(
        snapshot=str(snapshot.path),
        folder=folder,
        weight_property=request.relationship_weight_property,
        hyperparameters=hyperparameters(request).effective(),
        seed=seed,
        threads=min(request.concurrency, services.threads),
        test_fraction=trained.test_fraction if trained else 0.0,
        split_seed=trained.split_seed if trained else 0,
        initial=None if initial is None else str(initial.path),
    )


async def _embed(
    request: Node2VecConfig, snapshot: Snapshot, seed: int, memory: int, job: Job, services: Services
) -> tuple[Embedding, Vectors]:
    async with scratch_folder(services) as folder:
        plan = _plan(request, snapshot, str(folder), seed, services)
        spec = plan.model_dump(mode="json")
        answer = await services.trainers.run(job, node2vec_fit.embed_in_trainer, spec, memory=memory)
        arrays: dict[str, Any] = await services.compute(load_file, folder / node2vec_fit.VECTORS)
    found = Embedding.model_validate(answer)
    labels = sorted(found.node_counts)
    return found, {label: (arrays[f"ids.{label}"].astype(np.int64), arrays[f"vectors.{label}"]) for label in labels}


def _origins(selection: Selection, graph: Graph, call: Call, services: Services) -> frozenset[str]:
    """Return the relationship types that the vectors come from, and those that these were computed from."""
    found = set(selection.types)
    for name in selection.types:
        origin = services.provenance.find_type(call, graph, name)
        if origin is not None:
            found |= origin.relationship_types
    return frozenset(found)


NODE2VEC_TRAINING = Training("node2vec", Node2VecTrainConfig, node2vec_fit.TRAIN_STEPS, prepare_training)

NODE2VEC = (
    Procedure(
        "bridge.node2vec",
        Node2VecConfig,
        {"stream": Node2VecStreamRow, "stats": Node2VecStatsRow},
        node2vec,
        estimate=estimate,
    ),
    Procedure("bridge.node2vec", Node2VecMutateConfig, {"mutate": Node2VecMutateRow}, node2vec, estimate=estimate),
    Procedure("bridge.node2vec", Node2VecWriteConfig, {"write": Node2VecWriteRow}, node2vec, estimate=estimate),
    Procedure(
        "bridge.node2vec", Node2VecTrainConfig, {"train": Node2VecTrainRow}, NODE2VEC_TRAINING.run, estimate=estimate
    ),
)
