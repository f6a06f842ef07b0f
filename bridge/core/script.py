"""Cypher scripts: split a file into the statements that Browser would run one after the other."""

from __future__ import annotations

import re
from pathlib import Path

_TOKEN = re.compile(
    r"""
      (?P<quoted> '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*" | `(?:``|[^`])*` )
    | (?P<comment> //[^\n]* | /\*.*?\*/ )
    | (?P<end> ; )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)


def split(text: str) -> list[str]:
    """Return a script's statements without their semicolons, each with the comments before it.

    A semicolon inside a string, a quoted name or a comment ends nothing. Comments and blanks alone are no statement.
    """
    statements: list[str] = []
    piece: list[str] = []
    says_something = False
    for token in _TOKEN.finditer(text):
        if token["end"]:
            if says_something:
                statements.append("".join(piece).strip())
            piece, says_something = [], False
            continue
        piece.append(token[0])
        says_something = says_something or not (token["comment"] or token[0].isspace())
    if says_something:
        statements.append("".join(piece).strip())
    return statements


def read(path: Path) -> list[str]:
    """Return the statements of a file."""
    return split(path.read_text(encoding="utf-8"))


def bare(text: str) -> str:
    """Return Cypher without its comments, and with nothing inside its strings and quoted names."""

    def short(token: re.Match[str]) -> str:
        if token["quoted"]:
            return token[0][0] + token[0][-1]
        return " " if token["comment"] else token[0]

    return _TOKEN.sub(short, text)
