"""Declaration of `bridge.gnn`: its keys and columns."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from bridge.actions.base_config import FeatureProperties, GatedConfig, InitialConfig, KeyedConfig, Missing
from bridge.core.config import Fraction, ModelName, Name, Names, NonNegativeFloat, PositiveFloat, PositiveInt
from bridge.core.procedure import Row


class GnnTrainConfig(GatedConfig, InitialConfig, KeyedConfig):
    """Train a heterogeneous graph neural network on a projection and keep it as the next version of a model."""

    model_name: ModelName
    """Name of the model; a taken name gets the next version."""
    objective: Literal["ranking", "rating"]
    """ranking: lists of the best targets for each source. rating: the value of a relationship property."""
    architecture: Literal["graphFm", "lightGcn", "sage"] | None = None
    """The network; graphFm for ratings and lightGcn for rankings when not given."""
    source_node_label: Name
    """Label of the nodes that recommendations are for."""
    target_relationship_type: Name
    """The relationships to learn from and to predict."""
    target_node_label: Name
    """Label of the nodes that are recommended."""
    target_property: Name | None = None
    """Relationship property to predict (rating), or that decides what is liked (ranking)."""
    time_property: Name | None = None
    """Relationship property with the time; needed for `split: 'temporal'`."""
    node_labels: Names = ("*",)
    """Labels to use; all of the projection by default."""
    relationship_types: Names = ("*",)
    """Relationship types that carry messages, beside the target type; all of the projection by default."""
    feature_properties: FeatureProperties = Field(default_factory=dict)
    """Node properties to use as input features."""
    missing: Missing = "error"
    """What to do with nodes that lack a feature: refuse, take zero, or take the label's mean."""
    allow_leaky_features: bool = False
    """Train even on features that were computed from the target relationships."""
    split: Literal["random", "temporal"] = "random"
    """How test and validation relationships are chosen: by a seeded hash of their ends, or each source's last ones."""
    split_property: Name | None = None
    """Relationship property that says the part: 0 train, 1 validation, 2 test. Overrides `split`."""
    split_seed: int = 42
    """Seed of the random split."""
    validation_fraction: Fraction = 0.1
    """Share of the target relationships that chooses the epochs."""
    test_fraction: Fraction = 0.1
    """Share of the target relationships that only the final metrics see."""
    liked_threshold: float | None = Field(default=None, allow_inf_nan=False)
    """Target values of at least this are liked; the mean of the training values when not given."""
    relevant_threshold: float | None = Field(default=None, allow_inf_nan=False)
    """Held-out values of at least this count as hits in ranking metrics; `likedThreshold` when not given."""
    refit: bool = True
    """Fit the served weights on everything, test included, for as many epochs as were chosen."""
    baselines: Literal["fast", "all", "none"] = "fast"
    """Which simpler methods to measure on the same split."""
    epochs: PositiveInt | None = None
    """Most passes over the training relationships; the architecture's own default when not given."""
    patience: PositiveInt | None = None
    """Epochs without a better validation metric before training stops."""
    learning_rate: PositiveFloat | None = None
    """Step size of Adam."""
    embedding_dimension: PositiveInt | None = None
    """Length of the learned vectors."""
    dropout: float | None = Field(default=None, ge=0, lt=1, allow_inf_nan=False)
    """Share of the values that are zeroed while training."""
    penalty_l2: NonNegativeFloat | None = None
    """Weight of the squared parameters in the loss."""
    truncate_targets: bool | None = None
    """sage only: cut the values to whole numbers, as the published example does."""
    class_weights: bool | None = None
    """sage only: weight the loss by the inverse frequency of the values, as the published example does."""
    random_seed: int | None = None
    """Seed of all random choices but the split; a new one, recorded, when not given."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; auto takes a GPU when there is one."""
    sudo: bool = False
    """Train even when the memory estimate exceeds what there is."""

    def hyperparameters(self) -> dict[str, Any]:
        """Return the keys that belong to the architecture, as far as they were given."""
        names = ("epochs", "patience", "learning_rate", "embedding_dimension", "dropout", "penalty_l2",
                 "truncate_targets", "class_weights")  # fmt: skip
        given = {type(self).model_fields[name].alias or name: getattr(self, name) for name in names}
        return {key: value for key, value in given.items() if value is not None}


class GnnTrainRow(Row):
    """What was trained."""

    model_info: dict[str, Any]
    """The version and how good it is: metrics, baselines, split sizes, losses, seed, fingerprint, warnings."""
    configuration: dict[str, Any]
    """The configuration that was in force."""
    train_millis: int
    """Milliseconds from the call to the published version."""
