"""Composition root of a training process: the modules that its work needs, loaded once in the fork server.

A job names one of these functions; its process is forked with torch and PyTorch Geometric in memory already.
"""

from bridge.actions.cooccurrence import count_in_trainer
from bridge.actions.encode_text import encode_in_trainer
from bridge.actions.gnn_fit import check, fit
from bridge.actions.snapshot import open_in_trainer

TARGETS = (check, count_in_trainer, encode_in_trainer, fit, open_in_trainer)
"""What a training process can be asked to do."""
