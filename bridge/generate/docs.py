"""The reference part of `docs/procedures/*.md`; the prose around it is people's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from bridge.core.procedure import Parameter, Signature
from bridge.generate.architectures import defaults
from bridge.generate.family import Family
from bridge.generate.tables import cell, value

BEGIN = "<!-- reference: written by `python -m bridge.generate`, do not edit -->"
END = "<!-- end of the reference -->"

MORE: Mapping[str, Callable[[], str]] = {"gnn": defaults}
"""By family, a section after its configuration that is not of the procedures but of what they run."""


def page(family: Family, existing: str | None) -> str:
    """Return the page with its reference renewed; what stands before and after the markers is kept.

    Raises:
        ValueError: the page has no markers, so there is no telling which part is prose.
    """
    reference = f"{BEGIN}\n\n{_reference(family)}\n{END}\n"
    if existing is None:
        return f"# bridge.{family.name}\n\n{reference}"
    if existing.count(BEGIN) != 1 or existing.count(END) != 1:
        raise ValueError(f"docs/procedures/{family.name}.md must have the lines {BEGIN} and {END} once each.")
    before, rest = existing.split(BEGIN)
    return f"{before}{reference}{rest.split(END)[1].removeprefix(chr(10))}"


def _reference(family: Family) -> str:
    parts = [part for signature in family.signatures for part in _signature(signature)]
    for keys, names in _configurations(family):
        parts.append(f"## Configuration of {', '.join(f'`{name}`' for name in names)}\n")
        parts.append(_keys(keys))
    if family.name in MORE:
        parts.append(MORE[family.name]())
    return "\n".join(parts)


def _configurations(family: Family) -> list[tuple[tuple[Parameter, ...], list[str]]]:
    """Group the signatures that share their keys; a default may be a list, so keys cannot be hashed."""
    groups: list[tuple[tuple[Parameter, ...], list[str]]] = []
    for signature in family.signatures:
        names = next((names for keys, names in groups if keys == signature.configuration), None)
        if names is not None:
            names.append(signature.name)
        elif signature.configuration:
            groups.append((signature.configuration, [signature.name]))
    return groups


def _signature(signature: Signature) -> Iterator[str]:
    arguments = ", ".join(
        f"{each.name} :: {each.type}" if each.required else f"{each.name} = {value(each.default)} :: {each.type}"
        for each in signature.arguments
    )
    yield f"## {signature.name}\n"
    yield f"{signature.description}\n"
    yield f"```\n{signature.name}({arguments})\n```\n"
    if signature.arguments and not signature.needs_graph:
        yield _keys(signature.arguments)
    yield "| yields | type | |\n|---|---|---|"
    yield "".join(f"| `{each.name}` | {each.type} | {cell(each.description)} |\n" for each in signature.yields)


def _keys(keys: Sequence[Parameter]) -> str:
    rows = "".join(
        f"| `{each.name}` | {each.type} | {'required' if each.required else f'`{value(each.default)}`'} "
        f"| {cell(each.allowed)} | {cell(each.description)} |\n"
        for each in keys
    )
    return f"| key | type | default | allowed | |\n|---|---|---|---|---|\n{rows}"
