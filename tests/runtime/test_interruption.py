"""Interrupted starts: what was started is stopped, or at least known."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

PROGRAM = """
import os, signal, sys, time
from datetime import timedelta
from pathlib import Path
import psutil
from bridge.runtime.interruption import tidied
from bridge.runtime import process
place = process.Background("The sleeper", Path(sys.argv[1]), Path(sys.argv[2]))
create_time = psutil.Process.create_time
def interrupted(self):
    psutil.Process.create_time = create_time
    print(self.pid, flush=True)
    os.kill(os.getpid(), int(sys.argv[3]))
    return create_time(self)
psutil.Process.create_time = interrupted
def start():
    place.start([sys.executable, "-c", "import time; time.sleep(600)"], dict(os.environ), Path.cwd())
    time.sleep(300)
if sys.argv[4] == "plain":
    start()
else:
    with tidied():
        try:
            start()
        finally:
            place.stop(timedelta(seconds=10))
"""


def struck(tmp_path, number, how):
    """Start a sleeper, with a signal before it is noted; return the starter's end and the sleeper."""
    program = [sys.executable, "-c", PROGRAM, str(tmp_path / "pid.json"), str(tmp_path / "log"), str(int(number)), how]
    done = subprocess.run(program, capture_output=True, text=True, timeout=300)
    return done.returncode, int(done.stdout)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_start_that_is_interrupted_is_noted_first(tmp_path, number):
    """Else nobody finds the process again; the starter ends by the signal all the same."""
    ended, pid = struck(tmp_path, number, "plain")
    try:
        assert ended == -number
        assert json.loads((tmp_path / "pid.json").read_text())["pid"] == pid
    finally:
        os.kill(pid, signal.SIGKILL)


def test_an_interrupted_start_stops_what_it_has_started(tmp_path):
    """SIGTERM is as good as Ctrl-C; then the starter ends by it."""
    ended, pid = struck(tmp_path, signal.SIGTERM, "tidied")
    assert ended == -signal.SIGTERM
    assert not psutil.pid_exists(pid)
    assert not (tmp_path / "pid.json").exists()
