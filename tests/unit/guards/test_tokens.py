"""Words of texts, with and without spaces between them."""

from __future__ import annotations

import pytest

from guards import tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("The cat, sat.", ["the", "cat", "sat"]),
        ("don't", ["don", "t"]),
        ("Ｎｏ．１", ["no", "1"]),
        ("猫が好き。", ["猫", "が", "好", "き"]),
        ("コーヒーを2杯", ["コ", "ー", "ヒ", "ー", "を", "2", "杯"]),
        ("GPTは猫", ["gpt", "は", "猫"]),
        ("grüße aus köln", ["grüße", "aus", "köln"]),
    ],
)
def test_words_are_letters_and_digits(text: str, expected: list[str]) -> None:
    """Small letters after NFKC; each character of a script without spaces is a word."""
    assert tokens.words(text) == expected


def test_tokens_as_written_keep_case_and_punctuation() -> None:
    """Only white space divides, and scripts that have none."""
    assert tokens.as_written("The cat,\n猫。Ａ") == ["The", "cat,", "猫", "。Ａ"]


def test_punctuation_of_any_script_can_be_dropped() -> None:
    """A full stop says nothing, whatever it looks like."""
    assert tokens.without_punctuation(["a", ".", "。", "、", "…", "a."]) == ["a", "a."]
