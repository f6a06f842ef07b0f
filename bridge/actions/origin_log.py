"""Origins on disk, for a server that starts again beside a projection that is still in memory."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bridge.registry import files

MOST_LINES = 20_000
"""Lines after which the file is written anew, without what is remembered no more."""

_log = logging.getLogger(__name__)


class OriginLog:
    """A file with a JSON document a line, the newest last.

    A line that a crash cut off, or that was lost with the machine's power, is an origin that nobody knows: what needs
    to know it is refused, never answered wrongly. So nothing is synced here. Blocks: never call it on the event loop.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = 0

    def read(self) -> list[dict[str, Any]]:
        """Return the documents, without lines that are none."""
        try:
            lines = files.read_plain(self._path).splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            _log.warning("the origins of properties cannot be read: %s", error)
            return []
        self._lines = len(lines)
        return [document for line in lines if isinstance(document := _document(line), dict)]

    def append(self, documents: Iterable[dict[str, Any]]) -> None:
        """Add documents. A full disk is no reason to fail: the properties are in the projection already."""
        lines = [b"\n" + json.dumps(document).encode() for document in documents]  # before, for the last may be cut off
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"".join(lines))
        except OSError as error:
            _log.warning("an origin is remembered only until the server stops: %s", error)
        self._lines += len(lines)

    @property
    def long(self) -> bool:
        """Whether it should be written anew."""
        return self._lines > MOST_LINES

    def rewrite(self, documents: Iterable[dict[str, Any]]) -> None:
        """Replace all, whole or not at all."""
        lines = [json.dumps(document).encode() for document in documents]
        partial = self._path.with_suffix(".partial")
        try:
            files.write_file(partial, b"\n".join(lines))
            files.move(partial, self._path)
        except OSError as error:
            _log.warning("the origins of properties cannot be written: %s", error)
        self._lines = len(lines)


def _document(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
