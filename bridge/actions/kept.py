"""The projection that a version was trained on, as it was then."""

from __future__ import annotations

from bridge.core.errors import DamagedError, FailedPreconditionError
from bridge.core.projection import KEPT_PREFIX, Projection
from bridge.projection.folder import MANIFEST, open_folder
from bridge.registry.version import Version


def open_kept(version: Version) -> Projection:
    """Map it into memory, read only.

    Raises:
        DamagedError: a file has not the size that it was written with.
        FailedPreconditionError: the version was trained before versions kept it.
    """
    if f"{KEPT_PREFIX}{MANIFEST}" not in version.manifest.files:
        raise FailedPreconditionError(
            f"Version {version.number} of model `{version.model_name}` was trained by a bridge that did not keep the "
            "projection of a training. Ask it with `CALL bridge.*` on a projection, or train a new version.",
            reason="NO_SNAPSHOT",
        )
    try:
        return open_folder(version.path, KEPT_PREFIX)
    except DamagedError as error:
        raise DamagedError(
            f"Version {version.number} of model `{version.model_name}` is damaged: the projection of its training is "
            "not what was written. Ask for another `modelVersion`, or train the model again.",
            reason="MODEL_DAMAGED",
            model=version.model_name,
            version=str(version.number),
        ) from error
