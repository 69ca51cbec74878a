"""Normalisation of answers."""

from __future__ import annotations

import pytest

from guards import normalization


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ('Here you are:\n```\n{"a": 1}\n```\nAnything else?', '{"a": 1}'),
        ('```json\n{"a": 1}', '{"a": 1}'),
    ],
)
def test_a_code_fence_is_taken_off(text: str, inside: str) -> None:
    """Prose around a fence goes too; a fence that was not closed ends with the text."""
    assert normalization.unfenced(text) == inside


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("#### 18", 18),
        ("3 * 400 = 1,200.", 1200),
        ("It is -2.5e3 in all", -2500),
        ("１２３円", 123),
        ("none", None),
    ],
)
def test_the_last_number_counts(text: str, number: float | None) -> None:
    """Sums end with their result; thousands and full-width digits are read."""
    assert normalization.last_number(text) == number


def test_full_width_forms_are_folded() -> None:
    """Japanese full-width letters and half-width kana become their usual forms."""
    assert normalization.folded("ＡＢＣ　ｶﾅ ") == "ABC カナ"


def test_squad_normalisation_forgives_case_punctuation_and_articles() -> None:
    """What SQuAD's evaluation takes for the same is the same."""
    assert normalization.squad("The Eiffel-Tower!") == normalization.squad("eiffeltower")
