"""The generated files follow the declarations, and prose around them is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.core.config import Config, PositiveInt
from bridge.core.procedure import NodeId, Procedure, Row, contract_hash
from bridge.generate.docs import BEGIN, END
from bridge.generate.files import DOCS, JAVA, apply, changes


class GreetConfig(Config):
    """Say hello to nodes."""

    greeting: str
    """What to say; a "quoted" word | a bar."""
    times: PositiveInt = 2
    """How often."""
    words: tuple[str, ...] = ()
    """More words."""


class GreetRow(Row):
    """One greeting."""

    node_id: NodeId
    """Who."""
    scores: list[float]
    """How warmly."""
    info: dict[str, str]
    """What else."""


class CatalogConfig(Config):
    """List what there is."""

    name: str = ""
    """Only this one."""


async def run() -> None:
    """Do nothing: the generator never runs it."""


GREET = Procedure("bridge.greet", GreetConfig, {"stream": GreetRow, "write": GreetRow}, run)
ESTIMATED = replace(GREET, estimate=run)
CATALOG = Procedure("bridge.catalog.list", CatalogConfig, {"": GreetRow}, run, positional=True)


def generated(root: Path, path: Path) -> str:
    """Write everything under `root` and return one file."""
    apply(root, changes(root, [GREET, CATALOG]))
    return (root / path).read_text(encoding="utf-8")


def test_a_procedure_class_has_modes_types_and_readers(tmp_path: Path) -> None:
    """READ and WRITE, boxed types, and the reader of each column are what the declaration says."""
    java = generated(tmp_path, JAVA / "GreetProcedures.java")
    assert '@Procedure(name = "bridge.greet.stream", mode = Mode.READ)' in java
    assert '@Procedure(name = "bridge.greet.write", mode = Mode.WRITE)' in java
    assert "extends ProjectionProcedures" in java
    assert "Long nodeId" in java
    assert 'row.integer("nodeId")' in java
    assert "List<Double> scores" in java
    assert 'row.numbers("scores")' in java
    assert 'return rows("bridge.greet.stream"' in java
    assert 'return row("bridge.greet.write"' in java


def test_an_estimate_is_a_method_of_its_familys_class(tmp_path: Path) -> None:
    """All estimates of a family share one record; they read and take a name or a map."""
    apply(tmp_path, changes(tmp_path, [ESTIMATED]))
    java = (tmp_path / JAVA / "GreetProcedures.java").read_text(encoding="utf-8")
    assert '@Procedure(name = "bridge.greet.write.estimate", mode = Mode.READ)' in java
    assert "public Stream<EstimateRow> writeEstimate(" in java
    assert "public Stream<EstimateRow> streamEstimate(" in java
    assert java.count("public record EstimateRow(") == 1
    assert "Object graphNameOrConfiguration" in java
    assert '@Name(value = "algoConfiguration", description' in java  # no default
    assert 'row.map("mapView")' in java


def test_the_page_of_an_estimate_names_it_beside_its_procedure(tmp_path: Path) -> None:
    apply(tmp_path, changes(tmp_path, [ESTIMATED]))
    text = (tmp_path / DOCS / "greet.md").read_text(encoding="utf-8")
    assert "bridge.greet.stream.estimate(graphNameOrConfiguration :: ANY, algoConfiguration :: MAP)" in text
    assert "| `heapPercentageMax` | FLOAT |" in text
    assert text.count("| `times` |") == 1


def test_a_class_that_needs_gds_names_it_itself(tmp_path: Path) -> None:
    """Neo4j skips such a class where GDS is absent; were only its base to name GDS, Neo4j would not start."""
    assert "public TaskRegistryFactory taskRegistryFactory;" in generated(tmp_path, JAVA / "GreetProcedures.java")


def test_a_catalog_procedure_needs_no_gds(tmp_path: Path) -> None:
    """A family without projections must load where GDS is absent, so it names nothing of it."""
    java = generated(tmp_path, JAVA / "CatalogProcedures.java")
    assert "bridge.plugin.gds" not in java
    assert '@Name(value = "name", defaultValue = "", description = "Only this one.") String name' in java


def test_what_needs_no_projection_has_a_class_without_gds_beside_its_familys_other(tmp_path: Path) -> None:
    """One procedure on a projection does not take the family's catalog away where GDS is absent."""
    stale = Procedure("bridge.catalog", GreetConfig, {"stale": GreetRow}, run)
    apply(tmp_path, changes(tmp_path, [CATALOG, stale]))
    catalog, projecting = (
        (tmp_path / JAVA / name).read_text(encoding="utf-8")
        for name in ("CatalogProcedures.java", "CatalogProjectionProcedures.java")
    )
    assert "gds" not in catalog
    assert '"bridge.catalog.list"' in catalog
    assert '"bridge.catalog.stale"' not in catalog
    assert "final class CatalogProjectionProcedures extends ProjectionProcedures" in projecting
    assert '"bridge.catalog.list"' not in projecting
    assert '"bridge.catalog.stale"' in projecting


def test_the_contract_is_the_declarations_hash(tmp_path: Path) -> None:
    """Plugin and server compare this very hash."""
    assert f'HASH = "{contract_hash([GREET, CATALOG])}"' in generated(tmp_path, JAVA / "Contract.java")


def test_nothing_is_stale_after_writing(tmp_path: Path) -> None:
    """Writing twice changes nothing."""
    apply(tmp_path, changes(tmp_path, [GREET, CATALOG]))
    assert changes(tmp_path, [GREET, CATALOG]).names() == []


def test_an_edited_class_and_a_forgotten_one_are_named(tmp_path: Path) -> None:
    """A hand-edited file is stale, and the class of a procedure that is gone is removed."""
    apply(tmp_path, changes(tmp_path, [GREET, CATALOG]))
    (tmp_path / JAVA / "GreetProcedures.java").write_text("class X {}", encoding="utf-8")
    found = changes(tmp_path, [GREET])
    assert str(JAVA / "GreetProcedures.java") in found.names()
    assert found.removed == [JAVA / "CatalogProcedures.java"]
    apply(tmp_path, found)
    assert not (tmp_path / JAVA / "CatalogProcedures.java").exists()


def test_prose_outside_the_markers_is_kept(tmp_path: Path) -> None:
    """People write before and after the reference; only the reference is renewed."""
    page = tmp_path / DOCS / "greet.md"
    page.parent.mkdir(parents=True)
    page.write_text(f"# Greeting\n\nMy words.\n\n{BEGIN}\nold\n{END}\n\nMore words.\n", encoding="utf-8")
    text = generated(tmp_path, DOCS / "greet.md")
    assert text.startswith(f"# Greeting\n\nMy words.\n\n{BEGIN}\n")
    assert text.endswith(f"{END}\n\nMore words.\n")
    assert "old" not in text


def test_a_page_lists_keys_with_type_default_and_range(tmp_path: Path) -> None:
    """The table has what `bridge.list` has; a bar in a text does not break it."""
    text = generated(tmp_path, DOCS / "greet.md")
    assert "| `times` | INTEGER | `2` | > 0 | How often. |" in text
    assert '| `greeting` | STRING | required |  | What to say; a "quoted" word \\| a bar. |' in text
    assert "## Configuration of `bridge.greet.stream`, `bridge.greet.write`" in text


def test_a_page_without_markers_is_not_overwritten(tmp_path: Path) -> None:
    """Without markers nobody knows what is prose, so the generator refuses."""
    page = tmp_path / DOCS / "greet.md"
    page.parent.mkdir(parents=True)
    page.write_text("# Mine\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"greet\.md must have the lines"):
        changes(tmp_path, [GREET])


def test_two_procedures_of_one_name_are_refused(tmp_path: Path) -> None:
    """Neo4j would refuse the plugin at its start; better now."""
    with pytest.raises(ValueError, match=r"bridge\.catalog\.list is declared twice"):
        changes(tmp_path, [CATALOG, CATALOG])


def test_the_page_of_an_empty_configuration_has_no_table_of_keys(tmp_path: Path) -> None:
    """A catalog procedure's arguments are under its signature, not under a configuration it does not have."""
    assert "## Configuration" not in generated(tmp_path, DOCS / "catalog.md")
