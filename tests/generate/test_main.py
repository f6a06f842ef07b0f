"""`python -m bridge.generate` as people and the checks run it."""

from __future__ import annotations

from pathlib import Path

import pytest

import bridge.generate.__main__ as command
from bridge.generate.files import JAVA


def test_the_committed_files_are_fresh() -> None:
    """What is committed is what the declarations say; run `python -m bridge.generate` when this fails."""
    assert command.main(["--check"]) == 0


def test_check_names_what_is_missing_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In an empty checkout everything is stale, and stays so until it is written."""
    monkeypatch.setattr(command, "ROOT", tmp_path)
    assert command.main(["--check"]) == 1
    assert f"stale: {JAVA / 'Contract.java'}" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    assert command.main([]) == 0
    assert command.main(["--check"]) == 0
