"""What the operators' services tell of, in Python's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.client.values import from_map, time
from bridge.v1 import model_service_pb2 as models
from bridge.v1 import training_service_pb2 as trainings

FINISHED = frozenset({"SUCCEEDED", "REJECTED", "FAILED", "CANCELLED"})
"""The final states of a job."""


@dataclass(frozen=True)
class Version:
    """One trained result of a model."""

    model_version: int
    """Its number, from 1 on."""
    aliases: tuple[str, ...]
    damage: str
    """Why it cannot be read; everything below is empty then."""
    parent_version: int | None
    """The version that it was to succeed; None for none."""
    model_type: str
    creation_time: datetime | None
    size_bytes: int
    metrics: Mapping[str, Any]
    """By held-out part and name."""
    gate: Mapping[str, Any]
    """What the quality gate said; empty when it passed none."""

    @classmethod
    def of(cls, found: models.Version) -> Version:
        """Read the wire's."""
        return cls(
            model_version=found.version,
            aliases=tuple(sorted(found.aliases)),
            damage=found.damage,
            parent_version=found.parent_version or None,
            model_type=found.model_type,
            creation_time=_time(found.created_millis),
            size_bytes=found.size_bytes,
            metrics=from_map(found.metrics),
            gate=from_map(found.gate),
        )


@dataclass(frozen=True)
class Model:
    """A model with the version that answers."""

    database: str
    model_name: str
    owner: str
    """The user who trained it; empty when authentication was off."""
    aliases: Mapping[str, int]
    version_count: int
    """Damaged ones included."""
    fallback: str
    """Why another version answers than the champion; empty when it does."""
    champion: Version | None
    """The version that answers; None when every one is damaged."""

    @classmethod
    def of(cls, found: models.Model) -> Model:
        """Read the wire's."""
        return cls(
            database=found.database,
            model_name=found.model,
            owner=found.owner,
            aliases=dict(sorted(found.aliases.items())),
            version_count=found.version_count,
            fallback=found.fallback,
            champion=Version.of(found.champion) if found.HasField("champion") else None,
        )


@dataclass(frozen=True)
class ModelDetails:
    """One version of a model, whole."""

    model: Model
    version: Version
    model_info: Mapping[str, Any]
    configuration: Mapping[str, Any]
    """Of its training, with the defaults."""


@dataclass(frozen=True)
class Moved:
    """An alias that moved."""

    model_version: int
    """The version that bears it now."""
    previous_version: int | None
    """The version that bore it before; None when none did."""


@dataclass(frozen=True)
class Job:
    """A run of something that takes time."""

    key: str
    """Its own for ever, whereas an id may be used again."""
    job_id: str
    job_name: str
    """The procedure's without `bridge.`, or `retrain` and the recipe's name."""
    user: str
    """Empty when authentication is off."""
    database: str
    status: str
    """QUEUED, RUNNING, EVALUATING, PUBLISHING, CANCELLING, SUCCEEDED, REJECTED, FAILED or CANCELLED."""
    step: str
    progress: float
    """How much of the whole is done, 0 to 1."""
    detail: str
    """A word for people: the epoch, the place in the queue."""
    error: str
    """For people, why it failed, was rejected or was cancelled."""
    reason: str
    """The same as a constant for programs."""
    figures: Mapping[str, float]
    """The latest metrics."""
    configuration: Mapping[str, Any]
    model_name: str
    """The model that it made a version of; empty until there is one."""
    model_version: int | None
    time_created: datetime | None
    time_started: datetime | None
    time_finished: datetime | None

    @property
    def finished(self) -> bool:
        """Nothing of it runs any more; its status never changes again."""
        return self.status in FINISHED

    @classmethod
    def of(cls, found: trainings.JobRecord) -> Job:
        """Read the wire's."""
        return cls(
            key=found.key,
            job_id=found.id,
            job_name=found.name,
            user=found.user,
            database=found.database,
            status=trainings.JobState.Name(found.state).removeprefix("JOB_STATE_"),
            step=found.step,
            progress=found.progress,
            detail=found.detail,
            error=found.error,
            reason=found.reason,
            figures=dict(sorted(found.figures.items())),
            configuration=from_map(found.configuration),
            model_name=found.model,
            model_version=found.version or None,
            time_created=_time(found.created_millis),
            time_started=_time(found.started_millis),
            time_finished=_time(found.finished_millis),
        )


@dataclass(frozen=True)
class Report:
    """What a job reported at one moment, such as an epoch's loss."""

    number: int
    """From 1 on, in the order in which they came."""
    time_reported: datetime | None
    step: str
    figures: Mapping[str, float]

    @classmethod
    def of(cls, found: trainings.JobReport) -> Report:
        """Read the wire's."""
        return cls(found.number, _time(found.millis), found.step, dict(sorted(found.figures.items())))


@dataclass(frozen=True)
class Change:
    """A job after a change."""

    job: Job
    reports: tuple[Report, ...]
    """Those since the last change, in order."""


@dataclass(frozen=True)
class Recipe:
    """A named Cypher script that operators may run."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """Its parameters with their defaults."""


def _time(millis: int) -> datetime | None:
    return time(millis) if millis else None
