"""Whether a projection's relationships run between the labels, in the directions, that a model was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bridge.core.errors import FailedPreconditionError, Faults
from bridge.core.projection import EdgeType, Projection, Target
from bridge.registry.manifest import GraphFacts


def check_relationships(target: Target, facts: GraphFacts, projection: Projection) -> None:
    """Compare a projection with the edge types of a training.

    No relationship of a type at all is fine, the model falls back on what else it knows; but relationships that are
    there and that the model would not see are not.

    Raises:
        FailedPreconditionError: a type runs otherwise, naming how it ran and how it runs.
        InvalidArgumentError: several do.
    """
    faults = Faults()
    for trained, found in _otherwise(target, facts, projection):
        with faults:
            raise FailedPreconditionError(
                f"The model was trained on relationships {_arrow(trained)}, which this projection does not have; of "
                f"the type `{trained[1]}` it has {', '.join(map(_arrow, found))}, which the model would not see. "
                "Project them in the orientation and between the labels of the training, or train a new version on "
                "this projection.",
                reason="OTHER_RELATIONSHIPS",
                relationshipType=trained[1],
            )
    faults.raise_if_any()


def _otherwise(target: Target, facts: GraphFacts, projection: Projection) -> Iterator[tuple[EdgeType, list[EdgeType]]]:
    """Yield each edge type of the training that is lacking, with the unseen ones of its type that are there."""
    known = {target.edge_type, *facts.edge_types}
    for trained in sorted(known):
        # The target's mirror image carries no messages: it need not be there.
        if trained in projection.relationships or (trained != target.edge_type and trained[::-1] == target.edge_type):
            continue
        found = [each for each in _of_type(trained[1], projection.relationships) if each not in known]
        mirror = trained[::-1]
        if mirror in projection.relationships and (mirror not in known or trained[1] in facts.undirected_types):
            found.append(mirror)
        if found:
            yield trained, sorted(set(found))


def _of_type(name: str, edge_types: Iterable[EdgeType]) -> Iterator[EdgeType]:
    return (each for each in edge_types if each[1] == name)


def _arrow(edge_type: EdgeType) -> str:
    source, name, target = edge_type
    return f"(:{source})-[:{name}]->(:{target})"
