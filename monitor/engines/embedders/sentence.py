"""A sentence-transformers model from a folder, run with transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from guards.novelty import EmbeddedBy, Vectors
from monitor.engines.embedders import batches, layout
from monitor.engines.embedders.layout import Layout, Pooling
from monitor.errors import EngineError

if TYPE_CHECKING:
    import torch

_MOST_TOKENS = 16_384  # of a batch, padding included
_LONGEST_TOKEN = 64  # characters; of more than that for each token, the rest is not looked at
_CPU, _GPU = "cpu", "cuda"


class SentenceModel:
    """Implements `ports.embedding.Embedder`. Its methods block.

    On a GPU it computes in bfloat16 where that is known to it, else in float32. Vectors of one text
    may differ in the seventh digit by what else is in its batch.

    Args:
        name: what people call it.
        most_rows: texts in a batch.
    """

    def __init__(
        self, name: str, network: Any, tokenizer: Any, read: Layout, device: str, most_rows: int
    ) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._read = read
        self._device = device
        self._most_rows = most_rows
        self._by = EmbeddedBy(name=name, digest=read.digest(str(network.dtype)))

    @classmethod
    def load(cls, name: str, folder: Path, *, device: str = "auto", batch: int = 64) -> Self:
        """Load a folder; nothing is fetched, and no code in it is run.

        Args:
            device: `cpu`, `cuda`, or `auto`: a GPU if there is one.

        Raises:
            EngineError: if there is no usable model.
        """
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        read = layout.read(folder)
        chosen = (_GPU if torch.cuda.is_available() else _CPU) if device == "auto" else device
        precision = _precision(chosen)
        try:
            tokenizer = AutoTokenizer.from_pretrained(read.transformer, local_files_only=True)
            network = AutoModel.from_pretrained(
                read.transformer, local_files_only=True, use_safetensors=True, dtype=precision
            )
            return cls(name, network.to(chosen).eval(), tokenizer, read, chosen, batch)
        except (OSError, ValueError, RuntimeError, AssertionError, SafetensorError) as error:
            raise EngineError(f"the embedder in {folder} cannot be loaded: {error}") from error

    @property
    def by(self) -> EmbeddedBy:
        """Name and digest."""
        return self._by

    @property
    def dimensions(self) -> int:
        """Length of a vector's list of numbers."""
        return int(self._network.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of length 1, shape (n, dimensions). Raises `EngineError`."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        try:
            tokens = self._tokens(texts)
            lengths = [len(each) for each in tokens]
            for rows in batches.of_like_length(lengths, _MOST_TOKENS, self._most_rows):
                vectors[rows] = self._embed([tokens[row] for row in rows])
        except (
            RuntimeError,
            MemoryError,
            OSError,
        ) as error:  # torch is out of memory: RuntimeError
            raise EngineError(f"the embedder {self._by.name} failed: {error}") from error
        return vectors

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        plain = [self._plain(text) for text in texts]
        found = self._tokenizer(plain, truncation=True, max_length=self._read.longest)
        return list(found["input_ids"])

    def _plain(self, text: str) -> str:
        """Return a text as the tokenizer takes it: no longer than can matter, no lone surrogates."""
        short = text[: self._read.longest * _LONGEST_TOKEN].encode("utf-8", "replace").decode()
        return short.lower() if self._read.lowers else short

    def _embed(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        import torch

        longest = max(len(each) for each in tokens)
        ids = torch.full((len(tokens), longest), self._tokenizer.pad_token_id or 0)
        mask = torch.zeros((len(tokens), longest), dtype=torch.long)
        for row, each in enumerate(tokens):
            ids[row, : len(each)] = torch.tensor(each)
            mask[row, : len(each)] = 1
        ids, mask = ids.to(self._device), mask.to(self._device)
        with torch.inference_mode():
            states = self._network(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            pooled = _pooled(states, mask, self._read.pooling)
            found = torch.nn.functional.normalize(pooled, dim=1).cpu().numpy()
        return np.asarray(found, dtype=np.float32)


def _pooled(states: torch.Tensor, mask: torch.Tensor, pooling: Pooling) -> torch.Tensor:
    """Return one vector for each text of states (n, tokens, dimensions): (n, dimensions)."""
    if pooling is Pooling.CLS:
        return states[:, 0]
    inside = mask.unsqueeze(-1)
    if pooling is Pooling.MAX:
        return states.masked_fill(inside == 0, float("-inf")).amax(dim=1)
    return (states * inside).sum(dim=1) / inside.sum(dim=1)


def _precision(device: str) -> torch.dtype:
    import torch

    fit = device.startswith(_GPU) and torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if fit else torch.float32
