"""What a version of a model is: one JSON document beside its files."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bridge.core.config import ModelName
from bridge.registry.document import damaged, from_document, to_document

FORMAT_VERSION = 2
"""Of what this bridge writes; it reads this and older ones. 2 added `parent_version` and `gate`."""

MANIFEST_NAME = "manifest.json"

FILE_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class StoredFile(_Document):
    """A file of a version, as it was written."""

    bytes: int
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Feature(_Document):
    """A node property that the model reads, and how to recognise it."""

    label: str
    property: str
    dimension: int
    """1 for scalars."""
    probe_keys: tuple[int | str, ...] = ()
    """Keys of up to 64 nodes of the training."""
    probe_values: tuple[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], ...] = ()
    """Their values at that time, each `dimension` long, in the order of `probe_keys`."""
    encoder: str = ""
    """Hash of the encoder that made it (vocabulary, text model); empty when bridge did not."""


class GraphFacts(_Document):
    """The projection that the model was trained on."""

    name: str = ""
    node_counts: dict[str, int] = Field(default_factory=dict)
    """By label."""
    relationship_counts: dict[str, int] = Field(default_factory=dict)
    """By type, in the directions that the projection had."""
    edge_types: tuple[tuple[str, str, str], ...] = ()
    """(source label, type, target label) of each; empty when not recorded."""
    undirected_types: tuple[str, ...] = ()
    """Types whose relationships were there in both directions."""
    fingerprint: str = ""
    """Sha256 of its content in canonical order."""


class TargetFacts(_Document):
    """What the model predicts."""

    source_label: str
    relationship_type: str
    target_label: str
    property: str | None = None
    time_property: str | None = None


class Manifest(_Document):
    """Everything about a version but its weights. The store fills in `version`, and `files` where there are none."""

    format_version: int = FORMAT_VERSION
    model_name: ModelName
    version: int = 0
    """From 1; 0 before it is published."""
    parent_version: int | None = None
    """The version that it was to succeed: the champion when it was published, unless the training names another;
    None for the first."""
    database: str
    """The database's name."""
    database_id: str = ""
    """What tells two databases of one name apart; empty when unknown."""
    owner: str = ""
    """The user who trained it; empty when authentication was off."""
    model_type: str
    """The architecture: `graphFm`, `lightGcn`, `sage`, `node2vec`."""
    objective: str = ""
    created_millis: int
    """Milliseconds since 1970."""
    train_millis: int = 0
    configuration: dict[str, Any] = Field(default_factory=dict)
    """The effective map of the training call."""
    target: TargetFacts | None = None
    node_keys: dict[str, str] = Field(default_factory=dict)
    """By label, the property that identifies a node; a label that is not here goes by Neo4j's ids."""
    features: tuple[Feature, ...] = ()
    graph: GraphFacts = Field(default_factory=GraphFacts)
    seeds: dict[str, int] = Field(default_factory=dict)
    libraries: dict[str, str] = Field(default_factory=dict)
    """By name, the version of each library that shaped the weights."""
    metrics: dict[str, Any] = Field(default_factory=dict)
    baselines: dict[str, Any] = Field(default_factory=dict)
    gate: dict[str, Any] = Field(default_factory=dict)
    """Result of the quality gate; empty when it passed none."""
    history: tuple[dict[str, Any], ...] = ()
    """One map an epoch."""
    warnings: tuple[str, ...] = ()
    model_info: dict[str, Any] = Field(default_factory=dict)
    """Whatever else `modelInfo` shows."""
    files: dict[Annotated[str, StringConstraints(pattern=FILE_NAME_PATTERN)], StoredFile] = Field(default_factory=dict)
    """By name; every file of the version but the manifest. Before it is published, those that the training wrote."""

    @property
    def store_key(self) -> str:
        """What the store files the model's database under: its id, or its name when it has none."""
        return self.database_id or self.database

    def to_json(self) -> bytes:
        """Return the document as it is stored, with a checksum of itself. NaN and infinity become null."""
        return to_document(self.model_dump(mode="json"))

    @classmethod
    def from_json(cls, text: bytes, place: str) -> Self:
        """Read a stored document. `place` names it in errors.

        Raises:
            DamagedError: it is not what was written.
            FailedPreconditionError: a newer bridge wrote it.
        """
        content = from_document(text, place, what="manifest", reads_up_to=FORMAT_VERSION, advice=_ADVICE)
        try:
            return cls.model_validate_json(json.dumps(content))
        except ValidationError as error:
            why = f"{error.error_count()} of its fields are not as bridge writes them"
            raise damaged(place, why, _ADVICE) from None


_ADVICE = "Restore the file from a backup, ask for another `modelVersion`, or train the model again."
