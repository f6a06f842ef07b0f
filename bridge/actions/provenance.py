"""Where the properties and relationships that bridge put into a projection come from."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from bridge.actions.origin_log import OriginLog
from bridge.actions.undisturbed import undisturbed
from bridge.core.call import Call
from bridge.core.graph import Graph
from bridge.core.projection import NodeTable
from bridge.projection.snapshots import Snapshot, open_snapshot

if TYPE_CHECKING:
    from bridge.actions.services import Services

MULTI_HOT = "multiHot:"
"""How the encoder of a multi-hot vector begins; the hash of its vocabulary follows."""

MOST_ORIGINS = 10_000
"""Origins remembered at once; the oldest leave first."""

SAMPLED_NODES = 64
"""Nodes whose values tell whether a property is still the one that was made."""


@dataclass(frozen=True)
class Origin:
    """How a property or a relationship type was computed."""

    encoder: str
    """What computed it, with a hash of its vocabulary or weights: `text:1f0c…`, `multiHot:77ab…`."""
    relationship_types: frozenset[str] = frozenset()
    """The relationship types it was computed from, those included that one of them was computed from in its turn;
    empty when from none."""


@dataclass(frozen=True)
class Sample:
    """By which a property is known again: hashes of a few nodes' values."""

    hashes: Mapping[int, bytes]
    """By internal id."""

    @classmethod
    def of(cls, ids: NDArray[np.integer[Any]], values: NDArray[Any]) -> Self:
        """Sample int [N] ids with their values [N] or [N, d]."""
        rows = np.unique(np.linspace(0, len(ids) - 1, min(SAMPLED_NODES, len(ids))).astype(np.int64))
        return cls(dict(zip(ids[rows].tolist(), _hashes(values[rows]), strict=True)))

    def fits(self, table: NodeTable, property_name: str) -> bool:
        """Say whether the nodes that are still there have the sampled values."""
        rows = np.flatnonzero(np.isin(table.ids, list(self.hashes)))
        found = _hashes(table.properties[property_name][rows])
        return all(
            self.hashes[internal] == now for internal, now in zip(table.ids[rows].tolist(), found, strict=True)
        )


def _hashes(values: NDArray[Any]) -> list[bytes]:
    # Bytes, since a vector of one element comes back from the projection as a scalar.
    return [hashlib.sha256(row.tobytes()).digest()[:8] for row in np.ascontiguousarray(values, dtype=np.float32)]


@dataclass(frozen=True)
class _Key:
    database_id: str
    user: str
    graph_name: str
    created_millis: int
    label: str
    """Empty for a relationship type."""
    name: str
    """Of the property or the relationship type."""


@dataclass(frozen=True)
class _Kept:
    origin: Origin
    modified_millis: int
    """When the projection was last changed before the property came."""
    sample: Sample | None

    def document(self, key: _Key) -> dict[str, Any]:
        """Return both as a document for the log."""
        hashes = self.sample and {str(internal): each.hex() for internal, each in self.sample.hashes.items()}
        return {
            "key": asdict(key),
            "encoder": self.origin.encoder,
            "relationship_types": sorted(self.origin.relationship_types),
            "modified_millis": self.modified_millis,
            "sample": hashes,
        }

    @staticmethod
    def of_document(document: Mapping[str, Any]) -> tuple[_Key, _Kept]:
        """Read a document of the log; raises TypeError, ValueError, KeyError or AttributeError when it is none."""
        hashes = document["sample"]
        sample = hashes and Sample({int(internal): bytes.fromhex(each) for internal, each in hashes.items()})
        origin = Origin(str(document["encoder"]), frozenset(document["relationship_types"]))
        return _Key(**document["key"]), _Kept(origin, int(document["modified_millis"]), sample)


@dataclass
class Provenance:
    """Remembers origins for as long as the property is in the projection it was put into."""

    log: OriginLog | None = None
    """Where they outlive the server; None: nowhere."""
    _kept: dict[_Key, _Kept] = field(default_factory=dict)
    """The oldest first."""
    _unsaved: list[tuple[_Key, _Kept]] = field(default_factory=list)
    """What `save` has to write."""
    _saving: asyncio.Lock = field(default_factory=asyncio.Lock)
    """The last word on a property stands last in the log."""

    def __post_init__(self) -> None:
        for document in self.log.read() if self.log else ():
            try:
                key, kept = _Kept.of_document(document)
            except (TypeError, ValueError, KeyError, AttributeError):
                continue  # of another bridge, perhaps
            self._remember(key, kept)
        if self.log and (self._kept or self.log.long):
            self.log.rewrite(_documents(list(self._kept.items())))

    def record(
        self, call: Call, graph: Graph, label: str, property_name: str, origin: Origin, sample: Sample | None = None
    ) -> None:
        """Remember how a property of this very projection was made, `graph` being what it was before; then `save`."""
        self._keep(call, graph, label, property_name, origin, sample)

    def find(self, call: Call, graph: Graph, label: str, property_name: str) -> Origin | None:
        """Return how it was made; None when bridge did not make it, or nobody remembers."""
        return self._find(call, graph, label, property_name)

    def record_type(self, call: Call, graph: Graph, relationship_type: str, origin: Origin) -> None:
        """Remember how a relationship type of this very projection was made, as `record` does."""
        self._keep(call, graph, "", relationship_type, origin, None)

    def find_type(self, call: Call, graph: Graph, relationship_type: str) -> Origin | None:
        """Return how a relationship type was made; None when bridge did not make it, or nobody remembers."""
        return self._find(call, graph, "", relationship_type)

    def samples(self, call: Call, graph: Graph) -> dict[tuple[str, str], Sample]:
        """Return the samples of this projection's properties, by label and property."""
        this = _key(call, graph, "", "")
        return {
            (key.label, key.name): kept.sample
            for key, kept in self._kept.items()
            if kept.sample is not None and replace(key, label="", name="") == this
        }

    def forget(self, call: Call, graph: Graph, properties: Iterable[tuple[str, str]]) -> None:
        """Forget the origins of properties, each a label and a name, that have become others."""
        for label, name in properties:
            self._kept.pop(_key(call, graph, label, name), None)

    async def save(self) -> None:
        """Write down what was recorded since; the event loop goes on meanwhile."""
        async with self._saving:
            unsaved, self._unsaved = self._unsaved, []
            if self.log and unsaved:
                await undisturbed(asyncio.to_thread(_write, self.log, unsaved, list(self._kept.items())))

    @property
    def count(self) -> int:
        """Origins that are remembered, of all projections."""
        return len(self._kept)

    def _find(self, call: Call, graph: Graph, label: str, name: str) -> Origin | None:
        self._forget_what_is_gone(call, graph)
        kept = self._kept.get(_key(call, graph, label, name))
        return None if kept is None else kept.origin

    def _keep(self, call: Call, graph: Graph, label: str, name: str, origin: Origin, sample: Sample | None) -> None:
        behind = [self.find_type(call, graph, each) for each in origin.relationship_types]
        earlier = [each.relationship_types for each in behind if each is not None]
        complete = replace(origin, relationship_types=origin.relationship_types.union(*earlier))
        key, kept = _key(call, graph, label, name), _Kept(complete, graph.modified_millis, sample)
        self._remember(key, kept)
        if self.log:
            self._unsaved.append((key, kept))

    def _remember(self, key: _Key, kept: _Kept) -> None:
        self._kept.pop(key, None)
        self._kept[key] = kept
        while len(self._kept) > MOST_ORIGINS:
            del self._kept[next(iter(self._kept))]

    def _forget_what_is_gone(self, call: Call, graph: Graph) -> None:
        """Forget what was made in earlier projections of this name, and what has been dropped from this one."""
        caller = call.caller
        this = (caller.database_id, caller.user, graph.name)
        for key in [key for key in self._kept if (key.database_id, key.user, key.graph_name) == this]:
            # What this call itself has added is not in its description yet, which is as old as that of `record`.
            dropped = graph.modified_millis > self._kept[key].modified_millis and not _is_there(key, graph)
            if key.created_millis < graph.created_millis or dropped:
                del self._kept[key]


def _write(log: OriginLog, unsaved: Sequence[tuple[_Key, _Kept]], kept: Sequence[tuple[_Key, _Kept]]) -> None:
    if log.long:
        log.rewrite(_documents(kept))
    else:
        log.append(_documents(unsaved))


def _documents(some: Iterable[tuple[_Key, _Kept]]) -> Iterator[dict[str, Any]]:
    return (kept.document(key) for key, kept in some)


def _key(call: Call, graph: Graph, label: str, name: str) -> _Key:
    return _Key(call.caller.database_id, call.caller.user, graph.name, graph.created_millis, label, name)


def _is_there(key: _Key, graph: Graph) -> bool:
    if not key.label:
        return key.name in graph.relationship_types
    return key.label in graph.labels and key.name in graph.labels[key.label].properties


async def forget_changed(call: Call, graph: Graph, snapshot: Snapshot, services: Services) -> None:
    """Forget the origins of properties that a snapshot shows with other values than those that were put in.

    Somebody has dropped such a property, which takes no procedure of bridge, and made another of its name.
    """
    samples = services.provenance.samples(call, graph)
    if samples:
        changed = await services.compute(_changed, snapshot.path, samples)
        services.provenance.forget(call, graph, changed)


def _changed(path: Path, samples: Mapping[tuple[str, str], Sample]) -> list[tuple[str, str]]:
    nodes = open_snapshot(path).nodes
    return [
        (label, name)
        for (label, name), sample in samples.items()
        if label in nodes and name in nodes[label].properties and not sample.fits(nodes[label], name)
    ]
