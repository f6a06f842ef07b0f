"""What there is to say about a job: its state, its progress, its reports, its record."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "QUEUED"
    """Nothing has begun, or it waits for a trainer slot."""
    RUNNING = "RUNNING"
    EVALUATING = "EVALUATING"
    """What it made is being measured."""
    PUBLISHING = "PUBLISHING"
    """What it made is being stored."""
    CANCELLING = "CANCELLING"
    """Somebody asked for its end; its process may still live."""
    SUCCEEDED = "SUCCEEDED"
    REJECTED = "REJECTED"
    """It did all its work, but what it made was not good enough to be served."""
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def finished(self) -> bool:
        """Nothing of this job runs any more; the state never changes again."""
        return self in FINISHED


FINISHED = frozenset({JobState.SUCCEEDED, JobState.REJECTED, JobState.FAILED, JobState.CANCELLED})
"""The final states."""

AT_WORK = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.EVALUATING, JobState.PUBLISHING})
"""The states of a job whose end nobody has asked for."""


@dataclass(frozen=True)
class JobStatus:
    """A job at one moment."""

    state: JobState
    step: str
    """The step's name, one of the job's `steps`."""
    step_index: int
    fraction: float
    """0 to 1, of the step."""
    progress: float
    """0 to 1, of all steps, each counted the same."""
    detail: str
    """A word for people: `epoch 12 of 200`, `waiting: 1 job before this one`."""
    figures: Mapping[str, float]
    """Metrics of the latest report that had any."""
    error: str
    """Why it failed, was rejected or was cancelled, for the user; empty otherwise."""
    reason: str
    """The same as a constant for programs: TRAINER_LOST, SERVER_RESTARTED, …; empty where there is none."""
    created_millis: int
    started_millis: int | None
    """When it first ran, None while it never has. Milliseconds since 1970, as all three."""
    finished_millis: int | None


@dataclass(frozen=True)
class JobReport:
    """One report of a job that had figures, such as an epoch's."""

    number: int
    """From 1 on, in the order in which they came."""
    millis: int
    """When it came, in milliseconds since 1970."""
    step: str
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Outcome:
    """How a job ended that its server left unfinished."""

    state: JobState
    """A final one."""
    model_name: str
    model_version: int
    """What it made."""
    error: str = ""
    reason: str = ""
    """As in `JobStatus`."""


@dataclass(frozen=True)
class JobRecord:
    """All that is kept of a job."""

    key: str
    """Its own for ever, whereas an id may be used again: 32 hex digits."""
    id: str
    user: str
    """Empty when authentication is off."""
    database: str
    name: str
    """The procedure's, without `bridge.`."""
    request_id: str
    """Who asks for this again gets this job; empty when the job is nobody's answer but the first caller's."""
    accepted: bool
    """Its caller was promised that it goes on without them."""
    configuration: Mapping[str, object]
    steps: tuple[str, ...]
    status: JobStatus
    model_name: str
    """The model that it made a version of; empty until there is one."""
    model_version: int | None
    asked: Mapping[str, str] = field(default_factory=dict)
    """By name, a hash of each value that the request had; empty for a job without a request id."""


def now_millis() -> int:
    """Return the milliseconds since 1970, as all times of jobs are."""
    return time.time_ns() // 1_000_000
