"""bridge/actions/scratch.py"""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from bridge.actions.scratch import scratch_folder
from bridge.actions.services import Services


async def test_a_folder_is_private_and_cleared_off_the_event_loop(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large arrays take a while to delete, and everybody's answers would wait for that."""
    clearing: list[threading.Thread] = []
    rmtree = shutil.rmtree

    def noted(path: Path, **given: Any) -> None:
        clearing.append(threading.current_thread())
        rmtree(path, **given)

    monkeypatch.setattr(shutil, "rmtree", noted)
    async with scratch_folder(services) as folder:
        (folder / "texts.json").write_text("[]")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(services.scratch.iterdir()) == []
    assert clearing
    assert threading.main_thread() not in clearing


async def test_a_folder_is_cleared_when_its_call_is_cancelled(services: Services) -> None:
    """Also then what lay in it may be private."""

    async def work() -> None:
        async with scratch_folder(services) as folder:
            (folder / "texts.json").write_text("[]")
            await asyncio.Event().wait()

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0.05)
    assert len(list(services.scratch.iterdir())) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert list(services.scratch.iterdir()) == []
