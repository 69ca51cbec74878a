"""The answers of a reference as a whole."""

from __future__ import annotations

import numpy as np

from guards import words
from guards.usual import UsualAnswers

TEXTS = ["one two", "", "three\n\nfour"]
SCORES = {
    "length_high": np.array([1.0, 2.0, np.nan]),
    "length_low": np.array([-1.0, -2.0, np.nan]),
    "refusal_low": np.array([0.0, 0.0, 1.0]),
    "outlier": np.array([np.nan, 0.5, 0.6]),
}


def usual() -> UsualAnswers:
    """Return three answers in another order."""
    return UsualAnswers.of(TEXTS, SCORES, np.array([2, 0, 1]))


def test_a_signal_counts_once_and_what_was_fitted_on_the_reference_not_at_all() -> None:
    """Both directions of a signal say the same, and outlier scores are no fair ones."""
    assert usual().names == ("length_high", "refusal_low")


def test_scores_and_words_are_in_the_given_order() -> None:
    """Row by row."""
    found = usual()
    assert found.scores[:, 1].tolist() == [1.0, 0.0, 0.0]
    assert found.words == tuple(words.packed(TEXTS[row]) for row in (2, 0, 1))


def test_arrays_carry_the_answers() -> None:
    """Also those without a word."""
    found = usual()
    copy = UsualAnswers.from_arrays(found.to_arrays())
    assert (copy.names, copy.words) == (found.names, found.words)
    np.testing.assert_array_equal(copy.scores, found.scores)
