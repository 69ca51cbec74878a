"""Signals of the answer's text."""

from __future__ import annotations

import math

import pytest

from guards.exchange import Message
from guards.signals import catalogue, text
from guards.signals.view import TextView
from tests.unit.guards.samples import exchange


def _signal(name: str, answer: str, asked: str = "Where is it?") -> float:
    question = (Message(role="user", content=asked),)
    return float(catalogue.table([exchange(answer, messages=question)]).column(name)[0])


def test_lengths_count_characters_words_and_lines_that_are_not_blank() -> None:
    """Blank lines and runs of spaces add nothing to words and lines."""
    answer = "Good  day.\n\nYour order left.\n"
    assert text.characters(TextView(answer)) == 29
    assert _signal("words", answer) == 5
    assert _signal("lines", answer) == 2


def test_repeated_text_compresses_better() -> None:
    """A text that repeats itself has a larger compression ratio than one that does not."""
    assert text.compression_ratio(TextView("the same again " * 40)) > 10
    assert text.compression_ratio(TextView("Where is my parcel, please?")) < 1.1


def test_an_empty_answer_has_no_ratios() -> None:
    """What divides by the length of nothing is undefined, never zero."""
    assert math.isnan(text.compression_ratio(TextView("")))
    assert math.isnan(_signal("word_length", " \n"))
    assert math.isnan(_signal("letters", " \n"))


def test_a_lone_surrogate_is_measured_like_any_character() -> None:
    """Broken Unicode from an engine does not break the measuring."""
    assert text.compression_ratio(TextView("\ud800")) > 0


@pytest.mark.parametrize(("answer", "share"), [("abc", 1.0), ("12 34", 0.0), ("a1", 0.5)])
def test_letters_are_a_share_of_what_is_not_blank(answer: str, share: float) -> None:
    """White space is left out of the share of letters."""
    assert _signal("letters", answer) == share


def test_word_length_is_a_mean() -> None:
    """Words of one and three letters have a mean length of two."""
    assert _signal("word_length", "a abc") == 2
