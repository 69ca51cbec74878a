"""Embeddings of text."""

from __future__ import annotations

import numpy as np
import pytest

from guards.embedding import Embedder

TEXTS = [f"Your order {n} was sent on {day}." for n in range(10) for day in ("Monday", "Friday")]


def test_vectors_have_at_most_length_one() -> None:
    """Projection never lengthens."""
    vectors = Embedder.fit(TEXTS).transform(TEXTS)
    assert len(vectors) == len(TEXTS)
    assert np.linalg.norm(vectors, axis=1).max() <= 1 + 1e-5


def test_like_texts_lie_closer_than_unlike_ones() -> None:
    """A new text of the usual kind is near; one with nothing in common has hardly a vector."""
    embedder = Embedder.fit(TEXTS)
    usual, alike, strange = embedder.transform(
        [TEXTS[0], "Your order 77 was sent on Monday.", "全く別の文章"]
    )
    assert usual @ alike > 0.5
    assert np.linalg.norm(strange) < 0.05


def test_the_same_texts_give_the_same_vectors() -> None:
    """Fitting is deterministic."""
    first, second = (Embedder.fit(TEXTS).transform(TEXTS) for _ in range(2))
    assert np.array_equal(first, second)


def test_dimensions_are_bounded_by_what_was_asked_and_by_what_there_is() -> None:
    """Two different texts span two dimensions."""
    assert Embedder.fit(["one", "two"]).transform(["three"]).shape == (1, 2)
    assert Embedder.fit(TEXTS, dimensions=3).transform(TEXTS).shape == (20, 3)


def test_arrays_carry_the_embedder() -> None:
    """An embedder made from arrays gives the same vectors."""
    embedder = Embedder.fit(TEXTS)
    again = Embedder.from_arrays(embedder.to_arrays())
    assert np.array_equal(again.transform(TEXTS), embedder.transform(TEXTS))


@pytest.mark.parametrize("texts", [["same"] * 20, [""] * 20, ["a", ""]])
def test_texts_without_variety_can_be_fitted(texts: list[str]) -> None:
    """Constant and empty answers give finite vectors."""
    assert np.isfinite(Embedder.fit(texts).transform([*texts, "other"])).all()
