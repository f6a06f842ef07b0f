"""Trainings of `people_and_films()` that take a second."""

from __future__ import annotations

from typing import Any

TRAINING: dict[str, Any] = {
    "sourceNodeLabel": "User", "targetRelationshipType": "RATED", "targetNodeLabel": "Film", "targetProperty": "rating",
    "featureProperties": {"Film": ["vector"]}, "baselines": "none", "randomSeed": 7, "refit": False,
}  # fmt: skip
RANKING = {**TRAINING, "modelName": "ranks", "objective": "ranking", "epochs": 40}
RATING = {**TRAINING, "modelName": "rates", "objective": "rating", "epochs": 5}
