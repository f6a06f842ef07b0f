"""Background processes: found again, never confused with a stranger, stopped in order."""

import json
import os
import sys
from datetime import timedelta

import psutil
import pytest

from bridge.core.errors import FailedPreconditionError
from bridge.runtime.process import Background

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]
PATIENCE = timedelta(seconds=120)


@pytest.fixture
def background(tmp_path):
    """A place for one process; whatever runs there is ended."""
    place = Background("The sleeper", tmp_path / "run" / "sleeper.json", tmp_path / "logs" / "sleeper.out")
    yield place
    place.stop(timedelta(seconds=1))


def start(background, command):
    background.start(command, dict(os.environ), background.pid_file.parent.parent)
    background.wait_until(lambda: "up" in background.log.read_text(), PATIENCE)
    return background.process()


def test_a_started_process_is_found_again_and_stops_when_asked(background):
    """The pid file leads to the process, and nothing is left of either after the stop."""
    process = start(background, SLEEP)
    found = Background("again", background.pid_file, background.log).process()
    assert found == process
    assert background.stop(PATIENCE)
    assert not psutil.pid_exists(process.pid)
    assert background.process() is None
    assert not background.pid_file.exists()


def test_stopping_twice_is_no_error(background):
    """The second stop says that nothing was running."""
    assert not background.stop(PATIENCE)


def test_a_started_process_leads_a_session_of_its_own(background):
    """Closing the terminal, or an interrupt typed there, does not reach it."""
    process = start(background, SLEEP)
    assert os.getsid(process.pid) == process.pid != os.getsid(0)


def test_a_process_that_will_not_end_is_killed(background):
    """After the patience, the kill."""
    process = start(background, STUBBORN)
    assert background.stop(timedelta(seconds=0.5))
    assert not psutil.pid_exists(process.pid)


def test_a_stranger_with_the_same_pid_is_left_alone(background):
    """A pid whose process started at another time is somebody else's: this very test's, here."""
    background.pid_file.parent.mkdir(parents=True)
    background.pid_file.write_text(json.dumps({"pid": os.getpid(), "started": psutil.Process().create_time() - 60}))
    assert background.process() is None
    assert not background.stop(PATIENCE)


def test_what_a_process_started_ends_with_it(background):
    """No orphan keeps a port or a file open."""
    nested = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('up', child.pid, flush=True); time.sleep(600)"
    )
    start(background, [sys.executable, "-c", nested])
    child = int(background.log.read_text().split()[1])
    background.stop(PATIENCE)
    assert not psutil.pid_exists(child)


def test_a_crash_while_starting_shows_the_end_of_the_log(background):
    """The person reads the reason without looking for the file."""
    background.start(
        [sys.executable, "-c", "print('disk on fire'); raise SystemExit(1)"],
        dict(os.environ),
        background.pid_file.parent.parent,
    )
    with pytest.raises(FailedPreconditionError, match="stopped while starting") as caught:
        background.wait_until(lambda: False, PATIENCE)
    assert "disk on fire" in caught.value.message
    assert str(background.log) in caught.value.message


def test_a_slow_start_ends_with_the_log_too(background):
    """A process that never gets ready does not keep the command waiting for ever."""
    start(background, SLEEP)
    with pytest.raises(FailedPreconditionError, match="was not ready after 0 s"):
        background.wait_until(lambda: False, timedelta(seconds=0.3))
