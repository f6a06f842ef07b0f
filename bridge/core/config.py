"""Configuration maps, validated as GDS validates its own: every fault at once, in GDS's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from bridge.core.errors import InvalidArgumentError, similar

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

ModelName = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""1 to 64 letters, digits, dots, underscores and hyphens; the first a letter or digit."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=65_534)]
"""A label, relationship type or property of Neo4j, or a projection's name."""


class Config(BaseModel):
    """Base of every configuration: frozen, camelCase outside, unknown keys refused.

    The docstring under a field is its documentation everywhere: docs page, `bridge.list`, notebook client.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )

    @classmethod
    def accepted(cls) -> list[str]:
        """Return the accepted keys, as users write them."""
        return [info.alias or name for name, info in cls.model_fields.items()]

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """Read a user's map. Keys match whatever their case, and null stands for a missing key, as in GDS.

        Raises:
            InvalidArgumentError: with every fault of the map.
        """
        by_lower = {key.lower(): key for key in cls.accepted()}
        known: dict[str, Any] = {}
        faults: list[str] = []
        for word, value in given.items():
            key = by_lower.get(word.lower(), word)
            if value is not None and key in known:
                faults.append(f"The configuration parameter `{key}` was given more than once, also as `{word}`.")
            if value is not None:
                known[key] = value
        try:
            config = cls.model_validate(known, by_alias=True, by_name=False)
        except ValidationError as error:
            faults += _faults(cls, error)
        if faults:
            raise InvalidArgumentError(_join(faults), reason="INVALID_CONFIGURATION")
        return config

    def effective(self) -> dict[str, Any]:
        """Return the map that was in force, defaults included, as the `configuration` column shows it."""
        return self.model_dump(by_alias=True, mode="json")


def _join(faults: list[str]) -> str:
    if len(faults) == 1:
        return faults[0]
    return "Multiple errors in configuration arguments:" + "".join(f"\n\t\t\t\t{fault}" for fault in faults)


def _faults(config: type[Config], error: ValidationError) -> Iterator[str]:
    details = error.errors(include_url=False)
    unexpected = [str(fault["loc"][0]) for fault in details if fault["type"] == "extra_forbidden"]
    if unexpected:
        yield _unexpected(unexpected, config.accepted())
    present = {str(fault["loc"][0]) for fault in details if fault["type"] != "missing"}
    by_key: dict[str, list[ErrorDetails]] = {}
    for fault in details:
        if fault["type"] != "extra_forbidden":
            by_key.setdefault(str(fault["loc"][0]) if fault["loc"] else "", []).append(fault)
    for key, faults in by_key.items():
        yield _fault_text(key, _nearest(faults), [word for word in sorted(present) if similar(key, word)])


def _nearest(faults: list[ErrorDetails]) -> list[ErrorDetails]:
    """Keep what is wrong with the choice that was meant: a key of several types has a fault for each."""
    deepest = max(len(fault["loc"]) for fault in faults)
    nearest = [fault for fault in faults if len(fault["loc"]) == deepest]
    fitting = [fault for fault in nearest if fault["type"] not in _TYPES]
    return fitting[:1] or nearest


def _unexpected(words: list[str], allowed: list[str]) -> str:
    def hint(word: str) -> str:
        close = [key for key in allowed if similar(word, key)]
        if not close:
            return word
        return f"{word} (Did you mean {'' if len(close) == 1 else 'one of '}[{', '.join(close)}]?)"

    return f"Unexpected configuration key{'' if len(words) == 1 else 's'}: {', '.join(map(hint, words))}"


_TYPES = {
    "int_type": "Integer", "float_type": "Float", "string_type": "String", "bool_type": "Boolean",
    "tuple_type": "List", "list_type": "List", "dict_type": "Map", "mapping_type": "Map",
}  # fmt: skip


def _fault_text(key: str, faults: list[ErrorDetails], close: list[str]) -> str:
    fault = faults[0]
    kind, value, context = fault["type"], fault["input"], fault.get("ctx", {})
    path = key + "".join(_place(part) for part in fault["loc"][1:])
    if kind == "missing":
        hint = f" (a similar parameter exists: [{', '.join(close)}])" if close else ""
        return f"No value specified for the mandatory configuration parameter `{key}`{hint}"
    if kind in _TYPES:
        types = dict.fromkeys(f"`{_TYPES[each['type']]}`" for each in faults if each["loc"][1:-1] == fault["loc"][1:-1])
        return f"The value of `{path}` must be of type {' or '.join(types)} but was `{type_name(value)}`."
    if kind == "literal_error":
        return f"The value of `{path}` must be one of {context['expected']} but was `{value}`."
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return f"Value for `{path}` was `{value}`, but must be {_BOUNDS[kind]} {next(iter(context.values()))}."
    if kind == "finite_number":
        return f"Value for `{path}` was `{value}`, but must be finite."
    if kind == "string_pattern_mismatch":
        return (
            f"`{path}` was `{value}`, but must be 1 to 64 letters, digits, `.`, `_` or `-`, "
            "and start with a letter or digit."
        )
    if kind == "string_too_short":
        return f"`{path}` can not be null or blank, but it was `{value}`"
    return f"Value for `{path}` was `{value}`: {fault['msg'].removeprefix('Value error, ')}."


def _place(part: int | str) -> str:
    """Write one step into a list or a map; pydantic's words for a key itself and for a type are no steps."""
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if part.isidentifier() and part not in _TYPE_WORDS else ""


_TYPE_WORDS = frozenset({"int", "float", "str", "bool"})

_BOUNDS = {
    "greater_than": "greater than",
    "greater_than_equal": "at least",
    "less_than": "less than",
    "less_than_equal": "at most",
}


def type_name(value: object) -> str:
    """Name a value's type in Cypher's words."""
    names = {bool: "Boolean", int: "Integer", float: "Float", str: "String", dict: "Map", type(None): "Null"}
    return names.get(type(value), "List" if isinstance(value, (list, tuple)) else type(value).__name__)


PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Names = Annotated[tuple[Name, ...], Strict(False)]
"""A list of names; Cypher's lists arrive as Python lists, which a strict tuple would refuse."""
