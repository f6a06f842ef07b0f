"""One trainer process as the server sees it: started, heard, stopped, reaped."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any, NoReturn

from bridge.core import errors
from bridge.core.errors import BridgeError, TrainerFailedError
from bridge.jobs import frames
from bridge.jobs.job import Job
from bridge.jobs.worker import Limits, Target, work

_log = logging.getLogger(__name__)

_ERRORS = {kind.__name__: kind for kind in BridgeError.__subclasses__() if kind.__module__ == errors.__name__}


@dataclass(frozen=True)
class Patience:
    """How long a process that should stop gets before it is stopped harder."""

    flag_seconds: float = 2.0
    """From the flag, seen at the next progress report, to SIGTERM."""
    terminate_seconds: float = 5.0
    """From SIGTERM to SIGKILL."""


class Child:
    """A trainer process."""

    def __init__(self, process: ForkServerProcess, connection: socket.socket) -> None:
        self._process = process
        self._connection = connection
        self._answer: frames.Message = {}

    @classmethod
    def start(cls, context: ForkServerContext, target: Target, spec: dict[str, Any], limits: Limits) -> Child:
        """Start a process that runs the target. Blocks until it exists, at first until the fork server is ready."""
        ours, theirs = socket.socketpair()
        try:
            # daemon: should the server leave without waiting, Python ends the process.
            process = context.Process(target=work, args=(theirs, target, spec, limits), daemon=True)
            process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, ours)

    async def attend(self, job: Job, patience: Patience, most_seconds: float | None = None) -> dict[str, Any]:
        """Pass on progress until the process is gone; return its result. It is ended after `most_seconds`.

        Raises:
            BridgeError: as the target raised it.
            CancelledError: the job was cancelled.
            TrainerFailedError: the process died, took too long, or failed with an error of no known kind.
        """
        reader, writer = await asyncio.open_connection(sock=self._connection)
        hearing = asyncio.ensure_future(self._hear(reader, job))
        gone = asyncio.ensure_future(self._gone())
        cancelled = asyncio.ensure_future(job.cancelled.wait())
        try:
            done, _ = await asyncio.wait(
                [gone, cancelled], timeout=most_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if not gone.done():
                await self._stop(gone, writer, patience)
            # What it said last is in the socket; something it started may hold the other end open for ever.
            await asyncio.wait([hearing], timeout=1.0)
        finally:
            for task in (hearing, cancelled):
                task.cancel()
            writer.close()
        exit_code = self._process.exitcode
        self._process.close()
        job.raise_if_cancelled()
        if not done:
            raise _overdue(job, most_seconds)
        return self._outcome(job, exit_code)

    async def _hear(self, reader: asyncio.StreamReader, job: Job) -> None:
        while (message := await frames.receive(reader)) is not None:
            progress = message.get("progress")
            if progress is None:
                self._answer = message
            else:
                job.note(progress["step"], progress["fraction"], progress["detail"], progress["figures"])

    async def _gone(self) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        self._process.join()

    async def _stop(self, gone: asyncio.Future[None], writer: asyncio.StreamWriter, patience: Patience) -> None:
        writer.write(frames.encode({"cancel": True}))
        await asyncio.wait([gone], timeout=patience.flag_seconds)
        if not gone.done():
            self._signal(signal.SIGTERM)
            await asyncio.wait([gone], timeout=patience.terminate_seconds)
        if not gone.done():
            self._signal(signal.SIGKILL)
            await gone

    @property
    def pid(self) -> int:
        """The process's id."""
        pid = self._process.pid
        assert pid is not None, "a started process has an id"
        return pid

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:  # it has not made its own group yet
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def _outcome(self, job: Job, exit_code: int | None) -> dict[str, Any]:
        if "error" in self._answer:
            _raise(job, self._answer["error"])
        if exit_code == 0 and isinstance(self._answer.get("result"), dict):
            result: dict[str, Any] = self._answer["result"]
            return result
        raise _death(job, exit_code)


def _raise(job: Job, error: dict[str, Any]) -> NoReturn:
    kind = _ERRORS.get(error.get("class", ""))
    if kind is not None:
        raise kind(error["message"], reason=error["reason"], **error["metadata"])
    error_id = secrets.token_hex(4)
    _log.error("job %s (%s) failed, error id %s\n%s", job.id, job.name, error_id, error.get("traceback", error))
    raise TrainerFailedError(
        f"The job `{job.id}` failed inside bridge, not through its input (error id {error_id}). "
        f"The server's log has the whole under this id; please report it.",
        reason="TRAINER_ERROR",
        errorId=error_id,
    )


def _death(job: Job, exit_code: int | None) -> TrainerFailedError:
    error_id = secrets.token_hex(4)
    _log.error("process of job %s (%s) ended with exit code %s, error id %s", job.id, job.name, exit_code, error_id)
    if exit_code is not None and exit_code < 0:
        how = f"was ended by signal {-exit_code} ({_signal_name(-exit_code)})"
    else:
        how = f"ended with exit code {exit_code} and no result"
    if exit_code == -signal.SIGKILL:
        advice = (
            "Signal 9 often comes from the operating system when memory runs out: project fewer nodes and "
            "relationships, set a smaller `embeddingDimension`, or give the server's machine more memory."
        )
    else:
        advice = "Run it again; if it happens again, please report it with what the server's log says."
    return TrainerFailedError(
        f"The trainer process of job `{job.id}` {how} (error id {error_id}). Stored models and the projection are "
        f"as before. {advice}",
        reason="TRAINER_LOST",
        errorId=error_id,
    )


def _overdue(job: Job, most_seconds: float | None) -> TrainerFailedError:
    _log.error("process of job %s (%s) was ended after %s s", job.id, job.name, most_seconds)
    return TrainerFailedError(
        f"A step of the job `{job.id}` was ended: it took more than the {most_seconds:g} s that it may. Stored models "
        "and the projection are as before. Run it again when the server's machine and disk are less busy.",
        reason="TRAINER_OVERDUE",
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
