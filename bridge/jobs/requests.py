"""Whether a request that comes again under its id asks for the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.core.errors import AlreadyExistsError
from bridge.jobs.status import JobRecord

_DIGEST_BYTES = 8


def digests(asked: Mapping[str, Any]) -> dict[str, str]:
    """Return a hash of each value that a request has, by its name; one in a map of the request is `map.name`.

    Hashes, since a value may be long, or a secret. Null stands for a value that is not there.
    """
    return {name: _digest(value) for name, value in _named(asked) if value is not None}


def check_same(record: JobRecord, asked: Mapping[str, Any], called: str) -> None:
    """Refuse a request whose id asked for something else before; `called` is what the caller calls the id.

    A job that an older bridge entered does not tell what was asked for: it is taken for the same.

    Raises:
        AlreadyExistsError: naming what is different, without the values.
    """
    before, now = record.asked, digests(asked)
    others = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if before and others:
        raise AlreadyExistsError(
            f"The {called} was used before, with other values of {', '.join(f'`{name}`' for name in others)}. Give "
            "this request an id of its own, or ask for the same as before.",
            reason="REQUEST_ID_TAKEN",
            jobId=record.id,
        )


def _named(asked: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in asked.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", each) for inner, each in value.items())
        else:
            yield name, value


def _digest(value: Any) -> str:
    text = json.dumps(value, default=str, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
