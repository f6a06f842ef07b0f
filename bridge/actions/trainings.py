"""What can be submitted: the list of all trainings."""

from bridge.actions.gnn import GNN_TRAINING
from bridge.actions.node2vec import NODE2VEC_TRAINING
from bridge.actions.training import Training

TRAININGS: dict[str, Training] = {"bridge.gnn.train": GNN_TRAINING, "bridge.node2vec.train": NODE2VEC_TRAINING}
"""By the procedure's full name."""
