"""The cache of vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from guards.novelty import EmbeddedBy, Vectors
from monitor.engines.embedders.cached import Cached


class Counting:
    """Embeds a text by its length, and remembers what it was asked for."""

    by = EmbeddedBy(name="counting", digest="1")
    dimensions = 2

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return a vector for each text."""
        self.asked += texts
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


def test_a_text_is_embedded_once() -> None:
    """Within a call and over calls; the order is that of the texts."""
    counting = Counting()
    cached = Cached(counting, 1 << 20)
    assert cached.encode(["aa", "b", "aa"])[:, 0].tolist() == [2, 1, 2]
    assert cached.encode(["b", "ccc"])[:, 0].tolist() == [1, 3]
    assert counting.asked == ["aa", "b", "ccc"]
    assert cached.hits == 1


def test_beyond_its_bound_it_forgets_what_was_used_longest_ago() -> None:
    """Two vectors of two numbers find room in 416 bytes."""
    counting = Counting()
    cached = Cached(counting, 416)
    for texts in (["a", "bb"], ["a"], ["ccc"], ["a"], ["bb"]):
        cached.encode(texts)
    assert counting.asked == ["a", "bb", "ccc", "bb"]


def test_without_room_nothing_is_kept() -> None:
    """Every call embeds."""
    counting = Counting()
    cached = Cached(counting, 0)
    cached.encode(["a"])
    cached.encode(["a"])
    assert counting.asked == ["a", "a"]


def test_no_texts_give_no_vectors() -> None:
    """Of the right shape."""
    assert Cached(Counting(), 100).encode([]).shape == (0, 2)
