"""Answers of hosted models from the projection of their training, without a database."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bridge.actions.hosted import ATTEMPTS, ranking_target_of, target_of
from bridge.actions.reading import quoted
from bridge.actions.served import Best, Ranking, Rows, Served, Space, serve_kept
from bridge.actions.unhurried import parts
from bridge.core.errors import DamagedError, InvalidArgumentError, NotFoundError
from bridge.core.projection import NodeTable
from bridge.registry.aliases import CHAMPION
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services

T = TypeVar("T")

DEFAULT_TOP_K = 10
MOST_TOP_K = 1_000
MOST_NODES = 1_000
MOST_PAIRS = 10_000
MOST_LISTED = 100_000
"""Entries of all lists of one answer: putting each on the wire takes some microseconds."""

AT_ONCE = 2_000_000
"""Multiplications that the event loop itself does, in about a millisecond at most: to hand them to another thread and
to wake up for the result takes longer than they do, and much longer beside a busy one."""

BLOCK_BYTES = 4 * 2**20
"""Memory of the scores that exist at once: small, so that nobody waits long for the turn of others."""


@dataclass(frozen=True)
class Question:
    """Which version is asked."""

    database: str
    """The database's name; may be empty where one alone has models."""
    model_name: str
    model_version: int | str | None = None
    """A number or an alias; None for the one that answers."""


@dataclass(frozen=True)
class Found:
    """What was found for one node: keys, best first, with a number each."""

    key: object
    keys: list[Any]
    values: list[float]
    fallback: bool = False
    """The model knows nothing of the node: the list is everyone's."""


async def recommend(
    question: Question, sources: Sequence[object], top_k: int, min_score: float | None, services: Services
) -> tuple[int, list[Found]]:
    """Return the version that answered, and each source's best targets, without those linked in the training.

    Raises:
        FailedPreconditionError: the model does not rank, or does not have its projection.
        InvalidArgumentError: too many sources, or a number out of range.
        NotFoundError: no such model or version, or a key that is no node's.
    """
    count = _list_length("sources", sources, top_k)
    if min_score is not None and not math.isfinite(min_score):
        raise InvalidArgumentError(
            f"`min_score` was {min_score}, but must be a finite number; leave it out for all.", reason="OUT_OF_RANGE"
        )
    served = await _served(question, services)
    ranking_target_of(served.version.manifest)
    ranking, space = _ranking(served)
    asked, targets = _asked(served, space.nodes, "sources", sources), ranking.scorer.targets
    best = await _in_blocks(asked, targets, lambda rows: ranking.best(rows, count, min_score), services)
    known, table = ranking.scorer.known_sources, served.spaces[ranking.target.target_label].nodes
    return served.version.number, _found(sources, best, table, ~known[asked])


async def score(
    question: Question, sources: Sequence[object], targets: Sequence[object], services: Services
) -> tuple[int, list[float], list[bool]]:
    """Return the version that answered, each pair's score, and whether it is a mean or a popularity.

    Raises:
        FailedPreconditionError: the model predicts nothing, or does not have its projection.
        InvalidArgumentError: too many pairs, or not as many targets as sources.
        NotFoundError: no such model or version, or a key that is no node's.
    """
    _check_count("sources", sources, MOST_PAIRS)
    if len(sources) != len(targets):
        raise InvalidArgumentError(
            f"There are {len(sources):,} `sources` and {len(targets):,} `targets`; give as many of each, the pairs in "
            "the same order.",
            reason="NOT_PAIRS",
        )
    served = await _served(question, services)
    ranking, space = _ranking(served)
    goal = served.spaces[ranking.target.target_label]
    rows = _asked(served, space.nodes, "sources", sources), _asked(served, goal.nodes, "targets", targets)
    scorer = ranking.scorer
    scores = await _computed(len(sources) * scorer.targets.shape[1], lambda: scorer.pairs(*rows), services)
    known = scorer.known_sources[rows[0]] & scorer.known_targets[rows[1]]
    return served.version.number, scores.tolist(), (~known).tolist()


async def embed(
    question: Question, label: str, keys: Sequence[object], services: Services
) -> tuple[int, list[NDArray[np.float32] | None]]:
    """Return the version that answered, and each node's embedding, float32 [d]; None where it has none.

    Raises:
        FailedPreconditionError: the version does not have its projection.
        InvalidArgumentError: too many keys, or a label that the model has no embeddings of.
        NotFoundError: no such model or version, or a key that is no node's.
    """
    _check_count("keys", keys, MOST_NODES)
    served = await _served(question, services)
    space = _space(served, label)
    rows = _asked(served, space.nodes, "keys", keys)
    return served.version.number, [space.vectors[row] if space.known[row] else None for row in rows]


async def similar(
    question: Question, label: str, keys: Sequence[object], top_k: int, services: Services
) -> tuple[int, list[Found]]:
    """Return the version that answered, and for each node those of its label with the highest cosine similarity.

    A node without an embedding has none.

    Raises:
        FailedPreconditionError: the version does not have its projection.
        InvalidArgumentError: too many keys, a number out of range, or a label that the model has no embeddings of.
        NotFoundError: no such model or version, or a key that is no node's.
    """
    count = _list_length("keys", keys, top_k)
    served = await _served(question, services)
    space = _space(served, label)
    rows = _asked(served, space.nodes, "keys", keys)
    best = await _in_blocks(rows, space.vectors, lambda some: space.nearest(some, count), services)
    return served.version.number, _found(keys, best, space.nodes, np.zeros(len(rows), dtype=np.bool_))


async def _served(question: Question, services: Services) -> Served:
    """Find the version, once for the whole answer, and have it in memory; `previous` where no model can be made of
    the champion."""
    services.scoring.asked()
    name = (question.database, question.model_name, question.model_version)
    for left in reversed(range(ATTEMPTS)):
        version = services.resolved.find(*name)
        if version is None:
            version = await services.answer(services.resolved.resolve, *name)
        try:
            return await _in_memory(version, services)
        except DamagedError as error:
            await services.compute(services.store.condemn, version, error)
            services.resolved.forget(*name)
            if not left or question.model_version not in (None, CHAMPION):
                raise
    raise AssertionError("the last attempt returns or raises")


async def _in_memory(version: Version, services: Services) -> Served:
    served = services.served.peek(version)
    if served is None:
        load = partial(serve_kept, version, services.live)
        async with services.turns.of(version.key):
            served = await services.finish(services.served.get, version, load)
    return served


def _ranking(served: Served) -> tuple[Ranking, Space]:
    """Return what predicts, and the sources' nodes."""
    target = target_of(served.version.manifest)
    assert served.ranking is not None, "a version with a target predicts"
    return served.ranking, served.spaces[target.source_label]


def _space(served: Served, label: str) -> Space:
    spaces = served.spaces
    if not label and len(spaces) == 1:
        return next(iter(spaces.values()))
    if label not in spaces:
        came = f"`label` was `{label}`" if label else "No `label` was given"
        raise InvalidArgumentError(
            f"{came}, but the model `{served.version.model_name}` has embeddings of {quoted(list(spaces))}. Name one "
            "of these.",
            reason="NOT_EMBEDDED",
        )
    return spaces[label]


def _asked(served: Served, table: NodeTable, field: str, keys: Sequence[object]) -> Rows:
    rows = served.rows_of(table.label, keys)
    if len(unknown := np.flatnonzero(rows < 0)):
        kind = "a STRING" if table.keys.dtype.kind == "U" else "an INTEGER"
        name = f"`{table.key_property}`, {kind}" if table.key_property else f"Neo4j's id, {kind}"
        raise NotFoundError(
            f"`{field}` has {len(unknown):,} keys of which version {served.version.number} of "
            f"`{served.version.model_name}` knows no `{table.label}` node, the first is {_shown(keys[unknown[0]])}. "
            f"These nodes go by {name}; those that came after the training are in no answer before the next version.",
            reason="UNKNOWN_KEY",
            model=served.version.model_name,
        )
    return rows


def _shown(key: object) -> str:
    text = f"'{key}'" if isinstance(key, str) else "null" if key is None else str(key)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _check_count(field: str, given: Sequence[object], most: int) -> None:
    if len(given) > most:
        raise InvalidArgumentError(
            f"`{field}` has {len(given):,} keys, but at most {most:,} are allowed. Ask in several calls.",
            reason="TOO_MANY",
        )


def _list_length(field: str, given: Sequence[object], top_k: int) -> int:
    """Return how long each node's list may be."""
    _check_count(field, given, MOST_NODES)
    if not 0 <= top_k <= MOST_TOP_K:
        raise InvalidArgumentError(
            f"`top_k` was {top_k}, but must be 1 to {MOST_TOP_K:,}, or 0 for {DEFAULT_TOP_K}.", reason="OUT_OF_RANGE"
        )
    count = top_k or DEFAULT_TOP_K
    if count * len(given) > MOST_LISTED:
        raise InvalidArgumentError(
            f"{len(given):,} lists of {count:,} were asked for, but at most {MOST_LISTED:,} entries are allowed in one "
            "answer. Ask in several calls, or for a smaller `top_k`.",
            reason="TOO_MANY",
        )
    return count


async def _in_blocks(
    rows: Rows, others: NDArray[np.float32], compute: Callable[[Rows], Best], services: Services
) -> list[Best]:
    """Compare nodes with all `others`, float32 [N, d], so many at a time that their scores fit."""
    size = max(1, BLOCK_BYTES // (4 * max(1, len(others))))
    best = []
    for part in parts(len(rows), size):
        block = rows[part]
        best.append(await _computed(len(block) * others.size, partial(compute, block), services))
    return best


async def _computed(multiplications: int, compute: Callable[[], T], services: Services) -> T:
    return compute() if multiplications <= AT_ONCE else await services.answer(compute)


def _found(
    keys: Sequence[object], best: Sequence[Best], table: NodeTable, fallbacks: NDArray[np.bool_]
) -> list[Found]:
    """Turn rows into keys."""
    lists = [pair for block in best for pair in zip(*block, strict=True)]
    found = []
    for key, (targets, values), fallback in zip(keys, lists, fallbacks.tolist(), strict=True):
        kept = targets[targets >= 0]
        found.append(Found(key, table.keys[kept].tolist(), values[: len(kept)].tolist(), fallback))
    return found
