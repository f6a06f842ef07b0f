"""The `bridge` command: what it prints, and its exit status."""

import json
import socket
import subprocess
import sys

import pytest

from bridge.__main__ import READER_GONE, main
from bridge.cli.local import NOT_RUNNING, program


def test_status_of_an_empty_home_is_complete_json(tmp_path, capsys):
    """Programs find every key before the first start too; the exit status says that nothing runs."""
    assert main(["status", "--json", "--home", str(tmp_path)]) == NOT_RUNNING
    assert json.loads(capsys.readouterr().out) == {
        "boltUri": "neo4j://127.0.0.1:7687",
        "httpUri": "http://127.0.0.1:7474",
        "user": "neo4j",
        "passwordFile": str(tmp_path / "conf" / "password"),
        "home": str(tmp_path),
        "pid": None,
        "bridgeAddress": "127.0.0.1:7690",
        "bridgePid": None,
    }


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_another_program_of_that_name_is_not_taken_for_this_one(first, tmp_path, monkeypatch):
    """iproute2 has a `bridge`: what is printed to stop the runtime must reach ours."""
    for place in ("ours", "theirs"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "bridge").touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "ours" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / first))
    assert program() == ("bridge" if first == "ours" else str(tmp_path / "ours" / "bridge"))


def test_status_leaves_no_trace(tmp_path, capsys):
    """Asking makes no folder."""
    main(["status", "--home", str(tmp_path / "home")])
    main(["down", "--home", str(tmp_path / "home")])
    assert not (tmp_path / "home").exists()


def test_stopping_what_does_not_run_is_no_error(tmp_path, capsys):
    """`down` can be repeated."""
    assert main(["down", "--home", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "Nothing was running.\n"


def test_a_busy_port_gets_one_plain_sentence_with_the_option(tmp_path, capsys):
    """And nothing is started."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        arguments = ["neo4j", "up", "--home", str(tmp_path), "--bolt-port", str(port), "--http-port", "0"]
        assert main(arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith("bridge: Already in use by another program")
    assert f"port {port} (choose another with `--bolt-port`)" in said


@pytest.mark.parametrize("port", ["-1", "70000", "http", ""])
def test_a_port_that_is_none_is_refused_before_any_work(port, capsys):
    """With what is allowed."""
    with pytest.raises(SystemExit, match="2"):
        main(["up", f"--bolt-port={port}"])
    assert "give a number from 0 to 65535" in capsys.readouterr().err


def test_the_environment_supplies_options(tmp_path, monkeypatch, capsys):
    """BRIDGE_HOME stands for --home."""
    monkeypatch.setenv("BRIDGE_HOME", str(tmp_path))
    main(["status", "--json"])
    assert json.loads(capsys.readouterr().out)["home"] == str(tmp_path)


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    """`bridge status | head -1` prints no traceback."""
    command = [sys.executable, "-m", "bridge", "status", "--home", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    with process.stderr as said:
        assert said.read() == b""
    assert process.wait(300) == READER_GONE


def test_a_command_starts_without_what_it_does_not_need(tmp_path):
    """Nobody waits seconds for torch, drivers and drawing libraries to hear that nothing runs."""
    program = "import sys, bridge.__main__ as m; m.main(['status', '--home', sys.argv[1]]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, timeout=300
    )
    assert not {"torch", "numpy", "pandas", "matplotlib", "grpc", "neo4j", "pydantic"} & set(done.stdout.split())
