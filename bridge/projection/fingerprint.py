"""The identity of a projection's content: a sha256 of all canonical arrays but the internal ids."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.core.projection import EdgeType, NodeTable, RelationshipTable

_THREADS = 2
"""hashlib works outside Python's lock; the digest does not depend on it."""


def fingerprint(nodes: Mapping[str, NodeTable], relationships: Mapping[EdgeType, RelationshipTable]) -> str:
    """Return the sha256, hex, of canonical tables: of the list of (name, type, shape, sha256 of the bytes).

    String keys count as UTF-8 with their lengths, so that the width of the array does not matter.
    """
    arrays = list(_arrays(nodes, relationships))
    with ThreadPoolExecutor(_THREADS) as pool:
        digests = list(pool.map(lambda named: digest(named[1]), arrays))
    content = [
        [name, "str" if array.dtype.kind == "U" else array.dtype.str, array.shape, code]
        for (name, array), code in zip(arrays, digests, strict=True)
    ]
    flags = [[*edge_type, table.undirected] for edge_type, table in sorted(relationships.items())]
    return hashlib.sha256(json.dumps([content, flags]).encode()).hexdigest()


def digest(array: NDArray[Any]) -> str:
    """Return the sha256, hex, of an array's values."""
    if array.dtype.kind == "U":
        encoded = [str(value).encode("utf-8", "surrogatepass") for value in array.tolist()]
        lengths = np.array([len(value) for value in encoded], dtype="<i8")
        return hashlib.sha256(lengths.tobytes() + b"".join(encoded)).hexdigest()
    return hashlib.sha256(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data).hexdigest()


def _arrays(
    nodes: Mapping[str, NodeTable], relationships: Mapping[EdgeType, RelationshipTable]
) -> Iterator[tuple[list[str], NDArray[Any]]]:
    for label, table in sorted(nodes.items()):
        yield ["keys", label, table.key_property], table.keys
        for name, values in sorted(table.properties.items()):
            yield ["property", label, name], values
        for name, absent in sorted(table.missing.items()):
            yield ["missing", label, name], absent
    for edge_type, relationship in sorted(relationships.items()):
        yield ["ends", *edge_type], relationship.edge_index
        for name, values in sorted(relationship.properties.items()):
            yield ["value", *edge_type, name], values
