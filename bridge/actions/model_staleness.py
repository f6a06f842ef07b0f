"""How far a projection has moved away from what a hosted model was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bridge.actions.base_config import ModelConfig
from bridge.actions.hosted import check_keys, find_version, lacks
from bridge.actions.reading import Selection, snapshot_of
from bridge.actions.rows import send_rows
from bridge.core.call import Call
from bridge.core.errors import Faults
from bridge.core.graph import Graph
from bridge.core.procedure import Procedure, Row
from bridge.core.projection import Projection
from bridge.projection.content import CONTENT_FILE, Difference, Element, compare, content_hashes
from bridge.projection.snapshots import open_snapshot
from bridge.registry.manifest import Manifest
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services


class StalenessConfig(ModelConfig):
    """What was added, removed and changed in a projection since a hosted model was trained."""


class StalenessRow(Row):
    """What became of the nodes of one label, or of the relationships of one type."""

    model_name: str
    """The model."""
    model_version: int
    """The version that was asked about."""
    element: str
    """`node` or `relationship`."""
    name: str
    """The label or the relationship type."""
    trained_count: int
    """How many there were at the training; relationships in the directions that the projection had."""
    count: int
    """How many there are now."""
    added: int
    """Those that were not there at the training, known by their keys or the keys of their ends."""
    removed: int
    """Those that are gone since."""
    changed: int | None
    """Those of both times with other values of what the model reads: features, target property, time, weight. Null
    when that is not known."""
    exact: bool
    """They were compared one by one. Otherwise the version keeps their counts alone, and what was both added and
    removed is not seen."""
    same_fingerprint: bool
    """All that the model reads is as it was, for all labels and types together."""


async def staleness(request: StalenessConfig, call: Call, services: Services) -> None:
    """Read what the model reads, and compare it with what the training saw."""
    graph = await call.describe()
    version = await find_version(request, call, services)
    selection = _selection(request, version.manifest, graph)
    async with snapshot_of(call, graph, selection, services) as (snapshot, _):
        same = snapshot.fingerprint == version.manifest.graph.fingerprint
        exact, found = await services.compute(_differences, version, snapshot.path, same)
    rows = [
        StalenessRow(
            model_name=version.model_name,
            model_version=version.number,
            element=element,
            name=name,
            trained_count=each.before,
            count=each.after,
            added=each.added,
            removed=each.removed,
            changed=each.changed if exact else None,
            exact=exact,
            same_fingerprint=same,
        )
        for (element, name), each in sorted(found.items())
    ]
    await send_rows(call, StalenessRow, rows)


def _differences(version: Version, snapshot: Path, same: bool) -> tuple[bool, dict[tuple[Element, str], Difference]]:
    """Say whether the differences are exact, and what they are."""
    projection = open_snapshot(snapshot)
    if same:
        return True, {key: Difference(count, count, 0, 0, 0) for key, count in _counts(projection)}
    if CONTENT_FILE in version.manifest.files:
        before: Mapping[str, NDArray[np.uint64]] = version.arrays(CONTENT_FILE)
        return True, compare(before, content_hashes(projection))
    facts, now = version.manifest.graph, dict(_counts(projection))
    then: dict[tuple[Element, str], int] = {("node", label): count for label, count in facts.node_counts.items()}
    then |= {("relationship", kind): count for kind, count in facts.relationship_counts.items()}
    return False, {
        key: Difference(count, now.get(key, 0), max(now.get(key, 0) - count, 0), max(count - now.get(key, 0), 0), 0)
        for key, count in then.items()
    }


def _counts(projection: Projection) -> Iterator[tuple[tuple[Element, str], int]]:
    for label, table in projection.nodes.items():
        yield ("node", label), len(table)
    kinds: dict[str, int] = {}
    for (_, kind, _), links in projection.relationships.items():
        kinds[kind] = kinds.get(kind, 0) + len(links)
    for kind, count in kinds.items():
        yield ("relationship", kind), count


def _selection(request: StalenessConfig, manifest: Manifest, graph: Graph) -> Selection:
    """Select what the training read.

    Raises:
        InvalidArgumentError, FailedPreconditionError: the projection does not have all of it, or other node keys.
    """
    labels: dict[str, tuple[str, ...]] = dict.fromkeys(manifest.graph.node_counts, ())
    for feature in manifest.features:
        labels[feature.label] = (*labels[feature.label], feature.property)
    types = {kind: _properties(manifest, kind) for kind in manifest.graph.relationship_counts}
    faults = Faults()
    if lacking := [label for label in labels if label not in graph.labels]:
        faults.add(lacks(request, "labels", lacking, list(graph.labels)))
    if lacking := [kind for kind in types if kind not in graph.relationship_types]:
        faults.add(lacks(request, "relationship types", lacking, list(graph.relationship_types)))
    there: list[tuple[str, tuple[str, ...], Any]] = []
    there += [(name, wanted, graph.labels[name]) for name, wanted in labels.items() if name in graph.labels]
    known = graph.relationship_types
    there += [(name, wanted, known[name]) for name, wanted in types.items() if name in known]
    for name, wanted, described in there:
        if lacking := [each for each in wanted if each not in described.properties]:
            faults.add(lacks(request, f"properties of '{name}'", lacking, list(described.properties)))
    with faults:
        check_keys(request, manifest, graph)
    faults.raise_if_any()
    return Selection(labels, types, manifest.node_keys)


def _properties(manifest: Manifest, kind: str) -> tuple[str, ...]:
    """Return the relationship properties that the training read, as its own selection has them."""
    target, configuration = manifest.target, manifest.configuration
    if target is None:
        weight = configuration.get("relationshipWeightProperty")
        return () if weight is None else (weight,)
    if kind != target.relationship_type:
        return ()
    wanted = (target.property, target.time_property, configuration.get("splitProperty"))
    return tuple(sorted({name for name in wanted if name is not None}))


MODEL_STALENESS = Procedure("bridge.model.staleness", StalenessConfig, {"": StalenessRow}, staleness)
