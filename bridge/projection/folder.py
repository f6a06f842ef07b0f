"""How a projection lies in a folder: one .npy file an array, and a manifest that is written last."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bridge.core.errors import DamagedError
from bridge.core.projection import KEPT_PREFIX, NodeTable, Projection, RelationshipTable

MANIFEST = "manifest.json"
_FORMAT = 1
_THREADS = 2

_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP)
"""What link() says on file systems without hard links, and between two of them."""


def write_folder(path: Path, projection: Projection) -> int:
    """Write a projection into a new folder, readable by the owner alone; return the bytes written.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    path.mkdir(mode=0o700)
    arrays: dict[str, NDArray[Any]] = {}
    manifest: dict[str, Any] = {
        "format": _FORMAT,
        "fingerprint": projection.fingerprint,
        "nodes": [_describe_nodes(table, arrays) for table in projection.nodes.values()],
        "relationships": [
            {"type": list(edge_type), **_describe_relationships(table, arrays)}
            for edge_type, table in projection.relationships.items()
        ],
    }
    with ThreadPoolExecutor(_THREADS) as pool:
        sizes = list(pool.map(lambda named: _write_array(path / named[0], named[1]), arrays.items()))
    manifest["bytes"] = dict(zip(arrays, sizes, strict=True))
    text = json.dumps(manifest).encode()
    with _create(path / MANIFEST) as file:
        file.write(text)
    return sum(sizes) + len(text)


def keep_files(path: Path, folder: Path) -> None:
    """Keep a projection's files in another folder too, under their names behind KEPT_PREFIX.

    They are hard links, which take no room until the first folder is removed; copies where there can be none. Whoever
    holds one must never write to it.

    Raises:
        OSError: the disk is full, or a folder cannot be read or written.
    """
    for name in [MANIFEST, *json.loads((path / MANIFEST).read_bytes())["bytes"]]:
        kept = folder / f"{KEPT_PREFIX}{name}"
        try:
            os.link(path / name, kept)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            shutil.copyfile(path / name, kept)


def open_folder(path: Path, prefix: str = "") -> Projection:
    """Map a projection into memory, read only. `prefix` begins the names of its files.

    Raises:
        DamagedError: the folder is not there, not finished, or a file has not the size it was written with.
    """
    try:
        manifest = json.loads((path / f"{prefix}{MANIFEST}").read_bytes())
    except (OSError, ValueError) as error:
        raise _damaged(path, f"its {MANIFEST} cannot be read") from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise _damaged(path, f"its format is not {_FORMAT}")
    for name, size in manifest["bytes"].items():
        file = path / f"{prefix}{name}"
        if not file.is_file() or file.stat().st_size != size:
            raise _damaged(path, f"{name} does not have {size} bytes")
    arrays = {name: _open_array(path / f"{prefix}{name}") for name in manifest["bytes"]}
    return Projection(
        nodes={entry["label"]: _open_nodes(arrays, entry) for entry in manifest["nodes"]},
        relationships={
            (entry["type"][0], entry["type"][1], entry["type"][2]): _open_relationships(arrays, entry)
            for entry in manifest["relationships"]
        },
        fingerprint=manifest["fingerprint"],
    )


def _damaged(path: Path, why: str) -> DamagedError:
    return DamagedError(
        f"The snapshot {path.name[:12]} is not what was written: {why}. Call again to read the projection anew.",
        reason="SNAPSHOT_DAMAGED",
    )


def _file(arrays: dict[str, NDArray[Any]], array: NDArray[Any]) -> str:
    # Numbered, because labels and properties may hold any character.
    name = f"{len(arrays)}.npy"
    arrays[name] = array
    return name


def _files(arrays: dict[str, NDArray[Any]], columns: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    return {name: _file(arrays, values) for name, values in columns.items()}


def _describe_nodes(table: NodeTable, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    return {
        "label": table.label,
        "key_property": table.key_property,
        "keys": _file(arrays, table.keys),
        "ids": _file(arrays, table.ids),
        "properties": _files(arrays, table.properties),
        "missing": _files(arrays, table.missing),
    }


def _describe_relationships(table: RelationshipTable, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    return {
        "undirected": table.undirected,
        "edge_index": _file(arrays, table.edge_index),
        "properties": _files(arrays, table.properties),
    }


def _open_nodes(arrays: Mapping[str, NDArray[Any]], entry: Mapping[str, Any]) -> NodeTable:
    return NodeTable(
        label=entry["label"],
        key_property=entry["key_property"],
        keys=arrays[entry["keys"]],
        ids=arrays[entry["ids"]],
        properties={name: arrays[file] for name, file in entry["properties"].items()},
        missing={name: arrays[file] for name, file in entry["missing"].items()},
    )


def _open_relationships(arrays: Mapping[str, NDArray[Any]], entry: Mapping[str, Any]) -> RelationshipTable:
    return RelationshipTable(
        edge_index=arrays[entry["edge_index"]],
        properties={name: arrays[file] for name, file in entry["properties"].items()},
        undirected=entry["undirected"],
    )


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)


def _write_array(path: Path, array: NDArray[Any]) -> int:
    array = np.ascontiguousarray(array)
    with _create(path) as file:
        header = np.lib.format.header_data_from_array_1_0(array)
        np.lib.format.write_array_header_2_0(file, header)
        array.tofile(file)
        return file.tell()


def _open_array(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        # An array without elements cannot be mapped.
        array = np.load(path, allow_pickle=False)
    return array
