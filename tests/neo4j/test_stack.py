"""tests/neo4j/stack.py: what the tests start does not outlive them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

ENDED = """
import os, signal
from pathlib import Path
import pytest
from tests.neo4j.stack import ended_in_order

@pytest.fixture(scope="session")
def background():
    with ended_in_order():
        yield
        os.kill(os.getpid(), signal.SIGTERM)  # whoever ended the tests may insist
        Path("stopped").touch()

def test_that_is_ended(background):
    os.kill(os.getpid(), signal.SIGTERM)
    Path("went on").touch()
"""


def test_tests_that_are_terminated_stop_what_they_started(tmp_path: Path) -> None:
    """SIGTERM, which by itself ends Python on the spot, lets the session's fixtures end first."""
    (tmp_path / "test_ended.py").write_text(ENDED)
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_ended.py"]
    ended = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(root), "PATH": ""}, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode not in (0, -signal.SIGTERM), ended.stdout
    assert (tmp_path / "stopped").exists(), ended.stdout
    assert not (tmp_path / "went on").exists()
