"""What a model sees of a projection: who sends to whom."""

import numpy as np
import torch

from bridge.core.learning import Problem
from bridge.core.projection import Projection, Target
from bridge.models.memory import Memory
from tests.boards import links, nodes

FOLLOWS, KNOWS = ("Person", "FOLLOWS", "Person"), ("Person", "KNOWS", "Person")


def test_messages_go_their_way_also_within_one_label() -> None:
    """With one label at both ends a transposed matrix fits too: 0 follows 1 and 2, 0 knows 3."""
    projection = Projection(
        nodes={"Person": nodes("Person", np.arange(4))},
        relationships={
            FOLLOWS: links(np.array([0, 0, 2]), np.array([1, 2, 1])),
            KNOWS: links(np.array([0, 1, 2]), np.array([3, 3, 3])),
        },
        fingerprint="",
    )
    everything = np.ones(3, dtype=bool)
    target = Target("Person", "FOLLOWS", "Person")
    problem = Problem(projection, target, everything, ~everything, {}, frozenset({KNOWS}), 0.0, 0.0)
    inputs = Memory.of(problem).inputs(projection, None)
    by_target = torch.zeros(4, 4)
    by_target[[1, 2, 1], [0, 0, 2]] = 1.0
    torch.testing.assert_close(inputs.target.received.matrix.to_dense(), by_target)
    torch.testing.assert_close(inputs.source.received.matrix.to_dense(), by_target.T)
    along, against = torch.zeros(4, 4), torch.zeros(4, 4)
    along[3, :3] = 1 / 3
    against[:3, 3] = 1.0
    for end in inputs.ends.values():
        found = {side.name.rpartition(" ")[2]: side.adjacency.matrix.to_dense() for side in end.sides}
        assert found.keys() == {"along", "against"}
        torch.testing.assert_close(found["along"], along)
        torch.testing.assert_close(found["against"], against)
