"""The version that a graph neural network starts from: its weights, as far as they know nothing of what is measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.actions.champion import EVALUATED, SERVED, VALIDATED, seen_by
from bridge.actions.gnn_board import Board
from bridge.actions.gnn_checks import Checked
from bridge.actions.gnn_config import GnnTrainConfig
from bridge.actions.initial import refuse_learned, refuse_other
from bridge.actions.loading import load
from bridge.core.projection import TEST
from bridge.models.model import Model
from bridge.registry.version import Version, open_version


@dataclass(frozen=True)
class Initial:
    """A version to start from, in the training process."""

    version: Version
    ranking: bool

    @classmethod
    def of(cls, folder: Path, board: Board) -> Initial:
        """Open it, and refuse one that has learned what this training is measured on.

        Raises:
            DamagedError: it is not what was written.
            FailedPreconditionError: it has, or does not say.
        """
        version = open_version(folder)
        tested = board.hashes()[board.membership == TEST]
        leaked = int(np.isin(tested, seen_by(version, board.plan.target.relationship_type)).sum())
        refuse_learned(version, leaked, len(tested))
        return cls(version, board.plan.objective == "ranking")

    def weights(self, fit: str) -> Model:
        """Return what one of the fits starts from: each from the weights that had seen as much.

        `fit` is train, retrain or refit.
        """
        names = {"train": VALIDATED if self.ranking else EVALUATED, "retrain": EVALUATED, "refit": SERVED}
        return load(self.version, names[fit])


def check_initial(version: Version, request: GnnTrainConfig, checked: Checked) -> None:
    """Refuse a version whose weights do not fit the training, as far as its manifest tells.

    Raises:
        FailedPreconditionError: naming what differs.
    """
    manifest, target = version.manifest, checked.target
    theirs = manifest.target
    facts = {
        "architecture": (manifest.model_type, checked.architecture),
        "objective": (manifest.objective, request.objective),
        "embeddingDimension": (
            manifest.configuration.get("embeddingDimension"), checked.hyperparameters["embeddingDimension"],
        ),
        "target relationships": (
            theirs and (theirs.source_label, theirs.relationship_type, theirs.target_label), target.edge_type,
        ),
        "features": (
            sorted((feature.label, feature.property) for feature in manifest.features),
            sorted((label, name) for label, names in checked.selection.labels.items() for name in names),
        ),
        "nodeKeys": (manifest.node_keys, dict(checked.selection.node_keys)),
    }  # fmt: skip
    least = VALIDATED if request.objective == "ranking" else EVALUATED
    refuse_other(version, facts, [f"{least}.safetensors"])
