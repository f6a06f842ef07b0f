"""The version that a training starts from, whatever kind of model it is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bridge.actions.base_config import InitialConfig
from bridge.core.call import Call
from bridge.core.errors import FailedPreconditionError, InvalidArgumentError
from bridge.core.memory import Estimate
from bridge.registry.version import Version

if TYPE_CHECKING:
    from bridge.actions.services import Services


async def find_initial(request: InitialConfig, call: Call, services: Services) -> Version | None:
    """Find the version to start from.

    Raises:
        DamagedError, NotFoundError: there is none that can be read.
        InvalidArgumentError: a version without a model.
    """
    if request.initial_model is None:
        if request.initial_version is not None:
            raise InvalidArgumentError(
                f"`initialVersion` was `{request.initial_version}`, but there is no `initialModel` that it could be a "
                "version of. Name that too, or leave both out.",
                reason="INVALID_CONFIGURATION",
            )
        return None
    key, wanted = call.caller.database_key, request.initial_version
    return await services.compute(services.store.resolve, key, request.initial_model, wanted)


def refuse_other(version: Version, facts: Mapping[str, tuple[Any, Any]], files: Sequence[str]) -> None:
    """Refuse a version of which a fact was another than it is in the training, or that lacks one of the files.

    Raises:
        FailedPreconditionError: naming what differs.
    """
    for what, (then, now) in facts.items():
        if then != now:
            raise FailedPreconditionError(
                f"The training cannot start from version {version.number} of `{version.model_name}`: its `{what}` was "
                f"`{then}`, and is `{now}` in this training. Use the same, or leave `initialModel` out.",
                reason="OTHER_NETWORK",
            )
    if not set(files) <= version.manifest.files.keys():
        raise FailedPreconditionError(
            f"The training cannot start from version {version.number} of `{version.model_name}`, which an older bridge "
            "trained. Leave `initialModel` out once.",
            reason="OTHER_NETWORK",
        )


def refuse_learned(version: Version, learned: int, tested: int) -> None:
    """Refuse a version that has learned any of the relationships that the training is measured on.

    Raises:
        FailedPreconditionError: with both counts.
    """
    if learned:
        raise FailedPreconditionError(
            f"Version {version.number} of `{version.model_name}`, which the training is to start from, has learned "
            f"{learned:,} of the {tested:,} test relationships: the metrics would be too good to be true. Use "
            "the split settings of that version, or leave `initialModel` out.",
            reason="LEAKY_START",
        )


def with_start(needed: Estimate, version: Version | None, *files: str) -> Estimate:
    """Add what is held of a version, the content of these files, to the parts of an estimate."""
    if version is None:
        return needed
    held = sum(version.manifest.files[name].bytes for name in files if name in version.manifest.files)
    return Estimate.total(needed.name, *needed.parts, Estimate.exactly("version to start from", held))


def parent_of(model_name: str, version: Version | None) -> int | None:
    """Return what the manifest of a version of that model names as its parent; None: the store does."""
    return version.number if version is not None and version.model_name == model_name else None


def started_from(version: Version | None) -> dict[str, Any]:
    """Return what `modelInfo` says of it."""
    return {} if version is None else {"initial": {"modelName": version.model_name, "modelVersion": version.number}}
