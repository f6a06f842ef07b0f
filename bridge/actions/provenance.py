"""Where the properties that bridge put into a projection come from."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.core.call import Call
from bridge.core.graph import Graph


@dataclass(frozen=True)
class Origin:
    """How a property was computed."""

    encoder: str
    """What computed it, with a hash of its vocabulary or weights: `text:1f0c…`, `multiHot:77ab…`."""
    relationship_types: frozenset[str] = frozenset()
    """The relationship types it was computed from; empty when from none."""


@dataclass
class Provenance:
    """Remembers origins for as long as the server runs and the projection stays the same one."""

    _origins: dict[tuple[str, str, str, int, str, str], Origin] = field(default_factory=dict)

    def record(self, call: Call, graph: Graph, label: str, property_name: str, origin: Origin) -> None:
        """Remember how a property of this very projection was made."""
        self._origins[self._key(call, graph, label, property_name)] = origin

    def find(self, call: Call, graph: Graph, label: str, property_name: str) -> Origin | None:
        """Return how it was made; None when bridge did not make it, or not since the server started."""
        return self._origins.get(self._key(call, graph, label, property_name))

    @staticmethod
    def _key(call: Call, graph: Graph, label: str, property_name: str) -> tuple[str, str, str, int, str, str]:
        caller = call.caller
        return (caller.database_id, caller.user, graph.name, graph.created_millis, label, property_name)
