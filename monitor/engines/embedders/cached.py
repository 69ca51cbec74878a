"""An embedder that remembers the vectors of the texts it saw last."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from guards.novelty import EmbeddedBy, Vectors
from monitor.ports.embedding import Embedder

_OVERHEAD = 200  # bytes of an entry besides its numbers


class Cached:
    """Keeps vectors by a hash of their text, the latest used, within a bound in bytes.

    Args:
        most_bytes: 0 keeps nothing.

    Attributes:
        hits: texts whose vectors were there.
    """

    def __init__(self, embedder: Embedder, most_bytes: int) -> None:
        self._embedder = embedder
        self._most = most_bytes // (4 * embedder.dimensions + _OVERHEAD)
        self._kept: OrderedDict[bytes, Vectors] = OrderedDict()
        self._lock = threading.Lock()
        self.hits = 0

    @property
    def by(self) -> EmbeddedBy:
        """Name and digest."""
        return self._embedder.by

    @property
    def dimensions(self) -> int:
        """Length of a vector's list of numbers."""
        return self._embedder.dimensions

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of length 1; a text that comes twice is computed once."""
        keys = [hashlib.blake2b(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        found = self._look_up(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            made = self._embedder.encode(list(missing.values()))
            fresh = dict(zip(missing, made, strict=True))
            self._keep(fresh)
            found |= fresh
        if not keys:
            return np.empty((0, self.dimensions), dtype=np.float32)
        return np.stack([found[key] for key in keys])

    def _look_up(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
            self.hits += sum(key in found for key in keys)
        return found

    def _keep(self, fresh: dict[bytes, Vectors]) -> None:
        with self._lock:
            for key, vector in fresh.items():
                self._kept[key] = vector.copy()
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
