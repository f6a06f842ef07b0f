"""From the files of a version to a model in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.actions.champion import SERVED
from bridge.core.errors import BridgeError, DamagedError
from bridge.models import MODELS
from bridge.models.model import Model
from bridge.models.node_embedding import NodeEmbedding
from bridge.registry.version import Version

EMBEDDING = "embedding"
"""Name of the two files of a model that is nothing but vectors."""


def load(version: Version, name: str = SERVED) -> Model:
    """Load weights, every byte verified: by default those that answer.

    Raises:
        DamagedError: a file is not what was written, or no model can be made of it.
    """
    with _whole(version):
        meta = json.loads(version.read(f"{name}.json"))
        return MODELS[version.manifest.model_type].load(version.arrays(f"{name}.safetensors"), meta)


def load_embedding(version: Version, name: str = EMBEDDING) -> NodeEmbedding:
    """Load a model that is nothing but vectors, every byte verified: by default those that answer.

    Raises:
        DamagedError: a file is not what was written, or no model can be made of it.
    """
    with _whole(version):
        meta = json.loads(version.read(f"{name}.json"))
        return NodeEmbedding.load(version.arrays(f"{name}.safetensors"), meta)


@contextmanager
def _whole(version: Version) -> Iterator[None]:
    try:
        yield
    except (BridgeError, MemoryError):  # no room now says nothing of the files
        raise
    except Exception as error:  # wrong shapes, names and types have no error in common
        raise DamagedError(
            f"Version {version.number} of model `{version.model_name}` is damaged: its files are as they were stored, "
            "but no model can be made of them. Ask for another `modelVersion`, or train the model again.",
            reason="MODEL_DAMAGED",
            model=version.model_name,
            version=str(version.number),
        ) from error
