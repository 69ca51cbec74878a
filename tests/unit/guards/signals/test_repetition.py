"""Signals of repetition."""

from __future__ import annotations

import math
from collections.abc import Callable

from guards.layout import Layout
from guards.signals import repetition
from guards.signals.signal import Values


def measured(measure: Callable[[Layout], Values], text: str) -> float:
    """Return the value of one text."""
    return float(measure(Layout.of([text]))[0])


def test_a_loop_consists_of_repeated_ngrams() -> None:
    """In an endless loop nearly every n-gram occurred before."""
    assert measured(repetition.repeated_ngrams, "as I said before, " * 50) > 0.95


def test_ordinary_text_repeats_no_ngram() -> None:
    """A sentence in which no four words come twice in the same order scores zero."""
    assert measured(repetition.repeated_ngrams, "Your order left our house today at noon.") == 0


def test_a_text_shorter_than_one_ngram_has_no_share() -> None:
    """Three words hold no 4-gram, so the share is undefined."""
    assert math.isnan(measured(repetition.repeated_ngrams, "yes it is"))


def test_text_without_spaces_is_taken_character_by_character() -> None:
    """Languages that do not set words apart are measured by characters."""
    loop = "申し訳ございません。" * 20
    assert Layout.of([loop]).sizes[0] == len(loop)
    assert measured(repetition.repeated_ngrams, loop) > 0.9


def test_repeated_lines_are_a_share_of_the_lines_that_are_not_blank() -> None:
    """Two of four lines say what a line before them said."""
    assert measured(repetition.repeated_lines, "a\n\nb\n a\nb\n") == 0.5
    assert math.isnan(measured(repetition.repeated_lines, "\n"))


def test_the_longest_run_counts_one_word_in_a_row() -> None:
    """Only neighbours count; an empty answer has a run of nothing."""
    assert measured(repetition.longest_run, "no no yes no no no") == 3
    assert measured(repetition.longest_run, "") == 0
