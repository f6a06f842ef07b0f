"""Turns of jobs that declare their memory: each starts when there is room for it, and says what it waits for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import pytest

from bridge.core.errors import CancelledError, ResourceExhaustedError
from bridge.jobs.job import Job
from bridge.jobs.slots import Slots
from bridge.jobs.status import JobState

MIB = 2**20


class Machine:
    """So much memory is free."""

    def __init__(self, free: int) -> None:
        self.free = free

    def __call__(self) -> int:
        return self.free


def slots(machine: Machine, count: int = 2, patience: float = 60.0) -> Slots:
    return Slots(count, 8, free=machine, poll=0.01, patience=patience)


class Turn:
    """A job that takes its turn and keeps it until it is told to end."""

    def __init__(self, slots: Slots, name: str, memory: int) -> None:
        self.job = Job(name, "gnn.train")
        self.over = asyncio.Event()
        self.task = asyncio.create_task(self._run(slots, memory))

    async def _run(self, slots: Slots, memory: int) -> None:
        with self.job:
            async with slots.turn(self.job, memory):
                self.job.run()
                await self.over.wait()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_job_waits_for_what_another_has_declared_and_says_so() -> None:
    """Although a slot is free, and although the first has not taken its memory yet."""
    line = slots(Machine(100 * MIB))
    first, second = Turn(line, "first", 60 * MIB), Turn(line, "second", 50 * MIB)
    await until(lambda: "memory" in second.job.status.detail)
    assert second.job.state is JobState.QUEUED
    assert second.job.status.detail == "waiting for memory: 50.0 MiB needed, 40.0 MiB free"
    assert (line.running, line.waiting) == ([first.job], [second.job])
    first.over.set()
    await until(lambda: second.job.state is JobState.RUNNING)
    second.over.set()
    await asyncio.gather(first.task, second.task)
    assert (line.running, line.waiting) == ([], [])


async def test_two_that_fit_run_at_once() -> None:
    line = slots(Machine(100 * MIB))
    turns = [Turn(line, str(number), 50 * MIB) for number in range(2)]
    await until(lambda: all(turn.job.state is JobState.RUNNING for turn in turns))
    for turn in turns:
        turn.over.set()
    await asyncio.gather(*(turn.task for turn in turns))


async def test_what_a_trainer_has_taken_already_is_not_counted_twice() -> None:
    """What it has is not free any more; only what it may still take is kept for it."""
    machine = Machine(100 * MIB)
    line = slots(machine)
    first = Turn(line, "first", 4 * MIB)
    await until(lambda: first.job.state is JobState.RUNNING)
    machine.free = 50 * MIB
    second = Turn(line, "second", 50 * MIB)
    await until(lambda: "memory" in second.job.status.detail)
    line.occupy(first.job, os.getpid())
    assert line.returning < 4 * MIB, "what a process has when it begins is shared with the fork server"
    taken = bytearray(b"x") * (8 * MIB)
    await until(lambda: second.job.state is JobState.RUNNING)
    assert line.returning > 4 * MIB
    del taken
    for turn in (first, second):
        turn.over.set()
    await asyncio.gather(first.task, second.task)
    assert line.returning == 0


async def test_memory_that_others_free_is_noticed() -> None:
    """Nothing of ours ends, so the job looks for itself."""
    machine = Machine(MIB)
    line = slots(machine)
    one = Turn(line, "one", 2 * MIB)
    await until(lambda: "memory" in one.job.status.detail)
    machine.free = 2 * MIB
    await until(lambda: one.job.state is JobState.RUNNING)
    one.over.set()
    await one.task


async def test_one_that_none_of_ours_keeps_waiting_is_refused_in_the_end() -> None:
    """With both numbers; those behind it have their turn."""
    line = slots(Machine(MIB), patience=0.05)
    large, small = Turn(line, "large", 3 * MIB), Turn(line, "small", MIB)
    with pytest.raises(ResourceExhaustedError, match=rf"needs {3 * MIB} bytes .* only {MIB} .*sudo") as caught:
        await large.task
    assert caught.value.reason == "TOO_LITTLE_MEMORY"
    await until(lambda: small.job.state is JobState.RUNNING)
    small.over.set()
    await small.task


async def test_nobody_overtakes_the_one_who_waits_for_memory() -> None:
    """A stream of small jobs would keep it waiting for ever."""
    line = slots(Machine(10 * MIB))
    first, large, small = Turn(line, "first", 6 * MIB), Turn(line, "large", 6 * MIB), Turn(line, "small", MIB)
    await until(lambda: "memory" in large.job.status.detail)
    assert small.job.status.detail == "waiting: 2 jobs before this one"
    large.job.cancel()
    with pytest.raises(CancelledError):
        await large.task
    await until(lambda: small.job.state is JobState.RUNNING)
    for turn in (first, small):
        turn.over.set()
    await asyncio.gather(first.task, small.task)


async def test_one_that_declares_nothing_is_not_kept_from_its_turn() -> None:
    """`sudo` means just that."""
    line = slots(Machine(0))
    one = Turn(line, "one", 0)
    await until(lambda: one.job.state is JobState.RUNNING)
    one.over.set()
    await one.task
