"""bridge/core/procedure.py: declared once, known everywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

import pytest
from pydantic import Field

from bridge.core.config import Config, Names, PositiveInt
from bridge.core.procedure import EstimateRow, NodeId, Procedure, Row, contract_hash, cypher_type, parameters


class AskConfig(Config):
    """Ask for something."""

    name: str
    """What."""
    count: PositiveInt = 10
    """How many."""
    kinds: Names = ("*",)
    """Of which kinds."""
    mode: Literal["fast", "all"] = "fast"
    """How."""
    most: PositiveInt | None = None
    """At most how many."""
    version: PositiveInt | Literal["newest"] | None = None
    """Of which version."""
    share: float | None = Field(default=None, ge=0, lt=1)
    """How much of it."""


class AskRow(Row):
    """An answer."""

    source_node_id: NodeId
    """Whose."""
    score: float
    """How good."""


async def _run(request: AskConfig, call: object, services: object) -> None: ...


ASK = Procedure("bridge.ask", AskConfig, {"stream": AskRow, "write": AskRow}, _run)


def test_a_family_has_a_signature_for_each_mode() -> None:
    stream, write = ASK.signatures()
    assert (stream.name, stream.mode, stream.lazy) == ("bridge.ask.stream", "READ", True)
    assert (write.name, write.mode, write.lazy) == ("bridge.ask.write", "WRITE", False)
    assert stream.text() == (
        "bridge.ask.stream(graphName :: STRING, configuration = {} :: MAP) :: (sourceNodeId :: INTEGER, score :: FLOAT)"
    )


def test_a_catalog_procedures_arguments_are_its_configuration() -> None:
    (signature,) = replace(ASK, modes={"": AskRow}, positional=True).signatures()
    assert (signature.name, signature.needs_graph) == ("bridge.ask", False)
    assert signature.text().startswith('bridge.ask(name :: STRING, count = 10 :: INTEGER, kinds = ["*"] :: LIST OF')


def test_an_estimate_gives_each_mode_a_signature_of_gds_shape() -> None:
    """It reads whatever its procedure does, takes the same configuration, without a default as in GDS."""
    names = [each.name for each in replace(ASK, estimate=_run).signatures()]
    assert names == ["bridge.ask.stream", "bridge.ask.stream.estimate", "bridge.ask.write", "bridge.ask.write.estimate"]
    *_, write, estimate = replace(ASK, estimate=_run).signatures()
    assert (estimate.mode, estimate.lazy, estimate.needs_graph) == ("READ", False, True)
    assert estimate.configuration == write.configuration
    assert estimate.text() == (
        "bridge.ask.write.estimate(graphNameOrConfiguration :: ANY, algoConfiguration :: MAP) :: (requiredMemory :: "
        "STRING, treeView :: STRING, mapView :: MAP, bytesMin :: INTEGER, bytesMax :: INTEGER, nodeCount :: INTEGER, "
        "relationshipCount :: INTEGER, heapPercentageMin :: FLOAT, heapPercentageMax :: FLOAT)"
    )


def test_every_column_of_an_estimate_is_documented() -> None:
    assert all(column.description for column in parameters(EstimateRow))


def test_ranges_values_and_words_come_from_the_declaration() -> None:
    name, count, _, mode, *_ = parameters(AskConfig)
    assert (name.required, name.default) == (True, None)
    assert (count.allowed, count.description) == ("> 0", "How many.")
    assert mode.allowed == "'fast', 'all'"


def test_a_key_that_may_be_left_out_keeps_its_range() -> None:
    """In a choice of types each brings its own; none is said twice."""
    allowed = {each.name: each.allowed for each in parameters(AskConfig)}
    assert (allowed["most"], allowed["version"], allowed["share"]) == ("> 0", "> 0, 'newest'", "≥ 0, < 1")
    assert allowed["name"] == ""


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (int | None, "INTEGER"), (str | int, "ANY"), (dict[str, str], "MAP"), (list[dict[str, Any]], "LIST OF MAP"),
        (datetime | None, "DATETIME"), (Literal["a"], "STRING"), (tuple[int, ...], "LIST OF INTEGER"), (Any, "ANY"),
    ],
)  # fmt: skip
def test_types_bear_cyphers_names(annotation: Any, name: str) -> None:
    assert cypher_type(annotation) == name


def test_the_contract_changes_with_columns_and_not_with_words() -> None:
    """The generated Java classes depend on names and types; a better sentence must not lock a plugin out."""

    class SaidBetter(Row):
        source_node_id: NodeId
        """Whose it is."""
        score: float

    class OneMore(AskRow):
        rank: int = Field(default=0)

    before = contract_hash([ASK])
    assert contract_hash([replace(ASK, modes={"stream": SaidBetter, "write": AskRow})]) == before
    assert contract_hash([replace(ASK, modes={"stream": OneMore, "write": AskRow})]) != before
