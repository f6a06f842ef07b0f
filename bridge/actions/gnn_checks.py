"""Whether a training can be done on a projection, before any column is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.actions.gnn_config import GnnTrainConfig
from bridge.actions.reading import Selection, keys_of, labels_of, quoted, types_of
from bridge.core.errors import Faults
from bridge.core.graph import Graph
from bridge.core.projection import Target
from bridge.models import DEFAULT_ARCHITECTURE, MODELS


@dataclass(frozen=True)
class Checked:
    """A training that can be done."""

    architecture: str
    target: Target
    selection: Selection
    """What to read; the node properties are the features."""
    hyperparameters: Mapping[str, Any]
    """All of the architecture's, defaults included, as users write them."""


def check_training(request: GnnTrainConfig, graph: Graph) -> Checked:
    """Check a configuration against a projection.

    Raises:
        InvalidArgumentError: with every fault: what came, what there is.
    """
    faults = Faults()
    architecture = request.architecture or DEFAULT_ARCHITECTURE[request.objective]
    _check_objective(request, architecture, faults)
    _check_hyperparameters(request, architecture, faults)
    labels, types = _labels_and_types(request, graph, faults)
    needed = _check_target_properties(request, graph, faults)
    features = _features(request, graph, labels, faults)
    _check_node_keys(request, labels, faults)
    faults.raise_if_any()
    target = request.target_relationship_type
    return Checked(
        architecture=architecture,
        target=Target(
            request.source_node_label,
            target,
            request.target_node_label,
            request.target_property,
            request.time_property,
        ),
        selection=Selection(
            labels={label: features.get(label, ()) for label in labels},
            types={name: needed if name == target else () for name in types},
            node_keys=keys_of(graph, labels, request.node_keys),
        ),
        hyperparameters=MODELS[architecture].Hyperparameters.parse(request.hyperparameters()).effective(),
    )


def _labels_and_types(request: GnnTrainConfig, graph: Graph, faults: Faults) -> tuple[list[str], list[str]]:
    """Return what messages run over, with the target's own; where a fault is noted, the others can still be checked."""
    labels, types = list(graph.labels), list(graph.relationship_types)
    with faults:
        labels = labels_of(graph, request.node_labels)
    with faults:
        types = types_of(graph, request.relationship_types)
    for key, label in (("sourceNodeLabel", request.source_node_label), ("targetNodeLabel", request.target_node_label)):
        with faults:
            labels = sorted({*labels, *labels_of(graph, [label], key)})
    with faults:
        types = sorted({*types, *types_of(graph, [request.target_relationship_type], "targetRelationshipType")})
    return labels, types


def _check_objective(request: GnnTrainConfig, architecture: str, faults: Faults) -> None:
    fitting = [each for each, model in MODELS.items() if request.objective in model.objectives]
    if architecture not in fitting:
        faults.add(
            f"The architecture `{architecture}` is not made for the objective `{request.objective}`. "
            f"Architectures for it: {quoted(fitting)}."
        )
    if request.objective == "rating" and request.target_property is None:
        faults.add(
            "No value specified for the mandatory configuration parameter `targetProperty`: the objective `rating` "
            "predicts the value of a relationship property."
        )
    if request.split == "temporal" and request.time_property is None and request.split_property is None:
        faults.add(
            "No value specified for the mandatory configuration parameter `timeProperty`: `split: 'temporal'` "
            "takes each source's last relationships for validation and test."
        )
    if request.validation_fraction + request.test_fraction >= 1:
        faults.add(
            f"`validationFraction` {request.validation_fraction} and `testFraction` {request.test_fraction} leave "
            "nothing to train on; their sum must be less than 1."
        )


def _check_hyperparameters(request: GnnTrainConfig, architecture: str, faults: Faults) -> None:
    allowed = MODELS[architecture].Hyperparameters.accepted()
    if strange := [key for key in request.hyperparameters() if key not in allowed]:
        faults.add(
            f"The architecture `{architecture}` does not take {quoted(strange)}. Of these keys it takes "
            f"{quoted(allowed)}; leave the others out, or choose another `architecture`."
        )


def _check_target_properties(request: GnnTrainConfig, graph: Graph, faults: Faults) -> tuple[str, ...]:
    wanted = (request.target_property, request.time_property, request.split_property)
    needed = tuple(sorted({name for name in wanted if name is not None}))
    kind = graph.relationship_types.get(request.target_relationship_type)
    absent = [name for name in needed if kind and name not in kind.properties]
    if kind and absent:
        faults.add(
            f"Relationship properties {quoted(absent)} not found in relationship type '{kind.name}'. "
            f"Properties existing on it: {quoted(kind.properties)}. Project them, or name another.",
            reason="NOT_IN_PROJECTION",
        )
    return needed


def _features(
    request: GnnTrainConfig, graph: Graph, labels: Sequence[str], faults: Faults
) -> dict[str, tuple[str, ...]]:
    asked = request.feature_properties
    if not isinstance(asked, Mapping):
        return _features_of_all(asked, graph, labels, faults)
    for label, names in asked.items():
        available = list(graph.labels[label].properties) if label in graph.labels else []
        if label not in labels:
            faults.add(f"`featureProperties` names the label `{label}`, but the training uses {quoted(labels)}.")
        elif absent := [name for name in names if name not in available]:
            faults.add(
                f"The feature properties {quoted(absent)} are not present for the label '{label}'. "
                f"Properties available on it: {quoted(available)}.",
                reason="NOT_IN_PROJECTION",
            )
    return {label: tuple(names) for label, names in asked.items()}


def _features_of_all(
    asked: Sequence[str], graph: Graph, labels: Sequence[str], faults: Faults
) -> dict[str, tuple[str, ...]]:
    known = [graph.labels[label] for label in labels if label in graph.labels]
    anywhere = {name for label in known for name in label.properties}
    if absent := [name for name in asked if name not in anywhere]:
        faults.add(
            f"The feature properties {quoted(absent)} are not present on any of the labels {quoted(labels)}. "
            f"Properties available on them: {quoted(list(anywhere))}.",
            reason="NOT_IN_PROJECTION",
        )
    return {
        label.name: tuple(name for name in asked if name in label.properties)
        for label in known
        if any(name in label.properties for name in asked)
    }


def _check_node_keys(request: GnnTrainConfig, labels: Sequence[str], faults: Faults) -> None:
    if strangers := [label for label in request.node_keys if label not in labels]:
        faults.add(f"`nodeKeys` names {quoted(strangers)}, but the training uses the labels {quoted(labels)}.")
