"""Where the properties and relationships that bridge put into a projection come from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bridge.core.call import Call
from bridge.core.graph import Graph


@dataclass(frozen=True)
class Origin:
    """How a property or a relationship type was computed."""

    encoder: str
    """What computed it, with a hash of its vocabulary or weights: `text:1f0c…`, `multiHot:77ab…`."""
    relationship_types: frozenset[str] = frozenset()
    """The relationship types it was computed from, those included that one of them was computed from in its turn;
    empty when from none."""


@dataclass
class Provenance:
    """Remembers origins for as long as the server runs and the projection stays the same one."""

    _origins: dict[tuple[str, ...], Origin] = field(default_factory=dict)

    def record(self, call: Call, graph: Graph, label: str, property_name: str, origin: Origin) -> None:
        """Remember how a property of this very projection was made."""
        self._keep(call, graph, origin, "property", label, property_name)

    def find(self, call: Call, graph: Graph, label: str, property_name: str) -> Origin | None:
        """Return how it was made; None when bridge did not make it, or not since the server started."""
        return self._origins.get(self._key(call, graph, "property", label, property_name))

    def record_type(self, call: Call, graph: Graph, relationship_type: str, origin: Origin) -> None:
        """Remember how a relationship type of this very projection was made."""
        self._keep(call, graph, origin, "type", relationship_type)

    def find_type(self, call: Call, graph: Graph, relationship_type: str) -> Origin | None:
        """Return how a relationship type was made; None when bridge did not make it since the server started."""
        return self._origins.get(self._key(call, graph, "type", relationship_type))

    def _keep(self, call: Call, graph: Graph, origin: Origin, *what: str) -> None:
        behind = [self.find_type(call, graph, each) for each in origin.relationship_types]
        earlier = [each.relationship_types for each in behind if each is not None]
        complete = replace(origin, relationship_types=origin.relationship_types.union(*earlier))
        self._origins[self._key(call, graph, *what)] = complete

    @staticmethod
    def _key(call: Call, graph: Graph, *what: str) -> tuple[str, ...]:
        caller = call.caller
        return (caller.database_id, caller.user, graph.name, str(graph.created_millis), *what)
