"""The Python code in `bridge/v1`, made by the oldest grpcio-tools supported, so that it runs with all later ones."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

GRPCIO_TOOLS = "grpcio-tools==1.71.2"
GENERATED = Path("bridge/v1")


def compile_protos(root: Path, target: Path) -> None:
    """Write `bridge/v1/*_pb2*` under `target`, in an environment of its own that uv makes.

    Raises:
        subprocess.CalledProcessError: protoc refused; it has said why.
    """
    protos = sorted(str(path.relative_to(root / "proto")) for path in (root / "proto/bridge/v1").glob("*.proto"))
    outputs = [f"--{kind}_out={target}" for kind in ("python", "pyi", "grpc_python")]
    # setuptools: grpcio-tools imports pkg_resources.
    environment = ["uv", "run", "--no-project", "--python", "3.11", "--with", GRPCIO_TOOLS, "--with", "setuptools<81"]
    subprocess.run(
        [*environment, "python", "-m", "grpc_tools.protoc", "-Iproto", *outputs, *protos], cwd=root, check=True
    )


def stale(root: Path, fresh: Path) -> Iterator[str]:
    """Yield the files of `bridge/v1` that differ from those under `fresh`."""
    for each in sorted((fresh / GENERATED).glob("*_pb2*")):
        committed = root / GENERATED / each.name
        if not committed.exists() or committed.read_bytes() != each.read_bytes():
            yield str(GENERATED / each.name)
