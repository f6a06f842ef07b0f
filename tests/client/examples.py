"""What a server may tell."""

from __future__ import annotations

from typing import Any

from bridge.client.values import to_map
from bridge.v1 import model_service_pb2 as models
from bridge.v1 import training_service_pb2 as trainings

NOON = 1_700_000_000_000
"""Milliseconds since 1970: 2023-11-14, 22:13:20 UTC."""


def version(number: int = 3, **changes: Any) -> models.Version:
    """Return a version that passed the gate."""
    fields: dict[str, Any] = {
        "version": number,
        "aliases": ["champion"],
        "parent_version": number - 1,
        "model_type": "lightGcn",
        "created_millis": NOON,
        "size_bytes": 3 * 2**20,
        "metrics": to_map({"test": {"ndcgAt10": 0.25, "count": 7}}),
        "gate": to_map({"promoted": True, "passed": True, "reason": "NOT_WORSE"}),
    }
    return models.Version(**(fields | changes))


def model(name: str = "recommender", **changes: Any) -> models.Model:
    """Return a model with three versions."""
    fields: dict[str, Any] = {
        "database": "neo4j",
        "model": name,
        "owner": "neo4j",
        "aliases": {"champion": 3, "previous": 2},
        "champion": version(),
        "version_count": 3,
    }
    return models.Model(**(fields | changes))


def job(state: str = "RUNNING", **changes: Any) -> trainings.JobRecord:
    """Return a job of a recipe."""
    fields: dict[str, Any] = {
        "key": "a" * 32,
        "id": "night",
        "user": "neo4j",
        "database": "neo4j",
        "name": "retrain movielens",
        "state": f"JOB_STATE_{state}",
        "step": "train",
        "progress": 0.5,
        "detail": "epoch 5 of 10",
        "created_millis": NOON,
        "started_millis": NOON + 1_000,
    }
    return trainings.JobRecord(**(fields | changes))


def ended(state: str = "SUCCEEDED", **changes: Any) -> trainings.JobRecord:
    """Return a job that took a minute."""
    return job(state, **({"progress": 1.0, "finished_millis": NOON + 61_000, "detail": ""} | changes))


def report(number: int) -> trainings.JobReport:
    """Return an epoch's report."""
    return trainings.JobReport(number=number, millis=NOON, step="train", figures={"loss": 1.0 / number})
