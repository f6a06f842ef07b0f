"""Keys that several procedures share; their names and meaning are fixed once, here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from bridge.core.config import Config, ModelName, Name, Names, NonNegativeFloat, PositiveInt

Missing = Literal["error", "zero", "mean"]
NodeKeys = dict[Name, Name]

VersionName = PositiveInt | ModelName
"""A version of a model: its number, or an alias."""


class GraphConfig(Config):
    """Keys of everything that reads a projection."""

    concurrency: PositiveInt = 4
    """Threads of a training process, at most as many as the server allows. Accepted as in GDS where the server itself
    computes: there its own bound applies."""
    job_id: ModelName | None = None
    """Name of the job in gds.listProgress and bridge.job.list; a new one when not given."""
    log_progress: bool = True
    """Show the job in gds.listProgress and SHOW TRANSACTIONS."""


class KeyedConfig(GraphConfig):
    """Keys of everything that must know nodes again."""

    node_keys: NodeKeys = Field(default_factory=dict)
    """For each label the stored property that identifies its nodes; where not given, a property with a
    single-property uniqueness or key constraint, if there is just one."""


class GatedConfig(Config):
    """Keys of everything that trains the next version of a model."""

    promote: Literal["always", "ifBetter", "never"] = "always"
    """Whether the new version is to serve: always; if it passes the quality gate, without which it is kept and the job
    is REJECTED; or never. A model's first version serves in any case."""
    tolerance: NonNegativeFloat = 0.01
    """How much worse than the serving version it may be to pass the gate, as a share of that one's metric, on what was
    held out for both."""


class InitialConfig(Config):
    """Keys of everything that can start from what a version has learned."""

    initial_model: ModelName | None = None
    """Model whose weights training starts from, node by node by key; new nodes start as usual. It must have the same
    architecture, dimension, features and node keys, and must not have learned what this training is tested on."""
    initial_version: VersionName | None = None
    """The version of it, by its number or an alias; the `champion` when not given."""


class ModelConfig(KeyedConfig):
    """Keys of everything that asks a hosted model."""

    model_name: ModelName
    """The hosted model."""
    model_version: VersionName | None = None
    """The version to ask, by its number or an alias; the `champion` when not given."""


NodeFilter = Annotated[tuple[int, ...], Strict(False)] | int | Name
"""Nodes (which the plugin passes as their ids), Neo4j's ids, one of them, or a label."""

FeatureProperties = dict[Name, Names] | Names
"""A list of properties for all labels that have them, or a list for each label."""
