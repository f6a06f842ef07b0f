"""The way of a trained model to a version: checked, compared with the version that serves, published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.actions.base_config import GatedConfig
from bridge.actions.champion import comparison_of
from bridge.actions.soundness import CHECK_SECONDS, unsound
from bridge.core.errors import BridgeError, CancelledError, TrainerFailedError
from bridge.evaluation.gate import Comparison, Metric, Verdict, judge
from bridge.jobs.job import Job
from bridge.jobs.status import JobState
from bridge.jobs.worker import Target
from bridge.registry.manifest import Manifest
from bridge.registry.publisher import ANY, ChampionMovedError
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services

ATTEMPTS = 3
"""Times that a candidate is compared when another version becomes champion in between."""

COMPARE_SECONDS = 3600.0
"""What a comparison may take; one that takes longer is none."""

ADVICE = "Compare both versions' metrics, and promote the new one by hand if it is to serve (`bridge.model.promote`)."


@dataclass(frozen=True)
class Candidate:
    """A trained model whose files are staged."""

    staging: Path
    manifest: Manifest
    """Without a gate result."""
    metric: Metric
    floor: float
    """The metric of the simplest baseline on the test part."""
    plan: dict[str, Any]
    """Of the training, as JSON."""
    check: Target
    """Loads the staged model and asks it; raises DamagedError when it is not sound."""
    answer: dict[str, Any]
    """What the training process answered, as JSON: with `plan` what `check` gets."""
    compare: Target
    """Compares it with a champion: gets `plan` and the folder of `champion`, returns as `champion.answer_of`."""

    @property
    def quality(self) -> float:
        """The metric on its own test part, more being better."""
        return self.metric.quality(self.manifest.metrics["test"][self.metric.name])


@dataclass(frozen=True)
class Rival:
    """The version that a candidate is compared with: the one that serves."""

    number: int | None
    """None when the model has no version yet."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """Its own, on its own test part; empty when they cannot be read."""


@dataclass(frozen=True)
class Decision:
    """What the gate says of a candidate."""

    verdict: Verdict
    rival: Rival
    champion: int | None
    """The version that must be champion still when the candidate is published; None for no version, ANY for any."""


async def publish(candidate: Candidate, request: GatedConfig, job: Job, step: int, services: Services) -> Version:
    """Make a candidate the model's next version, and champion if `promote` and the gate allow it.

    A candidate that the gate turns down is kept, and its job is REJECTED. `step` is the job's step that shows this.

    Raises:
        DamagedError: the candidate is not sound, and nothing was published.
        ResourceExhaustedError, PermissionDeniedError: as `Store.publish`.
    """
    job.phase(JobState.EVALUATING)
    job.report(step, 0.0, "checking the stored files")
    await _check(candidate, job, services)
    version: Version | None = None
    for _ in range(ATTEMPTS):
        job.phase(JobState.EVALUATING)
        decision = await _decision(candidate, request, job, services)
        try:
            version = await _published(candidate, decision, request, job, services)
            break
        except ChampionMovedError:
            continue
    if version is None:
        decision = _unsettled(decision)
        version = await _published(candidate, decision, request, job, services)
    if request.promote == "ifBetter" and not version.manifest.gate["promoted"]:
        job.reject(_rejection(version, decision), decision.verdict.reason)
    return version


async def _check(candidate: Candidate, job: Job, services: Services) -> None:
    spec = {"plan": candidate.plan, "trained": candidate.answer}
    try:
        await services.trainers.run(job, candidate.check, spec, most_seconds=CHECK_SECONDS)
    except TrainerFailedError as error:
        if error.reason != "TRAINER_OVERDUE":
            raise
        raise unsound(f"it could not be loaded and asked within {CHECK_SECONDS:g} s") from error


async def _decision(candidate: Candidate, request: GatedConfig, job: Job, services: Services) -> Decision:
    """Compare a candidate with the version that serves now."""
    comparison: Comparison | None = None
    ours, why = candidate.manifest, ""
    champion = await services.compute(services.store.champion, ours.store_key, ours.model_name)
    rival = Rival(champion)
    if champion is not None:
        try:
            # Not that number: while it is damaged, the version before answers, which is the one to beat.
            version = await services.compute(services.store.resolve, ours.store_key, ours.model_name)
            rival = Rival(version.number, version.manifest.metrics.get("test", {}))
            why = _other_task(ours, version.manifest)
            if not why:
                spec = {"plan": candidate.plan, "champion": str(version.path)}
                answer = await services.trainers.run(job, candidate.compare, spec, most_seconds=COMPARE_SECONDS)
                comparison = comparison_of(answer)
        except CancelledError:
            raise
        except BridgeError as error:
            why = error.message
    verdict = judge(
        candidate.metric,
        candidate.quality,
        candidate.metric.quality(candidate.floor),
        comparison,
        tolerance=request.tolerance,
        first=champion is None,
        obstacle=f"It could not be compared with version {rival.number}, which serves. {why} {ADVICE}" if why else "",
    )
    return Decision(verdict, rival, champion)


def _other_task(ours: Manifest, theirs: Manifest) -> str:
    """Say what keeps a champion from being asked the candidate's questions; empty where nothing does."""
    if _task(ours) != _task(theirs):
        return f"That one is {_task(theirs)}, and this one {_task(ours)}."
    for label in ours.graph.node_counts:
        if ours.node_keys.get(label) != theirs.node_keys.get(label) and label in theirs.graph.node_counts:
            return f"They know the nodes of `{label}` by different `nodeKeys`."
        nameless = label not in ours.node_keys
        if nameless and ours.model_info.get("projection") != theirs.model_info.get("projection"):
            return f"The nodes of `{label}` have no `nodeKeys`, and it was trained on another projection."
    return ""


def _task(manifest: Manifest) -> str:
    target = manifest.target
    if target is None:
        return f"a `{manifest.model_type}` embedding"
    named = f" by `{target.property}`" if target.property else ""
    return (
        f"a {manifest.objective} of (:{target.source_label})-[:{target.relationship_type}]->(:{target.target_label})"
        f"{named}"
    )


def _unsettled(decision: Decision) -> Decision:
    text = (
        f"Each of the {ATTEMPTS} times that it was compared, another version became champion meanwhile. {ADVICE}"
    )  # fmt: skip
    verdict = replace(decision.verdict, passed=False, reason="NOT_COMPARABLE", text=text, comparison=None)
    return replace(decision, verdict=verdict, champion=ANY)


async def _published(
    candidate: Candidate, decision: Decision, request: GatedConfig, job: Job, services: Services
) -> Version:
    """Publish with the verdict in the manifest.

    Raises:
        ChampionMovedError: the champion is not the one of the decision.
    """
    verdict, rival = decision.verdict, decision.rival
    allowed = request.promote == "always" or (request.promote == "ifBetter" and verdict.passed)
    promoted = rival.number is None or allowed
    gate: dict[str, Any] = {"promote": request.promote, "tolerance": request.tolerance, "promoted": promoted}
    if rival.number is not None:
        gate["championVersion"] = rival.number
    manifest = candidate.manifest.model_copy(update={"gate": gate | verdict.as_map(candidate.metric)})
    job.phase(JobState.PUBLISHING)

    def stored() -> Version:
        version = services.store.publish(candidate.staging, manifest, promote=promoted, champion=decision.champion)
        job.made(manifest.model_name, version.number)  # here: who is cancelled meanwhile still learns what there is
        return version

    return await services.finish(stored)


def _rejection(version: Version, decision: Decision) -> str:
    ours, rival = _listed(version.manifest.metrics["test"]), decision.rival
    beside = f"; of version {rival.number}, on its own: {_listed(rival.metrics)}" if rival.metrics else ""
    return (
        f"Version {version.number} of `{version.model_name}` was kept, but does not serve. {decision.verdict.text} "
        f"Test metrics of version {version.number}: {ours}{beside}."
    )


def _listed(metrics: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:,.4g}" for name, value in metrics.items())
