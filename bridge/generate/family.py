"""Procedures by family: one docs page each, and the Java classes of one name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.core.procedure import Procedure, Signature


@dataclass(frozen=True)
class Family:
    """The procedures whose names share the second part: `bridge.model.list`, `bridge.model.drop`."""

    name: str
    """That part, `model`."""
    signatures: tuple[Signature, ...]

    @property
    def class_name(self) -> str:
        """Name of the Java class."""
        return f"{self.name[0].upper()}{self.name[1:]}Procedures"


def families(procedures: Sequence[Procedure]) -> list[Family]:
    """Group all signatures, in the order of the declarations.

    Raises:
        ValueError: two procedures have the same name.
    """
    grouped: dict[str, dict[str, Signature]] = {}
    for procedure in procedures:
        for signature in procedure.signatures():
            family = grouped.setdefault(signature.name.split(".")[1], {})
            if signature.name in family:
                raise ValueError(f"The procedure {signature.name} is declared twice.")
            family[signature.name] = signature
    return [Family(name, tuple(members.values())) for name, members in grouped.items()]
