"""Words of a text as features."""

from __future__ import annotations

import pytest

from guards import words


def test_order_and_number_of_words_do_not_count() -> None:
    """Only which stand there."""
    assert words.packed("b a\na a") == words.packed("a b\nb")


@pytest.mark.parametrize("text", ["", "   ", "\ud800", "𝕏 猫 \x00"])
def test_any_text_has_features(text: str) -> None:
    """Also what no encoding knows."""
    found = words.unpacked(words.packed(text))
    assert len(found) <= len(text.split())
    assert all(0 <= each < words.FEATURES for each in found)


def test_line_ends_are_features() -> None:
    """Paragraphs and lists show in them."""
    assert words.packed("a b") != words.packed("a\nb") != words.packed("a\n\nb")
