"""The table of what each architecture takes for the keys that a training leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.actions.gnn_config import GnnTrainConfig
from bridge.core.procedure import parameters
from bridge.generate.tables import cell, value
from bridge.models import MODELS
from bridge.models.model import Hyperparameters


def defaults() -> str:
    """Write the section, a row a hyperparameter and a column an architecture, in the order of their declaration."""
    head = "".join(f" `{name}` |" for name in MODELS)
    return (
        "## Defaults of the architectures\n\n"
        "What is in force where a key above is `null`; what is fixed is no key of the configuration.\n\n"
        f"| hyperparameter |{head} |\n|---|{'---|' * len(MODELS)}---|\n{''.join(_rows())}"
    )


def _rows() -> Iterator[str]:
    taken = {name: {each.name: each for each in parameters(model.Hyperparameters)} for name, model in MODELS.items()}
    shared = {each.name: each.description for each in parameters(Hyperparameters)}
    settable = GnnTrainConfig.accepted()
    for key in dict.fromkeys(key for keys in taken.values() for key in keys):
        given = [f"`{value(keys[key].default)}`" if key in keys else "–" for keys in taken.values()]
        # What all have in common, in common words; an architecture's own words fit it alone.
        description = shared.get(key) or next(keys[key].description for keys in taken.values() if key in keys)
        name = f"`{key}`" if key in settable else f"{key} (fixed)"
        yield f"| {name} | {' | '.join(given)} | {cell(description)} |\n"
