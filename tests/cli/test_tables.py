"""bridge/cli/tables.py: values for people and for programs."""

from __future__ import annotations

from bridge.cli.tables import cell, print_table, size, to_json
from bridge.client.records import Report


def test_names_are_never_markup(capsys) -> None:  # type: ignore[no-untyped-def]
    """A model may not paint the operator's terminal, and a long row stays one line in a pipe."""
    print_table(("model", "word"), [("[red]x[/red]", "y" * 500)])
    *_, row = capsys.readouterr().out.splitlines()
    assert row.split() == ["[red]x[/red]", "y" * 500]


def test_values_are_short_for_people() -> None:
    """A text with line breaks is one line; numbers of four digits; nothing for null."""
    assert [cell(value) for value in (None, True, 0.123456, "a\n b", ["x", 2], {"k": 1.0})] == [
        "", "yes", "0.1235", "a b", "x, 2", "k 1",
    ]  # fmt: skip
    assert [size(count) for count in (0, 1023, 2048, 3 * 2**20, 5 * 2**30)] == [
        "0 B", "1023 B", "2.0 KiB", "3.0 MiB", "5.0 GiB",
    ]  # fmt: skip


def test_programs_get_json_that_every_parser_reads() -> None:
    """Fields in camel case; a figure that is no number is null."""
    assert to_json(Report(1, None, "train", {"loss": float("nan"), "other": float("inf")})) == {
        "number": 1, "timeReported": None, "step": "train", "figures": {"loss": None, "other": None},
    }  # fmt: skip
