"""The turns of jobs: so many at once, so many waiting in line, each only when there is memory for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from bridge.core.errors import ResourceExhaustedError
from bridge.core.memory import readable
from bridge.jobs.free_memory import free_bytes
from bridge.jobs.job import Job

MEMORY_POLL_SECONDS = 1.0
"""From one look at the free memory to the next while a job waits for it."""

MEMORY_PATIENCE_SECONDS = 60.0
"""How long a job waits for memory that none of our own jobs will give back."""


@dataclass
class _Waiting:
    job: Job
    memory: int
    turn: asyncio.Future[Any]
    alone_since: float | None = None
    """Since when nothing else runs and there is still too little memory, by the loop's clock."""


@dataclass(frozen=True)
class _Taking:
    """The process that does a job's work."""

    pid: int
    before: int
    """Bytes that it had when it began: it shares them with the fork server."""


class Slots:
    """Gives jobs their turns in the order in which they came. Lives on one event loop.

    A job that declares its memory waits until that is free. Those behind it wait with it: a stream of small ones
    would keep it waiting for ever.
    """

    def __init__(
        self,
        slots: int,
        queue: int,
        *,
        free: Callable[[], int] = free_bytes,
        poll: float = MEMORY_POLL_SECONDS,
        patience: float = MEMORY_PATIENCE_SECONDS,
    ) -> None:
        self._slots = slots
        self._queue = queue
        self._free = free
        self._poll = poll
        self._patience = patience
        self._running: dict[Job, int] = {}
        """The memory that each declared, in bytes."""
        self._processes: dict[Job, _Taking] = {}
        self._waiting: deque[_Waiting] = deque()
        self._next_look: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, job: Job, memory: int = 0) -> AsyncIterator[None]:
        """Wait for the job's turn and keep the slot for the block; `memory` in bytes, 0 when it declares none.

        Raises:
            CancelledError: the job was cancelled while it waited.
            ResourceExhaustedError: too many jobs wait, or its memory did not become free.
        """
        job.raise_if_cancelled()
        await self._take(job, memory)
        try:
            yield
        finally:
            self._running.pop(job, None)
            self._processes.pop(job, None)
            self._admit()

    def holds(self, job: Job) -> bool:
        """Whether it is the job's turn."""
        return job in self._running

    def occupy(self, job: Job, pid: int) -> None:
        """Say which process does the job's work: what it takes already is not free any more."""
        if job in self._running:
            self._processes[job] = _Taking(pid, _private_bytes(pid))

    @property
    def running(self) -> list[Job]:
        """Jobs that have a slot now."""
        return list(self._running)

    @property
    def waiting(self) -> list[Job]:
        """Jobs that wait for one, the next first."""
        return [each.job for each in self._waiting]

    @property
    def returning(self) -> int:
        """Bytes that running jobs hold and will give back."""
        return sum(self._taken(job) for job in self._running)

    def check_room(self) -> None:
        """Refuse a job that would find the line full, before anybody is promised that it runs.

        Raises:
            ResourceExhaustedError: too many jobs wait.
        """
        at_once = len(self._running) < self._slots and not self._waiting
        if not at_once and len(self._waiting) >= self._queue:
            raise self._full()

    async def _take(self, job: Job, memory: int) -> None:
        self.check_room()
        turn: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        entry = _Waiting(job, memory, turn)
        self._waiting.append(entry)
        self._admit()
        cancelled: asyncio.Future[Any] = asyncio.ensure_future(job.cancelled.wait())
        try:
            await asyncio.wait([turn, cancelled], return_when=asyncio.FIRST_COMPLETED)
            job.raise_if_cancelled()
            turn.result()
        except BaseException:
            self._running.pop(job, None)
            if entry in self._waiting:
                self._waiting.remove(entry)
            self._admit()
            raise
        finally:
            cancelled.cancel()

    def _admit(self) -> None:
        """Give turns to those at the head of the line, as far as slots and memory reach; tell the others why not."""
        why = ""
        while self._waiting and len(self._running) < self._slots and not why:
            head = self._waiting[0]
            spare = self._free() - self._promised()
            if not head.memory or head.memory <= spare:
                self._waiting.popleft()
                self._running[head.job] = head.memory  # at once: nobody who comes in between may take its slot
                head.turn.set_result(None)
            elif self._in_vain(head):
                self._waiting.popleft()
                head.turn.set_exception(_too_little(head.memory, spare))
            else:
                why = f"waiting for memory: {readable(head.memory)} needed, {readable(max(0, spare))} free"
                self._look_again()
        for place, entry in enumerate(self._waiting):
            before = len(self._running) + place
            entry.job.wait(why if why and place == 0 else f"waiting: {before} job{'s' * (before != 1)} before this one")

    def _promised(self) -> int:
        """Return the bytes that running jobs declared and have not taken yet."""
        return sum(max(0, declared - self._taken(job)) for job, declared in self._running.items() if declared)

    def _taken(self, job: Job) -> int:
        taking = self._processes.get(job)
        return max(0, _private_bytes(taking.pid) - taking.before) if taking else 0

    def _in_vain(self, head: _Waiting) -> bool:
        """Whether the head of the line has waited long enough for memory that no job of ours will give back."""
        now = asyncio.get_running_loop().time()
        if self._running:
            head.alone_since = None
            return False
        head.alone_since = now if head.alone_since is None else head.alone_since
        return now - head.alone_since >= self._patience

    def _look_again(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        self._next_look = asyncio.get_running_loop().call_later(self._poll, self._admit)

    def _full(self) -> ResourceExhaustedError:
        return ResourceExhaustedError(
            f"{len(self._running)} running and {len(self._waiting)} waiting jobs are all that this server takes. "
            "Try again when one has finished, or cancel one: `CALL bridge.job.list()` shows yours, `bridge jobs` "
            "everyone's.",
            reason="QUEUE_FULL",
        )


def _private_bytes(pid: int) -> int:
    """Return the memory of a process that is no file's, in bytes; 0 when it is gone.

    Not what psutil calls unique: the kernel counts that page by page, 70 ms for 1.6 GiB, while every answer waits.
    """
    try:
        found = psutil.Process(pid).memory_info()
    except psutil.Error:
        return 0
    return int(found.rss - getattr(found, "shared", 0))  # files' pages are told apart on Linux alone


def _too_little(needed: int, free: int) -> ResourceExhaustedError:
    return ResourceExhaustedError(
        f"The job needs {needed} bytes ({readable(needed)}) of memory, but only {max(0, free)} "
        f"({readable(max(0, free))}) are free, and no job of this server is about to give any back. Set a smaller "
        "`embeddingDimension`, project fewer nodes and relationships, or set `sudo: true` to try anyway.",
        reason="TOO_LITTLE_MEMORY",
    )
