"""Which server a command asks, with which token."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.__main__ import main
from bridge.runtime import configuration
from bridge.runtime.home import Home
from bridge.runtime.ports import Ports
from bridge.v1 import model_service_pb2 as wire
from tests.cli.conftest import Shell


def listed(shell: Shell) -> None:
    """Let the server list no models."""
    shell.fake.answers["ListModels"] = lambda request: wire.ListModelsResponse()


def home_of(shell: Shell, folder: Path) -> str:
    """Return a home whose server is the shell's."""
    port = int(shell.address.rpartition(":")[2])
    configuration.write(Home.at(folder), Ports(bridge=port), None)
    return str(folder)


def test_what_is_typed_goes_before_the_environment(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address before a home, and either before BRIDGE_ADDRESS, which goes before BRIDGE_HOME."""
    listed(shell)
    home = home_of(shell, tmp_path / "home")
    monkeypatch.setenv("BRIDGE_ADDRESS", "127.0.0.1:1")
    assert main(["models"]) == 3
    assert main(["models", "--home", home]) == 0
    assert main(["models", "--address", shell.address]) == 0
    monkeypatch.delenv("BRIDGE_ADDRESS")
    monkeypatch.setenv("BRIDGE_HOME", home)
    assert main(["models"]) == 0
    monkeypatch.setenv("BRIDGE_ADDRESS", shell.address)
    monkeypatch.setenv("BRIDGE_HOME", str(tmp_path / "other"))
    assert main(["models"]) == 0
    assert len(shell.fake.asked) == 4


def test_the_token_comes_from_a_file_or_the_environment(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is typed goes first; without any, the server's sentence says that it wants one."""
    listed(shell)
    shell.fake.token = "s3cret"
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("s3cret\nand a remark")
    wrong.write_text("other")
    status, out, err = shell("models")
    assert (status, out) == (1, "")
    assert err.startswith("bridge: The token does not open this. This command takes it from `--token-file`")
    assert shell("models", "--token-file", str(right))[0] == 0
    monkeypatch.setenv("BRIDGE_OPERATOR_TOKEN_FILE", str(right))
    assert shell("models")[0] == 0
    monkeypatch.setenv("BRIDGE_OPERATOR_TOKEN", "other")
    assert shell("models")[0] == 1
    assert shell("models", "--token-file", str(right))[0] == 0
    monkeypatch.setenv("BRIDGE_OPERATOR_TOKEN", "s3cret")
    assert shell("models")[0] == 0
    assert shell("models", "--token-file", str(wrong))[0] == 1


@pytest.mark.parametrize("content", ["", "\n", "two\ttabs", "späß"])
def test_a_file_without_a_token_is_named(shell: Shell, tmp_path: Path, content: str) -> None:
    """Nothing is sent."""
    (tmp_path / "token").write_text(content)
    status, _, err = shell("models", "--token-file", str(tmp_path / "token"))
    assert status == 1
    assert "is no token: write the server's BRIDGE_OPERATOR_TOKEN there" in err
    assert shell.fake.asked == []


@pytest.mark.parametrize("option", ["--token-file", "--tls-ca-file"])
def test_a_file_that_is_not_there_is_named(shell: Shell, option: str) -> None:
    """With the option by which it came."""
    status, _, err = shell("models", option, "nowhere")
    assert status == 1
    assert err.startswith("bridge: Cannot read the")
    assert f"Give a file that you may read by `{option}`." in err
