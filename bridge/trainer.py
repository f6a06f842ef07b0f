"""Composition root of a training process: the modules that its work needs, loaded once in the fork server.

A job names one of these functions; its process is forked with torch, PyTorch Geometric and node2vec's machine code in
memory already.
"""

from bridge.actions.cooccurrence import count_in_trainer
from bridge.actions.encode_text import encode_in_trainer
from bridge.actions.gnn_fit import check, fit
from bridge.actions.gnn_gate import compare_models
from bridge.actions.node2vec_fit import check_embedding, embed_in_trainer, train_in_trainer
from bridge.actions.node2vec_gate import compare_embeddings
from bridge.actions.snapshot import open_in_trainer
from bridge.core.late import load_late
from bridge.models import text  # noqa: F401  the server, which only names the function, does without
from bridge.models.node2vec import warm_up

TARGETS = (
    check, check_embedding, compare_embeddings, compare_models, count_in_trainer, embed_in_trainer,
    encode_in_trainer, fit, open_in_trainer, train_in_trainer,
)  # fmt: skip
"""What a training process can be asked to do."""

load_late()  # the compiler's switches, which every optimizer asks: here, and not in each job
warm_up()  # half a minute where it was never compiled, a second otherwise: here, and not in each job
