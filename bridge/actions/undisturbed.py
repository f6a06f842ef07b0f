"""Finishing what must not be left half done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def undisturbed(work: Coroutine[Any, Any, T]) -> T:
    """Wait for the end of some work; who is cancelled meanwhile leaves when it has ended.

    Raises:
        asyncio.CancelledError: somebody asked for it meanwhile.
    """
    task = asyncio.ensure_future(work)
    abandoned: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            abandoned = error
    if abandoned is not None:
        task.exception()
        raise abandoned
    return task.result()
