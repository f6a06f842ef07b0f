"""The version that an embedding starts from: its vectors, as far as they know nothing of what is measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from bridge.actions.champion import seen_by
from bridge.actions.initial import refuse_learned
from bridge.actions.loading import EMBEDDING, load_embedding
from bridge.actions.soundness import check_finite, unsound
from bridge.core.projection import Projection
from bridge.models.keys import matching_rows
from bridge.models.skip_gram_state import SkipGramStart, SkipGramState
from bridge.projection.homogeneous import HomogeneousView
from bridge.projection.link_splits import LinkSplit, are_among
from bridge.registry.version import Version

START = ".start.safetensors"
"""Ends the name of the file with what a later training needs beside the vectors of that name."""

HELD = (f"{EMBEDDING}.safetensors", f"{EMBEDDING}{START}")
"""Files whose content a training holds of the version that it starts from."""


def check_unseen(version: Version, projection: Projection, view: HomogeneousView, split: LinkSplit) -> None:
    """Refuse a version that has learned one of the held-out links.

    Raises:
        DamagedError: it is not what was written.
        FailedPreconditionError: it has, or does not say.
    """
    learned = are_among(projection, view, split.held_out, seen_by(version))
    refuse_learned(version, int(learned.sum()), len(learned))


def start_of(version: Version, name: str, projection: Projection, view: HomogeneousView) -> SkipGramStart:
    """Return what an embedding of the view starts from: the version's vectors `name`, node by node by key.

    Raises:
        DamagedError: a file is not what was written.
    """
    embedding, stored = load_embedding(version, name), version.arrays(f"{name}{START}")
    rows: list[NDArray[np.int64]] = []
    vectors, contexts, squares = [], [], []
    for label, nodes in view.rows_of_labels():
        if label not in embedding.keys:
            continue
        found = matching_rows(embedding.keys[label], projection.nodes[label].keys)
        there = np.arange(len(embedding.keys[label])) if found is None else found
        known = there >= 0
        rows.append(nodes.start + np.flatnonzero(known))
        vectors.append(embedding.vectors[label][there[known]])
        contexts.append(stored[f"contexts.{label}"][there[known]])
        squares.append(stored[f"squares.{label}"][there[known]])
    empty = np.empty((0, embedding.dimension), np.float32)
    state = SkipGramState(np.concatenate([empty, *contexts]), np.concatenate([empty[:, :2], *squares]))
    return SkipGramStart(np.concatenate([np.empty(0, np.int64), *rows]), np.concatenate([empty, *vectors]), state)


def save_start(
    folder: Path, name: str, state: SkipGramState, embedded: NDArray[np.bool_], view: HomogeneousView
) -> None:
    """Write a state, [N] by node, for a later `start_of`; rows are those of the embedding of that name."""
    arrays: dict[str, NDArray[Any]] = {}
    for label, rows in view.rows_of_labels():
        known = embedded[rows]
        arrays[f"contexts.{label}"] = np.ascontiguousarray(state.contexts[rows][known])
        arrays[f"squares.{label}"] = np.ascontiguousarray(state.squares[rows][known])
    save_file(arrays, folder / f"{name}{START}")


def check_start(folder: Path, name: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
    """Look at what `save_start` wrote beside these vectors, by label.

    Raises:
        DamagedError: something is missing, of another shape or not finite.
    """
    try:
        stored = load_file(folder / f"{name}{START}")
    except MemoryError:  # no room now says nothing of the file
        raise
    except Exception as error:  # wrong bytes, names and types have no error in common
        raise unsound(f"its file `{name}{START}` cannot be read") from error
    check_finite(f"{name}{START}", stored)
    wanted = {f"contexts.{label}": each.shape for label, each in vectors.items()}
    wanted |= {f"squares.{label}": (len(each), 2) for label, each in vectors.items()}
    if {key: each.shape for key, each in stored.items()} != wanted:
        raise unsound(f"its file `{name}{START}` does not have a row for each vector")
