"""JSON documents that notice when they are not what was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bridge.core.errors import DamagedError, FailedPreconditionError


def to_document(content: Mapping[str, Any]) -> bytes:
    """Return a document as it is stored, with a checksum of itself. NaN and infinity become null."""
    finite = _finite(dict(content))
    return json.dumps({"checksum": _checksum(finite), **finite}, indent=1).encode()


def from_document(text: bytes, place: str, *, what: str, reads_up_to: int, advice: str) -> dict[str, Any]:
    """Read a stored document. `place` names it in errors, `what` says what it should be, `advice` what to do.

    Raises:
        DamagedError: it is not what was written.
        FailedPreconditionError: a newer bridge wrote it.
    """
    try:
        content: dict[str, Any] = json.loads(text, parse_constant=_refuse)
        checksum = content.pop("checksum")
        written_by = int(content["format_version"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise damaged(place, f"it is no {what}", advice) from None
    if written_by > reads_up_to:
        raise FailedPreconditionError(
            f"`{place}` has format {written_by}, written by a newer bridge; this one reads up to "
            f"{reads_up_to}. Upgrade the server, or train the model again under another name.",
            reason="NEWER_FORMAT",
        )
    if checksum != _checksum(content):
        raise damaged(place, "its checksum does not match its content", advice)
    return content


def damaged(place: str, why: str, advice: str) -> DamagedError:
    """Return the error for a document that is not what was written."""
    return DamagedError(f"`{place}` is damaged: {why}. {advice}", reason="MODEL_DAMAGED", file=place)


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


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
