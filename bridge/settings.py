"""Every knob of the server that the environment can turn; read by the composition roots alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge.core.errors import InvalidArgumentError

PREFIX = "BRIDGE_"

Mib = Annotated[int, Field(gt=0)]


def _cpus() -> int:
    # macOS has no affinity.
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class Settings(BaseModel):
    """Settings of one server. The field `threads` is the variable BRIDGE_THREADS, and so on."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    host: str = "127.0.0.1"
    """Address to listen on. Beyond this machine it needs a token and TLS, or `insecure`."""
    port: int = Field(default=7690, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    insecure: bool = False
    """Listen beyond this machine without token or TLS."""
    data: Path = Path(".bridge/server")
    """Folder of models, snapshots and what jobs leave behind for a moment."""
    plugin_token: str = ""
    """What the plugin must send; not asked for when empty."""
    operator_token: str = ""
    """What operators must send; not asked for when empty."""
    tls_certificate: Path | None = None
    """PEM file with the server's certificate chain."""
    tls_key: Path | None = None
    """PEM file with its private key."""
    threads: int = Field(default_factory=_cpus, gt=0)
    """Threads that one computation may use; as many as there are CPUs for this process when not set."""
    executor_threads: int = Field(default=2, gt=0)
    """Computations that the server itself runs at once."""
    trainer_slots: int = Field(default=1, gt=0)
    """Trainings at once."""
    trainer_queue: int = Field(default=8, ge=0)
    """Trainings that may wait."""
    trainer_niceness: int = Field(default=10, ge=0, le=19)
    """Added to the niceness of training processes, and on Linux of the threads that score for `CALL bridge.recommend`,
    `predict` and `similar`: the server answers predictions first. These threads also pause while predictions are asked
    for."""
    trainer_memory_mib: Mib | None = None
    """Most memory of a training process in MiB; no limit when not set."""
    snapshot_mib: Mib = 8 * 1024
    """Most disk space for cached projections, in MiB."""
    store_mib: Mib | None = None
    """Most disk space for models, in MiB; no limit when not set. Each version counts with the snapshot of its training,
    also where versions and the cache of snapshots share its disk space (by hard links)."""
    job_days: int = Field(default=30, gt=0)
    """How long a finished job stays in the list of jobs, in days."""
    loaded_models: int = Field(default=8, gt=0)
    """Models kept in memory."""
    stop_seconds: float = Field(default=5.0, ge=0)
    """How long running calls may go on after the server was told to stop, in seconds."""
    neo4j_uri: str = ""
    """Where recipes run, as `bolt://host:7687` or `neo4j+s://host`; no recipe runs when not set."""
    neo4j_user: str = ""
    """As whom recipes run; not set for a database without authentication."""
    neo4j_password_file: Path | None = None
    """File with that user's password."""
    neo4j_database: str = "neo4j"
    """Name of the database in which recipes run."""
    recipes: Path | None = None
    """Folder of recipes, files NAME.cypher."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """From which level on the server logs."""

    @classmethod
    def read(cls, environment: Mapping[str, str], **given: object) -> Self:
        """Take the settings from the environment; what is given goes before.

        Raises:
            InvalidArgumentError: naming each variable that can not be read.
        """
        found = {
            name: environment[PREFIX + name.upper()]
            for name in cls.model_fields
            if environment.get(PREFIX + name.upper())
        }
        try:
            return cls.model_validate(found | {key: value for key, value in given.items() if value is not None})
        except ValidationError as error:
            faults = "; ".join(
                f"{PREFIX}{str(fault['loc'][0]).upper()} was `{fault['input']}`: {fault['msg']}"
                for fault in error.errors()
            )
            raise InvalidArgumentError(f"The server's settings can not be read: {faults}.", reason="SETTINGS") from None
