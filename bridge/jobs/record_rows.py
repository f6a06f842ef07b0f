"""A job's record as a row of the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bridge.jobs.status import JobRecord, JobState, JobStatus

_OWN = ("key", "id", "user", "database", "name", "request_id", "accepted", "configuration", "steps", "asked")
_STATUS = (
    "state", "step_index", "fraction", "progress", "detail", "figures", "error", "reason", "created_millis",
    "started_millis", "finished_millis",
)  # fmt: skip
_RESULT = ("model_name", "model_version")

COLUMNS = (*_OWN, *_STATUS, *_RESULT)
"""Columns of a record."""

_JSON = ("configuration", "steps", "figures", "asked")


def to_row(record: JobRecord) -> dict[str, Any]:
    """Return the record's columns; what has no JSON in a configuration is written as its text."""
    row = {name: getattr(record, name) for name in (*_OWN, *_RESULT)}
    row |= {name: getattr(record.status, name) for name in _STATUS}
    row |= {name: json.dumps(_plain(row[name]), default=str) for name in _JSON}
    return row | {"request_id": record.request_id or None, "state": record.status.state.value}


def to_update(record: JobRecord) -> dict[str, Any]:
    """Return the columns by which a record is found, and those that change while it runs."""
    row = to_row(record)
    fixed = ("id", "user", "database", "name", "configuration", "steps", "asked", "created_millis")
    return {name: value for name, value in row.items() if name not in fixed}


def to_record(row: Mapping[str, Any]) -> JobRecord:
    """Return the record of a row."""
    steps = tuple(json.loads(row["steps"]))
    status = JobStatus(
        state=JobState(row["state"]),
        step=steps[row["step_index"]],
        figures=json.loads(row["figures"]),
        **{name: row[name] for name in _STATUS if name not in ("state", "figures")},
    )
    own = {name: row[name] for name in ("key", "id", "user", "database", "name", *_RESULT)}
    return JobRecord(
        request_id=row["request_id"] or "",
        accepted=bool(row["accepted"]),
        configuration=json.loads(row["configuration"]),
        asked=json.loads(row["asked"]),
        steps=steps,
        status=status,
        **own,
    )


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
