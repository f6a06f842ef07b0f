"""What became of a training whose server was killed, as the store tells."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from bridge.core.errors import BridgeError
from bridge.jobs.all_jobs import OPERATOR
from bridge.jobs.status import JobRecord, JobState, Outcome
from bridge.registry.aliases import CHAMPION
from bridge.registry.store import Store
from bridge.registry.version import Version

_log = logging.getLogger(__name__)


def outcome_of(record: JobRecord, store: Store) -> Outcome | None:
    """Tell how an unfinished job ended; None when it has stored no version.

    A server that is killed between the moment in which a version is stored and the one in which the job's end is must
    not say that nothing has come of it. A store that tells nothing keeps no server from starting.
    """
    try:
        version = next(_made(record, store), None)
        return None if version is None else _outcome(version, store)
    except BridgeError as error:
        _log.warning("job %s: what came of it cannot be told: %s", record.id, error.message)
        return None


def _outcome(version: Version, store: Store) -> Outcome:
    manifest = version.manifest
    made = (version.model_name, version.number)
    if manifest.gate and not manifest.gate.get("promoted", True):
        if manifest.gate.get("passed", False) or manifest.gate.get("promote") == "never":
            return Outcome(JobState.SUCCEEDED, *made)
        why = (str(manifest.gate.get(key, "")) for key in ("text", "reason"))
        return Outcome(JobState.REJECTED, *made, *why)
    return _unpromoted(version) if _champion(version, store) != version.number else Outcome(JobState.SUCCEEDED, *made)


def _champion(version: Version, store: Store) -> int | None:
    """Return the champion of a version's model; None when its aliases cannot be read."""
    try:
        return store.number(version.manifest.store_key, version.model_name, CHAMPION)
    except BridgeError as error:
        _log.warning("model %s: %s", version.model_name, error.message)
        return None


def _unpromoted(version: Version) -> Outcome:
    text = (
        f"The server stopped while this job was at work: version {version.number} of `{version.model_name}` is stored, "
        "but not named as the one that answers. Promote it (`bridge.model.promote`), or start the training again."
    )
    return Outcome(JobState.FAILED, version.model_name, version.number, text, "SERVER_RESTARTED")


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
    # What operators train stays its model's owner's.
    theirs = record.user in (manifest.owner, OPERATOR)
    return theirs and (manifest.configuration.get("jobId"), manifest.database) == (record.id, record.database)
