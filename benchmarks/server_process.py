"""Bridge servers as processes of their own, to be killed.

A server and its fork server are forks of a process that has loaded their modules and done nothing else: loading torch
takes longer than all that these benchmarks are about. How long a server takes from nothing is measured apart, by
`Cradle.cold`.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import util
from pathlib import Path
from typing import IO, Any

import grpc
import psutil

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 300
END_SECONDS = 120

CHANNEL = [("grpc.max_receive_message_length", 64 * 2**20), ("grpc.use_local_subchannel_pool", 1)]


class ServerEndedError(Exception):
    """A server ended instead of answering; its text is the end of the log."""


@dataclass
class ServerProcess:
    """A running server."""

    pid: int
    port: int
    log: Path
    seconds: float
    """From the wish for it to its first call."""
    _watch: int = field(default=-1, repr=False)

    def __post_init__(self) -> None:
        self._watch = os.pidfd_open(self.pid)

    def channel(self) -> grpc.aio.Channel:
        """Connect to it."""
        return grpc.aio.insecure_channel(f"127.0.0.1:{self.port}", options=CHANNEL)

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return not select.select([self._watch], [], [], 0)[0]

    def trainers(self) -> list[psutil.Process]:
        """Return its training processes: the children of its fork server."""
        return [each for fork_server in self._children() for each in _children(fork_server)]

    def family(self) -> list[psutil.Process]:
        """Return every process that it has started."""
        return [*self._children(), *self.trainers()]

    def kill(self) -> None:
        """End it by SIGKILL; return when it is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it by SIGTERM; return when it is gone."""
        self._end(signal.SIGTERM)

    def _children(self) -> list[psutil.Process]:
        try:
            return _children(psutil.Process(self.pid))
        except psutil.NoSuchProcess:
            return []

    def _end(self, number: signal.Signals) -> None:
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return
        if not select.select([self._watch], [], [], END_SECONDS)[0]:
            os.kill(self.pid, signal.SIGKILL)
            raise TimeoutError(f"the server did not end within {END_SECONDS} s of signal {number}")


class Cradle:
    """Starts servers."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.server_process"]
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=ROOT, env=environment
        )
        self._heard = b""
        self._living: list[ServerProcess] = []

    def start(self, data: Path, log: Path, *, uid: int | None = None, **settings: Any) -> ServerProcess:
        """Start a server on a data folder and a free port, as another user if `uid` is given.

        Raises:
            ServerEndedError: it ended, or did not answer within START_SECONDS.
        """
        began = time.monotonic()
        wish = {"settings": {"data": str(data), "port": 0, **settings}, "log": str(log), "uid": uid}
        self._pipes[0].write(json.dumps(wish).encode() + b"\n")
        pid = int(self._hear()["pid"])
        answer = self._hear()
        if "port" not in answer:
            raise ServerEndedError(log.read_text()[-2000:] if log.exists() else "no log")
        port = int(answer["port"])
        server = ServerProcess(pid, port, log, time.monotonic() - began)
        self._living = [each for each in self._living if each.lives] + [server]
        return server

    @staticmethod
    def cold(data: Path) -> tuple[subprocess.Popen[str], int, float]:
        """Start a server from nothing; return the process, its port and the seconds to its first call."""
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", COLD, str(data)], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
        )  # fmt: skip
        assert process.stdout is not None
        return process, int(process.stdout.readline()), time.monotonic() - began

    def close(self) -> None:
        """End every server that still lives."""
        for server in self._living:
            server.kill()
        self._pipes[0].close()
        self._process.wait(END_SECONDS)

    def _hear(self) -> dict[str, Any]:
        """Return the next line that the cradle or a server in it says."""
        out = self._pipes[1]
        while b"\n" not in self._heard:
            if not select.select([out], [], [], START_SECONDS)[0]:
                raise ServerEndedError(f"no answer within {START_SECONDS} s")
            more = out.read(4096)
            if not more:
                raise ServerEndedError("the cradle has ended")
            self._heard += more
        line, self._heard = self._heard.split(b"\n", 1)
        found: dict[str, Any] = json.loads(line)
        return found

    @property
    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


_spawn_from_nothing = util.spawnv_passfds

COLD = (
    "import sys; from pathlib import Path; from bridge.app import serve; from bridge.settings import Settings; "
    "serve(Settings(data=Path(sys.argv[1]), port=0), ready=lambda port: print(port, flush=True))"
)


@contextmanager
def cradle() -> Iterator[Cradle]:
    """Lend a starter of servers; what it started is gone afterwards."""
    found = Cradle()
    try:
        yield found
    finally:
        found.close()


def alive(process: psutil.Process) -> bool:
    """Whether a process still runs; one that has ended and that nobody has asked about does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.NoSuchProcess:
        return []


def _serve(wish: Mapping[str, Any], answers: int) -> None:
    """Be a server, in a process that was forked for it."""
    from bridge.app import serve
    from bridge.jobs.worker import end_with_parent
    from bridge.settings import Settings

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(wish["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor, source in ((0, nothing), (1, nothing), (2, log)):
        os.dup2(source, descriptor)
    if wish["uid"] is not None:
        os.setgroups([])
        os.setgid(wish["uid"])
        os.setuid(wish["uid"])
    end_with_parent()  # a benchmark that is interrupted leaves no server; after setuid, which forgets it
    util.spawnv_passfds = _spawn
    serve(Settings(**wish["settings"]), ready=lambda port: _answer(answers, {"port": port}))


def _spawn(path: bytes | str, arguments: Sequence[str], kept: Sequence[int]) -> int:
    """Fork the fork server instead of starting it from nothing; start everything else as ever."""
    program = arguments[-1]
    if "forkserver" not in program:
        return int(_spawn_from_nothing(path, arguments, kept))
    pid = os.fork()
    if pid == 0:
        try:
            # What a new program would not have either: the lock of the data folder, the other end of its own pipe.
            for descriptor in map(int, os.listdir("/proc/self/fd")):
                if descriptor > 2 and descriptor not in kept:
                    with suppress(OSError):
                        os.close(descriptor)
            exec(program, {})
        finally:
            os._exit(1)
    return pid


def _answer(descriptor: int, content: Mapping[str, Any]) -> None:
    os.write(descriptor, (json.dumps(content) + "\n").encode())


def main() -> None:
    """Fork a server for each line of the standard input."""
    import bridge.app
    import bridge.trainer  # noqa: F401  the modules that every server, and every fork server, then has

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who ends is gone at once
    answers = os.dup(1)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                _serve(json.loads(line), answers)
            except BaseException as error:
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
                _answer(answers, {"ended": pid})
            finally:
                os._exit(0)
        _answer(answers, {"pid": pid})


if __name__ == "__main__":
    main()
