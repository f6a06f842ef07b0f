"""What stands in a cell of a generated Markdown table."""

from __future__ import annotations

import json


def value(default: object) -> str:
    """Write a default as Cypher would take it."""
    return json.dumps(default, ensure_ascii=False).replace('"', "'")


def cell(text: str) -> str:
    """Fit a text into one line of a table."""
    return " ".join(text.split()).replace("|", "\\|")
