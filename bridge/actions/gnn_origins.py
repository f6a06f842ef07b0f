"""Whether a feature may have been computed from what the model is to predict."""

from __future__ import annotations

from bridge.actions.gnn_checks import Checked
from bridge.actions.gnn_config import GnnTrainConfig
from bridge.actions.plan import Trained
from bridge.actions.provenance import Provenance
from bridge.core.call import Call
from bridge.core.errors import FailedPreconditionError, Faults
from bridge.core.graph import Graph


def unknown_origins(
    checked: Checked, request: GnnTrainConfig, graph: Graph, call: Call, provenance: Provenance
) -> list[str]:
    """Return a warning for the features of unknown origin.

    Raises:
        FailedPreconditionError: a feature or a message-passing type is known to be computed from the target
            relationships, so that metrics on held-out ones would be too good to be true; InvalidArgumentError naming
            all, when there are several.
    """
    unknown: list[str] = []
    faults = Faults()
    for label, names in sorted(checked.selection.labels.items()):
        for name in names:
            origin = provenance.find(call, graph, label, name)
            if origin is None:
                unknown.append(f"{label}.{name}")
            elif request.target_relationship_type in origin.relationship_types and not request.allow_leaky_features:
                with faults:
                    raise FailedPreconditionError(
                        f"The feature `{name}` of `{label}` was computed from `{request.target_relationship_type}`, "
                        "which is what the model is to predict: held-out relationships would be known to it. Leave it "
                        "out, or set `allowLeakyFeatures: true` and don't trust the metrics.",
                        reason="LEAKY_FEATURE",
                        feature=f"{label}.{name}",
                    )
    if not request.allow_leaky_features:
        for name in checked.selection.types:
            with faults:
                _check_type(name, request, graph, call, provenance)
    faults.raise_if_any()
    if not unknown:
        return []
    return [
        f"Features of unknown origin: {', '.join(unknown)}. If they were computed from "
        f"`{request.target_relationship_type}`, the metrics are too good to be true."
    ]


def _check_type(name: str, request: GnnTrainConfig, graph: Graph, call: Call, provenance: Provenance) -> None:
    """Refuse messages over relationships that were made from those to predict, held-out ones included."""
    target = request.target_relationship_type
    origin = provenance.find_type(call, graph, name)
    if origin is not None and name != target and target in origin.relationship_types:
        raise FailedPreconditionError(
            f"The relationship type `{name}` was computed from `{target}`, which is what the model is to predict: its "
            f"messages would tell held-out relationships. Leave it out of `relationshipTypes`, or set "
            "`allowLeakyFeatures: true` and don't trust the metrics.",
            reason="LEAKY_RELATIONSHIPS",
        )


def with_encoders(trained: Trained, graph: Graph, call: Call, provenance: Provenance) -> Trained:
    """Add to the feature contract by which encoder each feature was made, where bridge made it."""
    origins = [provenance.find(call, graph, feature.label, feature.property) for feature in trained.features]
    features = tuple(
        feature if origin is None else feature.model_copy(update={"encoder": origin.encoder})
        for feature, origin in zip(trained.features, origins, strict=True)
    )
    return trained.model_copy(update={"features": features})
