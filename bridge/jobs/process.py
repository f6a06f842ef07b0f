"""Trainer processes: one fresh process a job, in turn, and never one left behind."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from multiprocessing import forkserver
from typing import Any

from bridge.jobs.child import Child, Patience
from bridge.jobs.free_memory import free_bytes
from bridge.jobs.job import Job
from bridge.jobs.slots import Slots
from bridge.jobs.worker import GO, Limits, Target

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

LEAST_URGENT = 19
"""The highest niceness there is."""


class Trainers:
    """Runs jobs in trainer processes, `slots` at a time, `queue` waiting in the order they came.

    The processes come from Python's fork server, which has loaded the `preload` modules; there is one in a process,
    so the first `Trainers` decides what it loads.
    """

    def __init__(
        self,
        preload: Sequence[str] = (),
        *,
        slots: int = 1,
        queue: int = 8,
        limits: Limits | None = None,
        patience: Patience | None = None,
        free: Callable[[], int] = free_bytes,
    ) -> None:
        self._preload = list(preload)
        self._slots = Slots(slots, queue, free=free)
        limits = limits or Limits()
        self._limits = replace(limits, niceness=min(LEAST_URGENT, os.nice(0) + limits.niceness))
        self._patience = patience or Patience()
        self._context = multiprocessing.get_context("forkserver")
        self._started = False
        self._held = False
        self._spawning = threading.Lock()
        self._aside: set[Job] = set()
        self._tasks: set[asyncio.Task[dict[str, Any]]] = set()

    def start(self, *, held: bool = False) -> None:
        """Start the fork server. Call it before gRPC has threads: this changes the environment for a moment.

        It loads its modules on its own time; with `held`, from the moment of `load` or of the first job on. Should it
        die, Python starts another for the next job.
        """
        self._started = True
        self._held = held and threading.current_thread() is threading.main_thread()
        with _environment(self._limits.threads), _blocked(GO) if self._held else nullcontext():
            # The kernel goes by the thread that starts a process: the main one ends with the server.
            mortal = ["bridge.jobs.fork_server"] if threading.current_thread() is threading.main_thread() else []
            self._context.set_forkserver_preload([*mortal, *self._preload])
            forkserver.ensure_running()

    def load(self) -> None:
        """Have a fork server that was held load its modules, as urgently as trainers work."""
        if not self._held:
            return
        self._held = False
        # There is no public name for it. Should it have died, nobody has asked how: its number is still its own.
        server: Any = forkserver._forkserver
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, server._forkserver_pid, self._limits.niceness)
            os.kill(server._forkserver_pid, GO)

    async def run(
        self, job: Job, target: Target, spec: dict[str, Any], *, memory: int = 0, most_seconds: float | None = None
    ) -> dict[str, Any]:
        """Run `target(spec, reporter)` in a fresh process when the job's turn comes, and return its result.

        `target` is a module-level function; `spec` and the result are JSON. `memory` is the most that it will take, in
        bytes: its turn comes when so much is free; 0 declares nothing. A process at work for longer than
        `most_seconds` is ended. Returns or raises only after the process is gone, even when the awaiting task is
        cancelled.

        Raises:
            BridgeError: as the target raised it.
            CancelledError: the job was cancelled; `asyncio.CancelledError` when the awaiting task was.
            ResourceExhaustedError: too many jobs wait, its memory did not become free, or the process reached its
                memory limit.
            TrainerFailedError: the process died, took too long, or failed with an error of no known kind.
        """
        return await self._until_gone(job, self._run(job, target, spec, memory, most_seconds))

    async def run_aside(self, job: Job, target: Target, spec: dict[str, Any]) -> dict[str, Any]:
        """Run at once, beside the slots: for moments of work that need no memory of their own. Otherwise as `run`."""
        self._aside.add(job)
        try:
            return await self._until_gone(job, self._attend(job, target, spec))
        finally:
            self._aside.discard(job)

    async def _until_gone(self, job: Job, work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        abandoned: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                job.cancel()
                abandoned = error
        if abandoned is not None:
            task.exception()
            raise abandoned
        return task.result()

    def turn(self, job: Job, *, memory: int = 0) -> AbstractAsyncContextManager[None]:
        """Wait for the job's turn once and keep the slot for all of its runs in the block, one after the other.

        Without it, others may come between two runs of a job, and the second may find the queue full. `memory` as in
        `run`, for all of them.

        Raises:
            CancelledError: the job was cancelled while it waited.
            ResourceExhaustedError: too many jobs wait, or its memory did not become free.
        """
        return self._slots.turn(job, memory)

    def check_room(self) -> None:
        """Refuse a job that would find the queue full, before anybody is promised that it runs.

        Raises:
            ResourceExhaustedError: too many jobs wait.
        """
        self._slots.check_room()

    async def close(self) -> None:
        """Cancel every job and wait until its process is gone. The fork server ends with this process."""
        for job in [*self._slots.running, *self._aside, *self._slots.waiting]:
            job.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def memory_limit(self) -> int | None:
        """Bytes of private memory that a process may use; None for no limit."""
        return self._limits.memory_bytes

    @property
    def returning(self) -> int:
        """Bytes of memory that running jobs hold now and will give back: who waits for its turn can count on them."""
        return self._slots.returning

    @property
    def running(self) -> int:
        """Jobs that have a slot now."""
        return len(self._slots.running)

    @property
    def waiting(self) -> int:
        """Jobs that wait for a slot."""
        return len(self._slots.waiting)

    async def _run(
        self, job: Job, target: Target, spec: dict[str, Any], memory: int, most_seconds: float | None
    ) -> dict[str, Any]:
        if not self._slots.holds(job):
            async with self.turn(job, memory=memory):
                return await self._attend(job, target, spec, most_seconds)
        return await self._attend(job, target, spec, most_seconds)

    async def _attend(
        self, job: Job, target: Target, spec: dict[str, Any], most_seconds: float | None = None
    ) -> dict[str, Any]:
        job.raise_if_cancelled()
        job.run()
        child = await asyncio.to_thread(self._spawn, target, spec)
        self._slots.occupy(job, child.pid)
        return await child.attend(job, self._patience, most_seconds)

    def _spawn(self, target: Target, spec: dict[str, Any]) -> Child:
        with self._spawning, _nameless_main():
            if not self._started:
                self.start()
            self.load()
            return Child.start(self._context, target, spec, self._limits)


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """Set what the fork server inherits: numeric libraries read their thread count when they are loaded."""
    wanted = dict.fromkeys(_THREAD_VARIABLES, str(threads)) if threads else {}
    # Python 3.11's fork server does not take over sys.path, without which it may not find what to preload.
    wanted["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _blocked(number: signal.Signals) -> Iterator[None]:
    """Keep a signal waiting, also in what is started meanwhile; only for the calling thread."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})


@contextmanager
def _nameless_main() -> Iterator[None]:
    """Keep multiprocessing from importing this process's main script, gRPC and all, in every child."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = type(sys)("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
