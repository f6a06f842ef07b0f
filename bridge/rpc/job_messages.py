"""Jobs on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bridge.core.errors import InvalidArgumentError
from bridge.jobs.status import JobRecord, JobReport, JobState
from bridge.rpc.convert import to_map
from bridge.v1 import training_service_pb2 as wire

HIDDEN = "(hidden)"
"""Stands for a secret."""

_SECRETS = ("password", "secret", "token", "credential", "apikey", "api_key")


def to_job(record: JobRecord) -> wire.JobRecord:
    """Show a job. What looks like a secret in its configuration is hidden."""
    status = record.status
    return wire.JobRecord(
        key=record.key,
        id=record.id,
        user=record.user,
        database=record.database,
        name=record.name,
        state=f"JOB_STATE_{status.state.value}",
        step=status.step,
        progress=status.progress,
        detail=status.detail,
        error=status.error,
        reason=status.reason,
        figures=status.figures,
        configuration=to_map(_shown(record.configuration)),
        model=record.model_name,
        version=record.model_version or 0,
        created_millis=status.created_millis,
        started_millis=status.started_millis or 0,
        finished_millis=status.finished_millis or 0,
    )


def to_report(report: JobReport) -> wire.JobReport:
    """Show a report."""
    return wire.JobReport(number=report.number, millis=report.millis, step=report.step, figures=report.figures)


def from_states(states: Iterable[int]) -> list[JobState]:
    """Read states, sorted.

    Raises:
        InvalidArgumentError: one is none, or unknown to this server.
    """
    found = set()
    for number in states:
        if number not in wire.JobState.values()[1:]:
            raise InvalidArgumentError(
                f"`states` has {number}, but must have values of JobState, 1 to {max(wire.JobState.values())}. Leave "
                "it empty for the jobs in all states.",
                reason="INVALID_STATE",
            )
        found.add(JobState(wire.JobState.Name(wire.JobState.ValueType(number)).removeprefix("JOB_STATE_")))
    return sorted(found)


def _shown(value: Any, key: str = "") -> Any:
    """Return a configuration with Cypher's types alone and without secrets."""
    if any(word in key.lower() for word in _SECRETS):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(name): _shown(each, str(name)) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
