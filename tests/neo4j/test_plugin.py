"""The jar that Neo4j loads."""

from __future__ import annotations

import zipfile

from tests.neo4j.stack import Stack


def test_the_plugin_brings_no_class_under_anybody_elses_name(stack: Stack) -> None:
    """Neo4j, GDS and other plugins have gRPC, protobuf and Guava of their own versions on the same class path."""
    (jar,) = stack.home.plugins.glob("bridge*.jar")
    with zipfile.ZipFile(jar) as archive:
        classes = [name for name in archive.namelist() if name.endswith(".class")]
    assert [name for name in classes if not name.startswith("bridge/plugin/")] == []
    assert any(name.startswith("bridge/plugin/shaded/io/grpc/") for name in classes)
