"""Whether there is memory enough for a job, before it starts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bridge.actions.rows import send_row
from bridge.core.call import Call
from bridge.core.errors import ResourceExhaustedError
from bridge.core.memory import Estimate, readable
from bridge.core.procedure import EstimateRow
from bridge.jobs.free_memory import free_bytes

if TYPE_CHECKING:
    from bridge.actions.services import Services


LESS = "Set a smaller `embeddingDimension`, project fewer nodes and relationships"


def check_memory(estimate: Estimate, sudo: bool, services: Services, advice: str = LESS) -> int:
    """Refuse a job whose training process would take more memory than there is; `advice` is how it would take less.

    Returns:
        The bytes that its turn in a trainer needs: 0 with `sudo`, which takes what there is.

    Raises:
        ResourceExhaustedError: with both numbers.
    """
    _check(estimate, sudo, available_bytes(services), advice)
    return 0 if sudo else estimate.bytes_max


def check_own_memory(estimate: Estimate, sudo: bool) -> None:
    """Refuse a call for which the server itself would take more memory than there is.

    Raises:
        ResourceExhaustedError: with both numbers.
    """
    _check(estimate, sudo, free_bytes(), "Name fewer `nodeLabels`, project fewer nodes and relationships")


def _check(estimate: Estimate, sudo: bool, available: int, advice: str) -> None:
    if estimate.bytes_max > available and not sudo:
        raise ResourceExhaustedError(
            f"Memory required to run {estimate.name} ({estimate.bytes_max}b, {readable(estimate.bytes_max)}) exceeds "
            f"available memory ({available}b, {readable(available)}). {advice}, wait for other jobs to end, or set "
            "`sudo: true` to try anyway.",
            reason="TOO_LITTLE_MEMORY",
        )


def available_bytes(services: Services) -> int:
    """Return what a training process may take when its turn comes, or the server's limit if that is less.

    That is what is left now, and what the trainings before it will give back.
    """
    left = free_bytes() + services.trainers.returning
    limit = services.trainers.memory_limit
    return left if limit is None else min(left, limit)


async def send_estimate(
    call: Call, estimate: Estimate, node_count: int, relationship_count: int, services: Services
) -> None:
    """Answer the `.estimate` of what a training process does."""
    await _send(call, estimate, node_count, relationship_count, available_bytes(services))


async def send_own_estimate(call: Call, estimate: Estimate, node_count: int, relationship_count: int) -> None:
    """Answer the `.estimate` of what the server does itself."""
    await _send(call, estimate, node_count, relationship_count, free_bytes())


async def _send(call: Call, estimate: Estimate, node_count: int, relationship_count: int, available: int) -> None:
    there = max(1, available)
    row = EstimateRow(
        required_memory=estimate.range(),
        tree_view=estimate.tree(),
        map_view=estimate.as_map(),
        bytes_min=estimate.bytes_min,
        bytes_max=estimate.bytes_max,
        node_count=node_count,
        relationship_count=relationship_count,
        heap_percentage_min=_share(estimate.bytes_min, there),
        heap_percentage_max=_share(estimate.bytes_max, there),
    )
    await send_row(call, row)


def _share(part: int, whole: int) -> float:
    """Return the share in GDS's manner: 1.0 is all of it, rounded up to tenths."""
    return math.ceil(10 * part / whole) / 10
