"""bridge/actions/memory.py: what a job that waits for its turn can count on."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.actions import memory
from bridge.actions.memory import available_bytes, check_memory
from bridge.core.errors import ResourceExhaustedError
from bridge.core.memory import Estimate


def services(returning: int = 0, limit: int | None = None) -> Any:
    return cast(Any, SimpleNamespace(trainers=SimpleNamespace(returning=returning, memory_limit=limit)))


def test_what_running_trainings_give_back_can_be_counted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that fits when its turn comes is not refused; one that never will is."""
    monkeypatch.setattr(memory, "free_bytes", lambda: 100)
    needed = Estimate.exactly("bridge.gnn.train", 150)
    with pytest.raises(ResourceExhaustedError, match=r"\(150b, 150 Bytes\) exceeds available memory \(100b"):
        check_memory(needed, False, services())
    check_memory(needed, False, services(returning=50))


def test_the_servers_limit_of_one_process_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 100)
    assert available_bytes(services(returning=50, limit=120)) == 120
