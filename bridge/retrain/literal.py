"""Values written in Cypher: numbers, strings, booleans, null, and lists and maps of them."""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string> '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*" )
    | (?P<float> -?(?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)? | -?\d+[eE][+-]?\d+ )
    | (?P<integer> -?\d+ )
    | (?P<word> [A-Za-z_]\w* )
    | (?P<mark> [\[\]{}:,] )
    )""",
    re.VERBOSE,
)

_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def read(text: str) -> tuple[Any, str]:
    """Read the value that a text begins with; return it with the text behind it.

    Raises:
        ValueError: the text does not begin with a value.
    """
    reader = _Reader(text)
    return reader.value(), text[reader.place :]


class _Reader:
    """Goes through a text from value to value."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.place = 0

    def value(self) -> Any:
        token = self._next()
        if token["string"]:
            return _unquoted(token["string"])
        if token["float"]:
            return float(token["float"])
        if token["integer"]:
            return int(token["integer"])
        if token["word"] and token["word"].lower() in _WORDS:
            return _WORDS[token["word"].lower()]
        if token["mark"] == "[":
            return self._items("]", self.value)
        if token["mark"] == "{":
            return dict(self._items("}", self._entry))
        raise ValueError(f"`{token[0].strip()}` is no value")

    def _entry(self) -> tuple[str, Any]:
        token = self._next()
        key = token["word"] or (token["string"] and _unquoted(token["string"]))
        if not key or self._next()["mark"] != ":":
            raise ValueError("a map has keys with colons")
        return key, self.value()

    def _items(self, end: str, item: Any) -> list[Any]:
        found: list[Any] = []
        while True:
            before = self.place
            token = self._next()
            if token["mark"] == end:
                return found
            if found and token["mark"] != ",":
                raise ValueError(f"`,` or `{end}` is missing")
            if not found:
                self.place = before
            found.append(item())

    def _next(self) -> re.Match[str]:
        token = _TOKEN.match(self._text, self.place)
        if token is None:
            raise ValueError(f"`{self._text[self.place :].strip() or 'nothing'}` is no value")
        self.place = token.end()
        return token


def _unquoted(quoted: str) -> str:
    return re.sub(r"\\(u[0-9A-Fa-f]{4}|.)", _unescaped, quoted[1:-1], flags=re.DOTALL)


def _unescaped(escape: re.Match[str]) -> str:
    character = escape[1]
    return chr(int(character[1:], 16)) if len(character) == 5 else _ESCAPES.get(character, character)
