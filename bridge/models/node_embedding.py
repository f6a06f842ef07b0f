"""Learned vectors of nodes, remembered by their keys: what a model without a graph of its own to look at serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bridge.core.projection import NodeTable
from bridge.models.keys import matching_rows, packed, unpacked


@dataclass(frozen=True)
class NodeEmbedding:
    """A vector for each node that was embedded, by label and key."""

    keys: Mapping[str, NDArray[np.generic]]
    """By label; int64 [n] or str [n], ascending, of the embedded nodes alone."""
    vectors: Mapping[str, NDArray[np.float32]]
    """By label; float32 [n, d]."""

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return next((each.shape[1] for each in self.vectors.values()), 0)

    def of(self, table: NodeTable) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Look up a projection's nodes.

        Returns:
            float32 [N, d], 0 where there is none, and bool [N]: which nodes have a vector.
        """
        vectors = np.zeros((len(table), self.dimension), dtype=np.float32)
        if table.label not in self.keys:
            return vectors, np.zeros(len(table), dtype=np.bool_)
        rows = matching_rows(self.keys[table.label], table.keys)
        if rows is None:
            return self.vectors[table.label], np.ones(len(table), dtype=np.bool_)
        embedded = rows >= 0
        vectors[embedded] = self.vectors[table.label][rows[embedded]]
        return vectors, embedded

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return keys and vectors as numeric arrays by name."""
        stored: dict[str, NDArray[Any]] = {f"vectors.{label}": each for label, each in self.vectors.items()}
        for label, keys in self.keys.items():
            stored |= packed(f"keys.{label}", keys)
        return stored

    def meta(self) -> dict[str, Any]:
        """Return everything but the arrays, as JSON types."""
        return {"labels": list(self.keys)}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Make it again of what `arrays` and `meta` returned.

        Raises:
            KeyError, ValueError: that is not what these are.
        """
        keys = {label: unpacked(f"keys.{label}", arrays) for label in meta["labels"]}
        vectors = {label: arrays[f"vectors.{label}"] for label in meta["labels"]}
        if any(each.shape[:-1] != (len(keys[label]),) for label, each in vectors.items()):
            raise ValueError("not one vector for each key")
        return cls(keys, vectors)
