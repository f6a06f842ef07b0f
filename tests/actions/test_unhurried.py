"""bridge/actions/unhurried.py: work in bulk leaves time to questions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bridge.actions import unhurried
from bridge.actions.unhurried import LONGEST_PAUSE_SECONDS, PAUSE, RECENT_SECONDS, Unhurried, parts
from bridge.evaluation.selection import top_k


class Clock:
    """Time that passes only when somebody works or sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return self.now - sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(unhurried, "time", clock)
    return clock


@pytest.fixture
def scoring() -> Iterator[Unhurried]:
    scoring = Unhurried(ThreadPoolExecutor(1))
    yield scoring
    scoring.close()


def worked(clock: Clock, *seconds: float) -> Iterator[float]:
    """Yield pieces that take so long."""
    for each in seconds:
        clock.now += each
        yield each


async def test_while_nobody_asks_one_piece_follows_the_other(scoring: Unhurried, clock: Clock) -> None:
    assert await scoring.compute(worked(clock, 0.002, 0.004)) == [0.002, 0.004]
    assert clock.slept == []


async def test_while_questions_come_each_piece_is_followed_by_a_pause_as_it_was_long(
    scoring: Unhurried, clock: Clock
) -> None:
    """But never a long one: a piece may take long where it cannot be cut."""
    scoring.asked()
    assert await scoring.compute(worked(clock, 0.001, 0.002, 0.05)) == [0.001, 0.002, 0.05]
    assert clock.slept == pytest.approx([PAUSE * 0.001, PAUSE * 0.002, LONGEST_PAUSE_SECONDS])


async def test_a_question_of_long_ago_holds_nobody_up(scoring: Unhurried, clock: Clock) -> None:
    scoring.asked()
    await scoring.compute(worked(clock, 2 * RECENT_SECONDS, 0.001))
    assert clock.slept == []


async def test_nobody_computes_for_who_has_left(scoring: Unhurried) -> None:
    """The piece that was begun is the last one."""
    begun, go_on, taken = threading.Event(), threading.Event(), []

    def pieces() -> Iterator[None]:
        for number in range(3):
            taken.append(number)
            begun.set()
            assert go_on.wait(30)
            yield

    asking = asyncio.create_task(scoring.compute(pieces()))
    await asyncio.to_thread(begun.wait, 30)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    go_on.set()
    await asyncio.to_thread(scoring.close)
    assert taken == [0]


@pytest.mark.parametrize("count", [0, 1, 7])
async def test_the_best_of_all_rows_are_those_of_each(
    scoring: Unhurried, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(unhurried, "PIECE_SCORES", 3 * 20)
    scores = np.random.default_rng(1).normal(size=(count, 20)).astype(np.float32)
    for found, wanted in zip(await scoring.top_k(scores, 4), top_k(scores, 4), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("count", "size"), [(0, 3), (2, 3), (3, 3), (7, 3), (5, 1)])
def test_parts_cover_all_without_a_seam(count: int, size: int) -> None:
    rows = list(range(count))
    taken = [rows[part] for part in parts(count, size)]
    assert [row for each in taken for row in each] == rows
    assert all(1 <= len(each) <= size for each in taken)
