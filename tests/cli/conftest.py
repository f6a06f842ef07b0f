"""A command line that talks to a server that says what a test wants."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.__main__ import main
from tests.client.fake import Fake, serving


class Shell:
    """Runs commands against a fake server."""

    def __init__(self, fake: Fake, port: int, capsys: pytest.CaptureFixture[str]) -> None:
        self.fake = fake
        self.address = f"127.0.0.1:{port}"
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Return exit status, stdout and stderr of a command."""
        status = main([*words, "--address", self.address])
        said = self._capsys.readouterr()
        return status, said.out, said.err

    def json(self, *words: str) -> Any:
        """Return what a command that must end well prints for programs."""
        status, out, err = self(*words, "--json")
        assert (status, err) == (0, "")
        return json.loads(out)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """Lend a shell whose server knows no method; tests add answers to `shell.fake.answers`."""
    for name in ("BRIDGE_ADDRESS", "BRIDGE_OPERATOR_TOKEN", "BRIDGE_OPERATOR_TOKEN_FILE", "BRIDGE_TLS_CA_FILE"):
        monkeypatch.delenv(name, raising=False)
    fake = Fake()
    with serving(fake) as port:
        yield Shell(fake, port, capsys)
