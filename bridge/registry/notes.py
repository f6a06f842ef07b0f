"""What a store has said of its models in the log, so that it says nothing twice."""

from __future__ import annotations

import logging

MOST_KEPT = 1_000
"""Notes that are remembered; when there are more, each may be said once again."""

_log = logging.getLogger(__name__)


class Notes:
    """Writes each note into the log once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def say(self, model_name: str, note: str) -> None:
        """Warn, unless that was done before; an empty note is none."""
        if not note or note in self._said:
            return
        if len(self._said) >= MOST_KEPT:
            self._said.clear()
        self._said.add(note)
        _log.warning("model %s: %s", model_name, note)
