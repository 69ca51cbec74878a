"""What turns texts into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from guards.novelty import EmbeddedBy, Vectors


class Embedder(Protocol):
    """A model that embeds texts. Its methods block; any one thread may call them."""

    @property
    def by(self) -> EmbeddedBy:
        """Name, and digest of weights, tokenizer, pooling and precision: equal means equal vectors."""

    @property
    def dimensions(self) -> int:
        """Length of a vector's list of numbers."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of length 1, float32, shape (n, dimensions), in the order of the texts.

        Raises `EngineError` if the model fails: out of memory, say.
        """
