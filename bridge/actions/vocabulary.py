"""The catalog of stored vocabularies: list, drop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bridge.actions.provenance import MULTI_HOT
from bridge.actions.rows import send_row, send_rows
from bridge.core.call import Call
from bridge.core.config import Config, ModelName
from bridge.core.errors import BridgeError, DamagedError, FailedPreconditionError, NotFoundError
from bridge.core.procedure import Procedure, Row
from bridge.registry.vocabularies import Vocabulary

if TYPE_CHECKING:
    from bridge.actions.services import Services
    from bridge.registry.store import Store
    from bridge.registry.vocabularies import Vocabularies


class VocabularyListConfig(Config):
    """The stored vocabularies of this database, which decide the positions of multi-hot vectors."""

    vocabulary: str = ""
    """Only this one; all when empty."""


class VocabularyDropConfig(Config):
    """Drop a stored vocabulary that no stored version of a model depends on. Only the owner may."""

    vocabulary: ModelName
    """The vocabulary to drop."""
    fail_if_missing: bool = True
    """Fail when there is no such vocabulary."""


class VocabularyRow(Row):
    """One stored vocabulary."""

    vocabulary: str
    """Its name."""
    values: list[str]
    """The value that each position stands for."""
    value_count: int
    """How many there are: the length of the vectors."""
    owner: str
    """Who made it and may drop it; empty when anyone may."""
    creation_time: datetime | None
    """When it was made; null for one of an older bridge."""
    used_by: list[str]
    """The stored versions that read vectors made with it, as `model:version`."""
    error: str | None
    """Why it cannot be used; null when it can."""


async def list_vocabularies(request: VocabularyListConfig, call: Call, services: Services) -> None:
    """Answer with a row a vocabulary, one that is damaged included."""
    database = call.caller.database_key
    rows = await services.compute(_rows, services.vocabularies, services.store, database, request.vocabulary)
    await send_rows(call, VocabularyRow, rows)


async def drop(request: VocabularyDropConfig, call: Call, services: Services) -> None:
    """Drop a vocabulary that nothing depends on, and answer with what it was."""
    caller = call.caller
    try:
        dropped = await services.finish(
            _drop, services.vocabularies, services.store, caller.database_key, request.vocabulary, caller.user
        )
    except NotFoundError:
        if request.fail_if_missing:
            raise
        await send_rows(call, VocabularyRow, [])
        return
    await send_row(call, _row(dropped, ()))


def _rows(vocabularies: Vocabularies, store: Store, database: str, only: str) -> list[VocabularyRow]:
    users = _users(store, database)
    rows = []
    for name in [only] if only else vocabularies.names(database):
        try:
            found = vocabularies.get(database, name)
            rows.append(_row(found, users.get(found.hash, ())))
        except DamagedError as damage:
            rows.append(_row(Vocabulary(name, [], "", 0), (), damage.message))
        except NotFoundError:
            if only:
                raise
    return rows


def _drop(vocabularies: Vocabularies, store: Store, database: str, name: str, user: str) -> Vocabulary:
    found = vocabularies.get(database, name)
    vocabularies.check_owner(found, user)
    if users := _users(store, database).get(found.hash, ()):
        raise FailedPreconditionError(
            f"The vocabulary `{name}` is needed by {len(users)} stored versions, the first `{users[0]}`: without it "
            "nobody could make their vectors again. Drop these versions before, with `bridge.model.drop`, or keep it.",
            reason="VOCABULARY_IN_USE",
            vocabulary=name,
        )
    return vocabularies.drop(database, name, user)


def _users(store: Store, database: str) -> Mapping[str, Sequence[str]]:
    """Return the stored versions that read multi-hot vectors, by the hash of the vocabulary these were made with."""
    users: dict[str, list[str]] = {}
    for model in store.model_names(database):
        try:
            numbers = store.versions(database, model)
        except NotFoundError:  # dropped meanwhile
            continue
        for number in numbers:
            for vocabulary in _read_by(store, database, model, number):
                users.setdefault(vocabulary, []).append(f"{model}:{number}")
    return users


def _read_by(store: Store, database: str, model: str, number: int) -> set[str]:
    try:
        features = store.version(database, model, number).manifest.features
    except BridgeError:  # a version that cannot be read never answers again
        return set()
    return {each.encoder.removeprefix(MULTI_HOT) for each in features if each.encoder.startswith(MULTI_HOT)}


def _row(found: Vocabulary, users: Sequence[str], error: str | None = None) -> VocabularyRow:
    return VocabularyRow(
        vocabulary=found.name,
        values=found.values,
        value_count=len(found.values),
        owner=found.owner,
        creation_time=datetime.fromtimestamp(found.created_millis / 1000, UTC) if found.created_millis else None,
        used_by=list(users),
        error=error,
    )


VOCABULARY_LIST = Procedure(
    "bridge.vocabulary.list", VocabularyListConfig, {"": VocabularyRow}, list_vocabularies, positional=True
)
VOCABULARY_DROP = Procedure("bridge.vocabulary.drop", VocabularyDropConfig, {"": VocabularyRow}, drop, positional=True)
