"""The verbs: one file a procedure family, and the list of all of them."""

from bridge.actions.cooccurrence import COOCCURRENCE
from bridge.actions.embed import EMBED
from bridge.actions.encode_multi_hot import ENCODE_MULTI_HOT
from bridge.actions.encode_text import ENCODE_TEXT
from bridge.actions.gnn import GNN
from bridge.actions.health import HEALTH, LIST, VERSION
from bridge.actions.job import JOB_CANCEL, JOB_HISTORY, JOB_LIST
from bridge.actions.job_submit import JOB_SUBMIT
from bridge.actions.model import MODEL_DROP, MODEL_EXISTS, MODEL_INFO, MODEL_LIST
from bridge.actions.model_alias import MODEL_ALIAS_DROP
from bridge.actions.model_staleness import MODEL_STALENESS
from bridge.actions.model_versions import MODEL_PROMOTE, MODEL_ROLLBACK, MODEL_VERSIONS
from bridge.actions.node2vec import NODE2VEC
from bridge.actions.predict import PREDICT
from bridge.actions.recommend import RECOMMEND
from bridge.actions.similar import SIMILAR
from bridge.actions.snapshot import SNAPSHOT
from bridge.actions.vocabulary import VOCABULARY_DROP, VOCABULARY_LIST
from bridge.core.procedure import Procedure, contract_hash

PROCEDURES: tuple[Procedure, ...] = (
    *COOCCURRENCE, *EMBED, ENCODE_MULTI_HOT, ENCODE_TEXT, GNN, HEALTH, JOB_CANCEL, JOB_HISTORY, JOB_LIST,
    JOB_SUBMIT, LIST, MODEL_ALIAS_DROP, MODEL_DROP, MODEL_EXISTS, MODEL_INFO, MODEL_LIST, MODEL_PROMOTE,
    MODEL_ROLLBACK, MODEL_STALENESS, MODEL_VERSIONS, *NODE2VEC, PREDICT, RECOMMEND, SIMILAR, SNAPSHOT, VERSION,
    VOCABULARY_DROP, VOCABULARY_LIST,
)  # fmt: skip

CONTRACT = contract_hash(PROCEDURES)

__all__ = ["CONTRACT", "PROCEDURES"]
