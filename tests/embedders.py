"""An embedder without a model, for tests of what is done with vectors."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from guards.novelty import EmbeddedBy, Vectors
from monitor.errors import EngineError


@dataclass
class MadeUpEmbedder:
    """Gives a text the direction of its first word, and a little of its own.

    Args:
        gate: embedding waits until it is open; fails: whether it fails then.
        asked: the texts that were embedded.
    """

    digest: str = "abc"
    fails: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    dimensions: int = 16

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def by(self) -> EmbeddedBy:
        """Name and digest."""
        return EmbeddedBy(name="made up", digest=self.digest)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of length 1."""
        self.gate.wait()
        if self.fails:
            raise EngineError("out of memory")
        self.asked += texts
        rows = [_direction(text.split(" ")[0]) + 0.3 * _direction(text) for text in texts]
        vectors = np.array(rows, dtype=np.float32).reshape(len(texts), self.dimensions)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _direction(text: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    return np.random.default_rng(seed).normal(size=16)
