"""A hosted model, asked on the caller's projection."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bridge.actions.base_config import ModelConfig
from bridge.actions.feature_contract import check_encoders, check_features
from bridge.actions.loading import load, load_embedding
from bridge.actions.provenance import forget_changed
from bridge.actions.reading import Selection, quoted, snapshot_of
from bridge.actions.relationship_contract import check_relationships
from bridge.core.call import Call
from bridge.core.errors import DamagedError, FailedPreconditionError, Faults
from bridge.core.graph import Graph
from bridge.core.projection import NodeTable, Projection, Target
from bridge.models.model import Model, ModelScorer
from bridge.models.node_embedding import NodeEmbedding
from bridge.projection.features import check_target, complete
from bridge.projection.snapshots import Snapshot, open_snapshot
from bridge.registry.aliases import CHAMPION
from bridge.registry.live import Live
from bridge.registry.manifest import Manifest
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services

ATTEMPTS = 3
"""Versions that are tried in turn: `champion`, `previous`, and one of them again when it was restored meanwhile."""


@dataclass(frozen=True)
class Asked:
    """A version with everything that it needs to answer for one projection."""

    version: Version
    graph: Graph
    target: Target
    projection: Projection
    scorer: ModelScorer

    @property
    def sources(self) -> NodeTable:
        """The nodes that recommendations are for."""
        return self.projection.nodes[self.target.source_label]

    @property
    def targets(self) -> NodeTable:
        """The nodes that can be recommended."""
        return self.projection.nodes[self.target.target_label]


class Loaded:
    """A model in memory, with the projection it was last asked on: asking twice computes embeddings once."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._last: tuple[str, Projection, ModelScorer] | None = None

    def on(self, snapshot: Snapshot, manifest: Manifest) -> tuple[Projection, ModelScorer]:
        """Let the model see a projection.

        Raises:
            FailedPreconditionError: the projection does not fit the model.
        """
        with self._lock:
            if self._last is None or self._last[0] != str(snapshot.path):
                projection = fitting(open_snapshot(snapshot.path), manifest)
                self._last = (str(snapshot.path), projection, self._model.scorer(projection))
            return self._last[1], self._last[2]

    def scorer(self, projection: Projection) -> ModelScorer:
        """Let the model see a fitting projection, and remember nothing of it."""
        with self._lock:
            return self._model.scorer(projection)


Hosted = Loaded | NodeEmbedding
"""A model in memory: one that looks at a projection, or one that has a vector for each key."""


async def find_version(request: ModelConfig, call: Call, services: Services) -> Version:
    """Find the version that is asked for; once a call, so that no answer mixes versions.

    Raises:
        NotFoundError: no such model, version or alias.
        DamagedError: it is not what was written, and nothing may answer in its place.
    """
    store, database = services.store, call.caller.database_key
    return await services.compute(store.resolve, database, request.model_name, request.model_version)


async def answering_version(request: ModelConfig, call: Call, services: Services) -> Version:
    """Find the version that is asked for, as `find_version`, and have it in memory.

    A champion of which no model can be made has `previous` answer, as one with other damage does.

    Raises:
        NotFoundError: no such model, version or alias.
        DamagedError: it is not what was written or cannot be loaded, and nothing may answer in its place.
    """
    for left in reversed(range(ATTEMPTS)):
        version = await find_version(request, call, services)
        try:
            async with services.turns.of(version.key):
                await services.finish(services.live.get, version, partial(hosted, version))
            break
        except DamagedError as error:
            await services.compute(services.store.condemn, version, error)
            if not left or request.model_version not in (None, CHAMPION):
                raise
    return version


async def ask(
    request: ModelConfig,
    version: Version,
    graph: Graph,
    call: Call,
    services: Services,
    *,
    more_types: Sequence[str] = (),
) -> Asked:
    """Read what a version needs of the caller's projection, load its weights, compute the embeddings.

    `more_types` are relationship types of the projection to read beside the model's own.

    Raises:
        FailedPreconditionError: the projection does not fit the model, and why.
    """
    selection = _selection(request, version.manifest, graph, more_types)
    async with snapshot_of(call, graph, selection, services) as (snapshot, _):
        await forget_changed(call, graph, snapshot, services)
        check_encoders(version.manifest.features, graph, call, services.provenance)
        async with services.turns.of(version.key):
            projection, scorer = await services.finish(_answer, services.live, version, snapshot)
    return Asked(version, graph, target_of(version.manifest), projection, scorer)


def _answer(live: Live[Hosted], version: Version, snapshot: Snapshot) -> tuple[Projection, ModelScorer]:
    loaded = live.get(version, lambda: hosted(version))
    assert isinstance(loaded, Loaded), "a version with a target is a Model"
    return loaded.on(snapshot, version.manifest)


def hosted(version: Version) -> Hosted:
    """Load a version, whatever its family.

    Raises:
        DamagedError: a file is not what was written, or no model can be made of it.
    """
    return load_embedding(version) if version.manifest.target is None else Loaded(load(version))


def target_of(manifest: Manifest) -> Target:
    """Return what a version predicts.

    Raises:
        FailedPreconditionError: it predicts nothing, it only has vectors.
    """
    facts = manifest.target
    if facts is None:
        raise FailedPreconditionError(
            f"The model `{manifest.model_name}` is a `{manifest.model_type}` model: it has a vector for each node and "
            "predicts no relationships. Ask it with `bridge.similar.stream` or `bridge.embed.stream`, or train one "
            "with `bridge.gnn.train`.",
            reason="NOT_A_PREDICTING_MODEL",
        )
    return Target(facts.source_label, facts.relationship_type, facts.target_label, facts.property)


def ranking_target_of(manifest: Manifest) -> Target:
    """Return what a version ranks.

    Raises:
        FailedPreconditionError: it predicts values, or nothing.
    """
    target = target_of(manifest)
    if manifest.objective != "ranking":
        raise FailedPreconditionError(
            f"The model `{manifest.model_name}` was trained with `objective: 'rating'`: it predicts values, and the "
            "targets with the highest predicted value make poor recommendations. Train one with "
            "`objective: 'ranking'`, or ask this one with `bridge.predict.stream`.",
            reason="NOT_A_RANKING_MODEL",
        )
    return target


def _selection(request: ModelConfig, manifest: Manifest, graph: Graph, more_types: Sequence[str]) -> Selection:
    """Select what the model reads; refuse a projection that does not have it."""
    target = target_of(manifest)
    features: dict[str, tuple[str, ...]] = dict.fromkeys(manifest.graph.node_counts, ())
    for feature in manifest.features:
        features[feature.label] = (*features[feature.label], feature.property)
    values = () if target.value_property is None else (target.value_property,)
    faults = Faults()
    if lacking := [label for label in features if label not in graph.labels]:
        faults.add(lacks(request, "labels", lacking, list(graph.labels)))
    if lacking := [name for name in manifest.graph.relationship_counts if name not in graph.relationship_types]:
        faults.add(lacks(request, "relationship types", lacking, list(graph.relationship_types)))
    for label in (graph.labels[name] for name in features if name in graph.labels):
        if lacking := [name for name in features[label.name] if name not in label.properties]:
            faults.add(lacks(request, f"properties of '{label.name}'", lacking, list(label.properties)))
    kind = graph.relationship_types.get(target.relationship_type)
    if kind and (lacking := [name for name in values if name not in kind.properties]):
        faults.add(lacks(request, f"properties of '{kind.name}'", lacking, list(kind.properties)))
    with faults:
        check_keys(request, manifest, graph)
    faults.raise_if_any()
    types: dict[str, tuple[str, ...]] = dict.fromkeys((*manifest.graph.relationship_counts, *more_types), ())
    return Selection(features, {**types, target.relationship_type: values}, manifest.node_keys)


def lacks(request: ModelConfig, what: str, lacking: list[str], available: list[str]) -> str:
    """Say what a projection lacks that the model was trained on."""
    return (
        f"The model `{request.model_name}` was trained on the {what} {quoted(lacking)}, which this projection does not "
        f"have; it has {quoted(available)}. Project them too, or train a new version on this projection."
    )


def check_keys(request: ModelConfig, manifest: Manifest, graph: Graph) -> None:
    """Refuse other keys than those of the training; a constraint made since then changes nothing.

    Raises:
        FailedPreconditionError: other keys are given, or labels have none and this is another projection.
    """
    trained = manifest.node_keys
    if any(trained.get(label) != key for label, key in request.node_keys.items()):
        raise FailedPreconditionError(
            f"The model `{request.model_name}` was trained with `nodeKeys` {_as_map(trained)}, but this call has "
            f"{_as_map(request.node_keys)}. Leave `nodeKeys` out, or train a new version with the other keys.",
            reason="OTHER_NODE_KEYS",
        )
    nameless = [label for label in manifest.graph.node_counts if label not in trained]
    here = {"name": graph.name, "createdMillis": graph.created_millis}
    if nameless and manifest.model_info.get("projection") != here:
        raise FailedPreconditionError(
            f"The model `{request.model_name}` was trained without a node key for {quoted(nameless)}, so it answers "
            "only for the very projection it was trained on. Train it with `nodeKeys`, or make a uniqueness "
            "constraint on a property of these labels.",
            reason="NO_NODE_KEYS",
        )


def _as_map(keys: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{label}: '{key}'" for label, key in sorted(keys.items())) + "}"


def fitting(projection: Projection, manifest: Manifest) -> Projection:
    """Refuse features and relationships that are not those of the training; fill what is missing as it did."""
    names: dict[str, tuple[str, ...]] = {}
    for feature in manifest.features:
        names[feature.label] = (*names.get(feature.label, ()), feature.property)
    check_features(manifest.features, projection)
    target = target_of(manifest)
    check_relationships(target, manifest.graph, projection)
    if target.edge_type in projection.relationships:
        check_target(projection, target)
    return complete(projection, names, manifest.configuration["missing"])
