"""Threads in compiled code wait for one another."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from bridge.models.barrier import barrier, give_up, meet
from bridge.models.compiled import compiled

TIMES = 2000


@compiled
def _counted(state: Any, threads: Any, thread: Any, counts: Any) -> Any:
    """Count up between meetings; return how often another was seen to be behind or ahead, or -1 where one gave up."""
    wrong = 0
    for k in range(TIMES):
        counts[thread] = k
        if not meet(state, threads):
            return -1
        for other in range(threads):
            wrong += counts[other] != k
        if not meet(state, threads):
            return -1
    return wrong


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_nobody_goes_on_before_all_have_come(threads: int) -> None:
    """Each sees what all others wrote before the meeting, and nothing of what they write after it."""
    state, counts = barrier(), np.zeros(threads, np.int64)
    with ThreadPoolExecutor(threads) as pool:
        ran = [pool.submit(_counted, state, threads, thread, counts) for thread in range(threads)]
        assert [each.result(60) for each in ran] == [0] * threads


def test_who_waits_for_somebody_that_will_not_come_is_sent_away() -> None:
    """At once, and so is who comes later."""
    state, counts = barrier(), np.zeros(3, np.int64)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(_counted, state, 3, 0, counts)
        give_up(state)
        assert waiting.result(60) == -1
        assert pool.submit(_counted, state, 3, 1, counts).result(60) == -1
