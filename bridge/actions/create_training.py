"""Train a model's next version without a database, on the projection that an earlier version was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.actions.base_config import GraphConfig
from bridge.actions.job_submit import Submission, submitted
from bridge.actions.kept_call import KeptCall, open_call
from bridge.actions.prediction import Question
from bridge.actions.provenance import Origin, Provenance
from bridge.actions.reading import ALL, quoted
from bridge.actions.training import Training
from bridge.actions.trainings import TRAININGS
from bridge.core.errors import InvalidArgumentError
from bridge.jobs.all_jobs import OPERATOR
from bridge.jobs.requests import check_same
from bridge.jobs.status import JobRecord
from bridge.jobs.table import NewJob
from bridge.models import MODELS
from bridge.registry.manifest import Manifest

if TYPE_CHECKING:
    from bridge.actions.services import Services

FIXED = ("modelName", "sourceNodeLabel", "targetRelationshipType", "targetNodeLabel", "nodeKeys")
"""Keys that say which model it is a version of."""

LONGEST_ID = 128


async def create_training(
    question: Question, given: Mapping[str, Any], request_id: str, services: Services
) -> JobRecord:
    """Return the job of this request id; start it if there is none, when all is checked.

    `given` goes before the configuration of the version's own training. Owner and database stay the model's.

    Raises:
        AlreadyExistsError: the request id asked for something else before.
        DamagedError: the version is not what was written.
        FailedPreconditionError: the version does not have its projection.
        InvalidArgumentError: no request id, or what is wrong with the configuration.
        NotFoundError: no such model or version.
        ResourceExhaustedError: there is not the memory, the disk or the place in the queue.
    """
    _check_id(request_id)
    asked, called = _asked(question, given), f"request id `{request_id}`"
    if (there := await services.jobs.of_request(OPERATOR, request_id)) is not None and there.accepted:
        record = there if isinstance(there, JobRecord) else there.record
        check_same(record, asked, called)
        return record
    database = await services.compute(services.store.database_key, question.database)
    version = await services.compute(
        services.store.resolve, database, question.model_name, question.model_version
    )
    training, request = _request(version.manifest, given)
    owner = await services.compute(services.store.owner, database, question.model_name)
    call = await services.compute(open_call, version, owner, _types(version.manifest))
    services = replace(services, provenance=await _origins(call))
    new = NewJob(
        f"{training.name}.train", OPERATOR, version.manifest.database, request.effective(), training.steps,
        request_id=request_id, asked=asked,
    )  # fmt: skip
    record = await submitted(Submission(training, request, new, call, call.snapshot), services)
    check_same(record, asked, called)  # another's with this id may have come in between
    return record


def _asked(question: Question, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request by the names that it has on the wire."""
    name = {"database": question.database, "model": question.model_name}
    return {"name": name, "model_version": question.model_version, "configuration": given}


def _check_id(request_id: str) -> None:
    if not 0 < len(request_id) <= LONGEST_ID:
        raise InvalidArgumentError(
            f"`request_id` has {len(request_id)} characters, but must have 1 to {LONGEST_ID}: who asks again with the "
            "same id gets the same job. Take a new random one for each training.",
            reason="INVALID_REQUEST_ID",
        )


def _request(manifest: Manifest, given: Mapping[str, Any]) -> tuple[Training, GraphConfig]:
    """Put the configuration together.

    Raises:
        InvalidArgumentError: a key that is none, a value out of range, or a key that is the model's.
    """
    training = TRAININGS["bridge.node2vec.train" if manifest.target is None else "bridge.gnn.train"]
    words = {key.lower(): key for key in training.config.accepted()}
    over = {words.get(key.lower(), key): value for key, value in given.items()}
    before = {key: value for key, value in manifest.configuration.items() if key in words.values()}
    _check_fixed(over, before)
    if over.get("architecture", manifest.model_type) != manifest.model_type or "objective" in over:
        # What was chosen for one network says nothing of another.
        own = MODELS[manifest.model_type].Hyperparameters.accepted() if manifest.model_type in MODELS else []
        before = {key: value for key, value in before.items() if key not in (*own, "architecture")}
    return training, training.config.parse({**before, "logProgress": False, **over, "jobId": None})


def _check_fixed(over: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    changed = [key for key in FIXED if over.get(key) is not None and over[key] != before.get(key)]
    if over.get("jobId") is not None:
        changed.append("jobId")
    if changed:
        raise InvalidArgumentError(
            f"`configuration` has {quoted(changed)}, which are the model's and can not be changed here. Leave them "
            "out: the job is known by its `request_id`, and a model of something else is trained in its database.",
            reason="FIXED_KEY",
        )


def _types(manifest: Manifest) -> list[str]:
    """Return the relationship types that the training named."""
    named = manifest.configuration.get("relationshipTypes") or ()
    return [name for name in named if name != ALL]


async def _origins(call: KeptCall) -> Provenance:
    """Return what is known of how the kept features were made: those of a known encoder were found free of leaks when
    the version was trained, and target and projection are the same."""
    provenance, graph = Provenance(), await call.describe()
    for feature in call.version.manifest.features:
        if feature.encoder:
            provenance.record(call, graph, feature.label, feature.property, Origin(feature.encoder))
    return provenance
