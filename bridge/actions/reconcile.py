"""What became of a training whose server was killed, as the store tells."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from bridge.core.errors import BridgeError
from bridge.jobs.status import JobRecord, JobState, Outcome
from bridge.registry.aliases import CHAMPION
from bridge.registry.store import Store
from bridge.registry.version import Version

_log = logging.getLogger(__name__)


def outcome_of(record: JobRecord, store: Store) -> Outcome | None:
    """Tell how an unfinished job ended; None when it has stored no version.

    A server that is killed between the moment in which a version is stored and the one in which the job's end is must
    not say that nothing has come of it.
    """
    version = next(_made(record, store), None)
    if version is None:
        return None
    manifest = version.manifest
    made = (version.model_name, version.number)
    if manifest.gate and not manifest.gate.get("promoted", True):
        if manifest.gate.get("passed", False) or manifest.gate.get("promote") == "never":
            return Outcome(JobState.SUCCEEDED, *made)
        why = (str(manifest.gate.get(key, "")) for key in ("text", "reason"))
        return Outcome(JobState.REJECTED, *made, *why)
    if store.number(manifest.store_key, version.model_name, CHAMPION) == version.number:
        return Outcome(JobState.SUCCEEDED, *made)
    text = (
        f"The server stopped while this job was at work: version {version.number} of `{version.model_name}` is stored, "
        "but another one answers. Promote it (`bridge.model.promote`), or start the training again."
    )
    return Outcome(JobState.FAILED, *made, text, "SERVER_RESTARTED")


def _made(record: JobRecord, store: Store) -> Iterator[Version]:
    """Yield the versions that are of this job, the newest first."""
    model_name = record.configuration.get("modelName")
    if not isinstance(model_name, str) or not record.name.endswith(".train"):
        return
    for database in store.databases().values():
        try:
            numbers = store.versions(database, model_name)
        except BridgeError:  # the model is in another database
            continue
        for number in reversed(numbers):
            try:
                version = store.version(database, model_name, number)
            except BridgeError as error:
                _log.warning("job %s: %s", record.id, error.message)
                continue
            if version.manifest.created_millis < record.status.created_millis:
                break
            if _is_of(version, record):
                yield version


def _is_of(version: Version, record: JobRecord) -> bool:
    manifest = version.manifest
    theirs = (manifest.configuration.get("jobId"), manifest.owner, manifest.database)
    return theirs == (record.id, record.user, record.database)
