"""The local runtime: a Neo4j with the plugin, and the bridge server, for trying out and for tests."""

from bridge.runtime.local import Running, Runtime, Status, running_neo4j
from bridge.runtime.ports import WantedPorts

__all__ = ["Running", "Runtime", "Status", "WantedPorts", "running_neo4j"]
