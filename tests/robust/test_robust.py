"""A small share of benchmarks/kills.py, swaps.py and request_ids.py, which measure the same at length."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import request_ids, swaps
from benchmarks.aftermath import World
from benchmarks.kills import rounds
from benchmarks.server_process import Cradle, cradle


@pytest.fixture(scope="module")
def starter() -> Iterator[Cradle]:
    """Lend what starts servers; it loads torch once for all of them."""
    with cradle() as found:
        yield found


def test_a_kill_at_any_moment_leaves_whole_versions_true_jobs_and_the_old_answers(
    starter: Cradle, tmp_path: Path
) -> None:
    """SIGKILL of the server or of a trainer: aliases old or new, staging empty, no process left."""
    world = World(starter, tmp_path, random.Random(3))
    asyncio.run(rounds(world, kills=4))
    world.running.kill()
    assert {name: texts for name, texts in world.faults.items() if texts} == {}
    assert world.hit.total() == 4


def test_clients_are_answered_by_one_version_each_time_through_swaps(starter: Cradle, tmp_path: Path) -> None:
    """From Cypher and over PredictionService, whoever swaps, from Cypher or over ModelService."""
    server = starter.start(tmp_path / "data", tmp_path / "log", trainer_niceness=0)
    replies = asyncio.run(swaps.swapped(server, swaps=8))
    server.kill()
    assert (replies.failed, replies.mixed) == ([], 0)
    assert {version for _, _, version in replies.answered} == {1, 2}


def test_a_request_that_sixteen_clients_send_has_one_job(starter: Cradle, tmp_path: Path) -> None:
    """Of `bridge.job.submit` and of CreateTraining; the next server still knows it."""
    told: dict[str, list[str]] = {name: [] for name in request_ids.SENDS}
    for requests in (48, 2):
        asyncio.run(request_ids.served(starter, tmp_path / "data", requests, told))
    for replies in told.values():
        assert len(replies) == 50
        assert len(set(replies)) == 1
        assert "" not in replies
