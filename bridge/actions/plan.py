"""What the server hands to a training process, as JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from bridge.core.projection import EdgeType, Target
from bridge.registry.manifest import Feature, StoredFile


class Plan(BaseModel):
    """A validated training: nothing in it is left to be looked up or guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    snapshot: str
    """Folder of the snapshot."""
    staging: str
    """Folder that the trained arrays go to."""
    objective: Literal["ranking", "rating"]
    architecture: str
    hyperparameters: dict[str, Any]
    """As `bridge.gnn.train` takes them, in camelCase."""
    target: Target
    features: dict[str, tuple[str, ...]]
    missing: Literal["error", "zero", "mean"]
    split: Literal["random", "temporal"]
    split_property: str | None
    split_seed: int
    validation_fraction: float
    test_fraction: float
    liked_threshold: float | None
    relevant_threshold: float | None
    refit: bool
    baselines: Literal["fast", "all", "none"]
    initial: str | None = None
    """Folder of the version whose weights the training starts from."""
    seed: int
    threads: int
    device: Literal["auto", "cpu", "cuda"]


class Trained(BaseModel):
    """What a training process answers."""

    model_config = ConfigDict(frozen=True)

    metrics: dict[str, dict[str, int | float]]
    """By part: validation, test."""
    baselines: dict[str, Any]
    """By method, its metrics on the test part, or why it was skipped."""
    split_sizes: dict[str, int]
    epochs: int
    """Epochs that validation chose."""
    losses: list[float]
    """The loss of each epoch of the evaluated fit."""
    validation_curve: list[tuple[int, float]]
    """(epoch, metric) where validation was measured."""
    thresholds: dict[str, float]
    """The thresholds in force."""
    device: str
    seconds: dict[str, float]
    """Seconds of each part of the work."""
    features: tuple[Feature, ...]
    """The feature contract."""
    node_counts: dict[str, int]
    """By label."""
    relationship_counts: dict[str, int]
    """By type."""
    edge_types: tuple[EdgeType, ...]
    undirected_types: tuple[str, ...]
    floor: float
    """The main metric of the simplest baseline on the test part."""
    probes: dict[str, list[tuple[int, int, float]]]
    """By set of weights, rows of source and target with its score, for the check of the published files."""
    warnings: list[str]
    files: dict[str, StoredFile]
    """By name, what the training process left in its staging folder."""
