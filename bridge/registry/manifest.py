"""What a version of a model is: one JSON document beside its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bridge.core.config import ModelName
from bridge.core.errors import DamagedError, FailedPreconditionError

FORMAT_VERSION = 1
"""Of what this bridge writes; it reads this and older ones."""

MANIFEST_NAME = "manifest.json"

FILE_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class StoredFile(_Document):
    """A file of a version, as it was written."""

    bytes: int
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Feature(_Document):
    """A node property that the model reads, and how to recognise it (DESIGN 5.8)."""

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
    """Everything about a version but its weights. The store fills in `version` and `files`."""

    format_version: int = FORMAT_VERSION
    model_name: ModelName
    version: int = 0
    """From 1; 0 before it is published."""
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
    history: tuple[dict[str, Any], ...] = ()
    """One map an epoch."""
    warnings: tuple[str, ...] = ()
    model_info: dict[str, Any] = Field(default_factory=dict)
    """Whatever else `modelInfo` shows."""
    files: dict[Annotated[str, StringConstraints(pattern=FILE_NAME_PATTERN)], StoredFile] = Field(default_factory=dict)
    """By name; every file of the version but the manifest."""

    @property
    def store_key(self) -> str:
        """What the store files the model's database under: its id, or its name when it has none."""
        return self.database_id or self.database

    def to_json(self) -> bytes:
        """Return the document as it is stored, with a checksum of itself. NaN and infinity become null."""
        content = _finite(self.model_dump(mode="json"))
        return json.dumps({"checksum": _checksum(content), **content}, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes, place: str) -> Self:
        """Read a stored document. `place` names it in errors.

        Raises:
            DamagedError: it is not what was written.
            FailedPreconditionError: a newer bridge wrote it.
        """
        try:
            content = json.loads(text)
            checksum = content.pop("checksum")
            written_by = int(content["format_version"])
        except (ValueError, TypeError, KeyError, AttributeError):
            raise _damaged(place, "it is no manifest") from None
        if written_by > FORMAT_VERSION:
            raise FailedPreconditionError(
                f"`{place}` has format {written_by}, written by a newer bridge; this one reads up to "
                f"{FORMAT_VERSION}. Upgrade the server, or train the model again under another name.",
                reason="NEWER_FORMAT",
            )
        if checksum != _checksum(content):
            raise _damaged(place, "its checksum does not match its content")
        try:
            return cls.model_validate_json(json.dumps(content))
        except ValidationError as error:
            raise _damaged(place, f"{error.error_count()} of its fields are not as bridge writes them") from None


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _finite(value: Any) -> Any:
    """Replace NaN and infinity, which JSON does not have, by null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def _damaged(place: str, why: str) -> DamagedError:
    return DamagedError(
        f"`{place}` is damaged: {why}. Restore the file from a backup, ask for another `modelVersion`, "
        "or train the model again.",
        reason="MODEL_DAMAGED",
        file=place,
    )
