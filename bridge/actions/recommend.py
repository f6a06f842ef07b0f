"""Recommend targets from a hosted model: as rows, or as relationships in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bridge.actions.hosted import Asked, answering_version, ask, ranking_target_of
from bridge.actions.jobs import effective, running_job
from bridge.actions.links import links_of
from bridge.actions.node_filter import check_filters, filtered_rows
from bridge.actions.reading import quoted, types_of
from bridge.actions.recommend_config import RecommendConfig, RecommendRow, RecommendWriteRow
from bridge.actions.rows import send_row
from bridge.actions.unhurried import PIECE_ROWS, parts, tiles
from bridge.actions.vectors import check_writable
from bridge.core.call import Call, WriteRelationships
from bridge.core.columns import Column, Table
from bridge.core.errors import FailedPreconditionError, Faults, ResourceExhaustedError
from bridge.core.graph import Graph
from bridge.core.procedure import Procedure
from bridge.registry.manifest import Manifest

if TYPE_CHECKING:
    from bridge.actions.services import Services
    from bridge.jobs.job import Job

BLOCK_BYTES = 32 * 2**20
"""Memory of the scores that exist at once, whatever the number of sources."""

RELATIONSHIP_BYTES = 900
"""Heap that a new relationship with five properties takes in a transaction; measured 725 with three."""

STEPS = ("read projection", "score", "write")
READ, SCORE, WRITE = range(len(STEPS))


async def recommend(request: RecommendConfig, call: Call, services: Services) -> None:
    """Answer with the top-K targets of each source, or write them."""
    graph = await call.describe()
    version = await answering_version(request, call, services)
    excluded = _check(request, version.manifest, graph, call.mode)
    steps = STEPS if call.mode == "write" else STEPS[:WRITE]
    async with running_job("recommend", request, steps, call, services) as job:
        asked = await ask(request, version, graph, call, services, more_types=excluded)
        lists = Lists(request, asked, excluded, call, services, job)
        await lists.prepare()
        if call.mode == "write":
            await _write(request, lists, call, job, services)
        else:
            async for rows in lists:
                await call.rows(rows)


def _check(request: RecommendConfig, manifest: Manifest, graph: Graph, mode: str) -> list[str]:
    """Return the relationship types whose targets are left out.

    Raises:
        InvalidArgumentError: one of them, or a label to filter by, is not in the projection.
        FailedPreconditionError: the model does not rank, nothing can be written, or the database cannot be asked for
            links made since the projection.
    """
    if mode == "write":
        check_writable(graph)
    excluded: list[str] = []
    faults = Faults()
    with faults:
        excluded = [ranking_target_of(manifest).relationship_type]
    with faults:
        if request.exclude_relationship_types is not None:
            excluded = types_of(graph, request.exclude_relationship_types, "excludeRelationshipTypes")
    check_filters(request, graph, faults)
    faults.raise_if_any()
    if mode == "write":
        _check_stored(excluded, graph)
    return excluded


def _check_stored(excluded: Sequence[str], graph: Graph) -> None:
    known = graph.relationship_types
    unknown = [name for name in excluded if name in known and not known[name].stored_type]
    if unknown:
        raise FailedPreconditionError(
            f"`write` leaves out what was linked since the projection, but nothing tells which type {quoted(unknown)} "
            "of the projection has in the database. Project it under the database's name, or give other types in "
            "`excludeRelationshipTypes`; `[]` leaves out nothing.",
            reason="STORED_TYPE_UNKNOWN",
        )


async def _write(request: RecommendConfig, lists: Lists, call: Call, job: Job, services: Services) -> None:
    _check_memory(request, len(lists.sources) * lists.top_k, call)
    command = WriteRelationships(
        type=request.write_relationship_type,
        constants={"modelName": request.model_name, "modelVersion": lists.asked.version.number},
        owner_property="modelName",
        created_property="createdAt",
        sources=None if request.source_node_filter is None else Column(lists.asked.sources.ids[lists.sources]),
        batch_size=request.batch_size or 0,
    )
    written = Written(lists, job, at_once=request.write_relationship_type in lists.stored_types)
    done = await call.write_relationships(command, written)
    await send_row(
        call,
        RecommendWriteRow(
            relationships_written=done.written,
            relationships_deleted=done.deleted,
            relationships_unchanged=done.unchanged,
            sources_without=len(lists.sources) - written.sources,
            write_millis=done.millis,
            configuration=dict(effective(request, job, modelVersion=lists.asked.version.number)),
        ),
    )


class Written:
    """The rows of the relationships to write, one block of sources scored while the one before it is written."""

    def __init__(self, lists: Lists, job: Job, *, at_once: bool) -> None:
        self._lists = lists
        self._job = job
        self._at_once = at_once
        """Make all lists before the first is written: what is written would be taken for a link."""
        self.sources = 0
        """Sources that had a row, of what was taken."""

    async def __aiter__(self) -> AsyncIterator[Table]:
        """Yield the rows block by block; the sources of two blocks are different ones."""
        held: list[Table] = []
        rows = 0
        async for columns in self._lists:
            part = Table("", {name: Column(columns[column].values) for name, column in _WRITTEN.items()})
            rows += len(part)
            self.sources += _runs(part.columns["source"].values)
            if self._at_once:
                held.append(part)
            else:
                yield part
        for part in held:
            yield part
        self._job.report(WRITE, 0.0, f"{rows:,} relationships")


def _runs(values: NDArray[np.int64]) -> int:
    """Count the different values of what lies sorted into groups: the rows of one source stand together."""
    return int(np.count_nonzero(values[1:] != values[:-1])) + min(1, len(values))


_WRITTEN = {"source": "sourceNodeId", "target": "targetNodeId", "score": "score", "rank": "rank"}
"""Columns of a part that is written, by those of YIELD."""


def _check_memory(request: RecommendConfig, relationships: int, call: Call) -> None:
    limit = call.caller.transaction_memory_bytes
    needed = relationships * RELATIONSHIP_BYTES
    if limit and needed > limit and not (request.batch_size or request.sudo):
        raise ResourceExhaustedError(
            f"Writing up to {relationships:,} relationships in one transaction would take about "
            f"{needed / 2**20:,.0f} MiB, but a transaction may use {limit / 2**20:,.0f} MiB. Set `batchSize`, say "
            "10000, to write in transactions of that size (not atomic), recommend for fewer sources, raise "
            "`db.memory.transaction.max`, or set `sudo: true` to try anyway.",
            reason="TRANSACTION_TOO_LARGE",
        )


class Lists:
    """The recommendations of all asked sources, computed block by block as they are taken."""

    def __init__(
        self, request: RecommendConfig, asked: Asked, excluded: Sequence[str], call: Call, services: Services, job: Job
    ) -> None:
        self.asked = asked
        self.top_k = min(request.top_k, max(1, len(asked.targets)))
        """Targets per source, of those that there are."""
        self._excluded = excluded
        self.sources: NDArray[np.int64] = np.empty(0, np.int64)
        """Rows of the sources that are asked for."""
        self._request = request
        self._call = call
        self._services = services
        self._job = job
        self._barred: NDArray[np.bool_] | None = None
        self._seen: list[csr_array] = []

    async def prepare(self) -> None:
        """Resolve the filters and the links to leave out.

        Raises:
            InvalidArgumentError: a filter that names what is not there.
        """
        request, asked = self._request, self.asked
        self.sources, allowed = await filtered_rows(request, asked, self._call, self._services)
        if request.target_node_filter is not None:
            self._barred = np.ones(len(asked.targets), dtype=bool)
            self._barred[allowed] = False
        for name in self._excluded:
            seen = await self._services.compute(links_of, asked.projection, asked.target, name)
            if seen is not None:
                self._seen.append(seen)

    @property
    def stored_types(self) -> list[str]:
        """The database's relationship types whose targets are left out."""
        types = self.asked.graph.relationship_types
        return sorted({types[name].stored_type for name in self._excluded})

    async def __aiter__(self) -> AsyncIterator[dict[str, Column]]:
        """Yield the rows of one block of sources after the other, as columns of YIELD."""
        size = max(1, min(1024, BLOCK_BYTES // (4 * max(1, len(self.asked.targets)))))
        for start in range(0, len(self.sources), size):
            block = self.sources[start : start + size]
            self._job.report(SCORE, start / len(self.sources), f"{start:,} of {len(self.sources):,} sources")
            targets, values = await self._best(block)
            yield self._columns(block, targets, values)

    async def _best(self, block: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Take the best targets; when writing, ask the store for links made since the projection, and do without."""
        scoring = self._services.scoring
        scores = np.empty((len(block), len(self.asked.targets)), dtype=np.float32)
        await scoring.compute(self._score(block, scores))
        while True:
            targets, values = await scoring.top_k(scores, self.top_k)
            if self._call.mode != "write":
                return targets, values
            rows, places = np.nonzero(targets >= 0)
            found = targets[rows, places]
            linked = await self._linked(block[rows], found)
            if not linked.any():
                return targets, values
            scores[rows[linked], found[linked]] = -np.inf

    def _score(self, block: NDArray[np.int64], scores: NDArray[np.float32]) -> Iterator[None]:
        """Fill in the scores of all targets, those to leave out at -inf, piece by piece."""
        scorer = self.asked.scorer
        for rows, targets in tiles(len(block), scores.shape[1], scorer.targets.shape[1]):
            scores[rows, targets] = scorer.block(block[rows], targets)
            yield
        for rows in parts(len(block), PIECE_ROWS):
            self._leave_out(block[rows], scores[rows])
            yield

    def _leave_out(self, block: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        for seen in self._seen:
            rows, columns = seen[block].nonzero()
            scores[rows, columns] = -np.inf
        if self.asked.target.source_label == self.asked.target.target_label:
            scores[np.arange(len(block)), block] = -np.inf  # nobody is recommended to themselves
        if self._barred is not None:
            scores[:, self._barred] = -np.inf
        if self._request.min_score is not None:
            scores[scores < self._request.min_score] = -np.inf

    async def _linked(self, sources: NDArray[np.int64], targets: NDArray[np.int32]) -> NDArray[np.bool_]:
        if not len(sources) or not self._excluded:
            return np.zeros(len(sources), dtype=bool)
        asked = self.asked
        pairs = {"source": Column(asked.sources.ids[sources]), "target": Column(asked.targets.ids[targets])}
        kinds = [asked.graph.relationship_types[name] for name in self._excluded]
        # Between two labels a link means the same in either direction; within one, only if projected undirected.
        two_labels = asked.target.source_label != asked.target.target_label
        both = two_labels or any(kind.undirected for kind in kinds)
        column = await self._call.check_links(self.stored_types, Table("", pairs), both_directions=both)
        return column.values.astype(bool)

    def _columns(
        self, block: NDArray[np.int64], targets: NDArray[np.int32], values: NDArray[np.float32]
    ) -> dict[str, Column]:
        rows, places = np.nonzero(targets >= 0)
        asked = self.asked
        return {
            "sourceNodeId": Column(asked.sources.ids[block[rows]], node_ids=True),
            "targetNodeId": Column(asked.targets.ids[targets[rows, places]], node_ids=True),
            "score": Column(values[rows, places].astype(np.float64)),
            "rank": Column(places.astype(np.int64) + 1),
            "modelVersion": Column(np.full(len(rows), asked.version.number, dtype=np.int64)),
            "fallback": Column(~asked.scorer.known_sources[block[rows]]),
        }


RECOMMEND = Procedure(
    "bridge.recommend", RecommendConfig, {"stream": RecommendRow, "write": RecommendWriteRow}, recommend
)
