"""The models: every one a stack of PyTorch Geometric layers on sparse adjacency."""

from bridge.models.graph_fm import GraphFm
from bridge.models.light_gcn import LightGcn
from bridge.models.model import Model
from bridge.models.sage import Sage

MODELS: dict[str, type[Model]] = {"sage": Sage, "graphFm": GraphFm, "lightGcn": LightGcn}
"""By the word that users write as `architecture`."""

DEFAULT_ARCHITECTURE = {"rating": "graphFm", "ranking": "lightGcn"}
"""By `objective`."""
