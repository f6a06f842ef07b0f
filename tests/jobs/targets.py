"""What the tests' trainer processes run."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bridge.core.errors import FailedPreconditionError
from bridge.jobs.worker import Reporter

prepared = 0

AUTOGROUP = Path("/proc/self/autogroup")
"""Ends with the niceness of the process's session, where the scheduler has a group for each."""


SLICES = (
    sys.platform == "linux"
    and os.uname().machine == "x86_64"
    and tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) >= (6, 12)
)
"""A process may choose how long it computes at a time."""


def slice_seconds() -> float:
    """How long the thread that asks may compute at a time, by sched_getattr(2)."""
    attributes = ctypes.create_string_buffer(56)
    assert ctypes.CDLL(None, use_errno=True).syscall(315, 0, attributes, len(attributes), 0) == 0
    return int.from_bytes(attributes.raw[24:32], sys.byteorder) / 1e9


def prepare(threads: int) -> None:
    global prepared
    prepared = threads


def echo(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    progress(0.5, "half way", loss=0.25)
    progress.at(1)(1.0, "done", loss=0.125)
    return {"spec": spec, "pid": os.getpid()}


def _in_a_thread(function: Callable[[], float]) -> float:
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(function).result()


def surroundings(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    print("a word on stdout")
    return {
        "niceness": os.nice(0),
        "group": AUTOGROUP.read_text().split()[-1] if AUTOGROUP.exists() else "",
        "slices": _in_a_thread(slice_seconds) if SLICES else None,
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "prepared": prepared,
        "own_session": os.getsid(0) == os.getpid(),
        "ignores_interrupt": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
        "main": getattr(sys.modules["__main__"], "__file__", None),
        "grpc": "grpc" in sys.modules,
    }


def touch(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    with Path(spec["path"]).open("a") as file:
        file.write(f"{spec['word']}\n")
    time.sleep(spec.get("seconds", 0))
    return {}


def refuse(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    raise FailedPreconditionError("No relationship of type `RATED`.", reason="EMPTY", type="RATED")


def stumble(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    return {"ratio": 1 / int(spec.get("zero", 0))}


def answer_no_json(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    return {"array": np.ones(3)}


def fill_memory(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    return {"sum": float(np.ones(spec["bytes"], dtype=np.uint8).sum())}


def die(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    if spec["signal"] == signal.SIGSEGV:
        ctypes.string_at(0)
    os.kill(os.getpid(), spec["signal"])
    return {}


def leave(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    os._exit(spec["code"])


def report_until_stopped(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    while True:
        progress(0.5, "at work", pid=os.getpid())
        time.sleep(0.02)


def hold_the_interpreter(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    """Sleep in C without releasing the interpreter: no thread of this process can run."""
    progress(0.1, "asleep", pid=os.getpid())
    ctypes.PyDLL(None).sleep(600)
    return {}


def ignore_the_flag(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    """Sleep without a report; with `stubborn`, through SIGTERM as well; with `helper`, beside a process of its own."""
    if spec.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    helper = subprocess.Popen(["sleep", "600"]).pid if spec.get("helper") else 0
    progress(0.1, "asleep", pid=os.getpid(), helper=helper)
    time.sleep(600)
    return {}


def find_the_disk_full(spec: dict[str, Any], progress: Reporter) -> dict[str, Any]:
    """Write as safetensors does, whose error is no OSError."""
    with open("/dev/full", "wb", buffering=0) as file:
        try:
            file.write(b"weights")
        except OSError as error:
            raise Exception(f"Error while serializing: I/O error: {error.strerror} (os error {error.errno})") from None
    return {}
