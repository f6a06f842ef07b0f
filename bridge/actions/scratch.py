"""Folders for what a call and its trainer hand to each other."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.actions.services import Services


@asynccontextmanager
async def scratch_folder(services: Services) -> AsyncIterator[Path]:
    """Lend an empty folder that only the server's user can open; it is gone afterwards, whatever happens.

    It is cleared off the event loop: the arrays in it may be large, and others wait for their answers.
    """
    folder = Path(tempfile.mkdtemp(dir=services.scratch))
    try:
        yield folder
    finally:
        await services.finish(shutil.rmtree, folder, ignore_errors=True)
