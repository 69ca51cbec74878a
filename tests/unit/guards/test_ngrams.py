"""Counts of hashed character n-grams."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from guards import ngrams


def _by_hand(text: str) -> int:
    """Count the n-grams of 3 and 4 characters that lie within a word and its spaces."""
    padded = f" {' '.join(text.lower().split())} "
    return sum(
        " " not in padded[start + 1 : start + size - 1]
        for size in (3, 4)
        for start in range(len(padded) - size + 1)
    )


@given(st.lists(st.text(max_size=30), max_size=5))
def test_every_n_gram_within_a_word_is_counted_once(texts: list[str]) -> None:
    """The sum of a text's counts is the number of its n-grams, counted by hand."""
    found = ngrams.counts(texts).to_table().sum(axis=1).tolist()
    assert found == [_by_hand(text) for text in texts]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_a_text_has_the_same_counts_whatever_it_comes_with(texts: list[str]) -> None:
    """No n-gram reaches over the border between two texts."""
    together = ngrams.counts(texts).to_table()
    alone = np.concatenate([ngrams.counts([text]).to_table() for text in texts])
    assert np.array_equal(together, alone)


def test_more_texts_than_fit_at_once_keep_their_order() -> None:
    """A hundred and fifty texts give a hundred and fifty rows, each its own."""
    texts = [f"word{n}" for n in range(150)]
    counts = ngrams.counts(texts)
    assert counts.shape == (150, ngrams.FEATURES)
    assert np.array_equal(counts.to_table()[149:], ngrams.counts(["word149"]).to_table())


def test_large_and_small_letters_and_blanks_are_alike() -> None:
    """What only differs in letter case or white space has the same counts."""
    first, second = ngrams.counts(["Hello  big\nWorld", "hello big world"]).to_table()
    assert np.array_equal(first, second)


def test_features_are_used_evenly() -> None:
    """At least four fifths of the features that chance alone would fill are filled."""
    words = [
        f"{a}{b}{c}" for a in "abcdefghijklmnopqrstuvwxyz" for b in "aeiou" for c in "klmnprst"
    ]
    used = ngrams.counts([" ".join(words)]).to_table()[0] > 0
    kinds = len(words) * 2
    assert used.sum() > 0.8 * ngrams.FEATURES * (1 - np.exp(-kinds / ngrams.FEATURES))
