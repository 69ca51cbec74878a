"""Words of a text as features."""

from __future__ import annotations

import pytest

from guards import words

KEY = b"secret"


def test_order_and_number_of_words_do_not_count() -> None:
    """Only which stand there."""
    assert words.packed("b a\na a", KEY) == words.packed("a b\nb", KEY)


@pytest.mark.parametrize("text", ["", "   ", "\ud800", "𝕏 猫 \x00"])
def test_any_text_has_features(text: str) -> None:
    """Also what no encoding knows."""
    found = words.unpacked(words.packed(text, KEY))
    assert len(found) <= len(text.split())
    assert all(0 <= each < words.FEATURES for each in found)


def test_line_ends_are_features() -> None:
    """Paragraphs and lists show in them."""
    assert words.packed("a b", KEY) != words.packed("a\nb", KEY) != words.packed("a\n\nb", KEY)


def test_without_the_key_no_words_are_told_from_features() -> None:
    """Another key gives other features, also for words too long to be remembered."""
    text = " ".join([*map(str, range(100)), "long" * 20])
    assert words.packed(text, KEY) != words.packed(text, b"other")
    assert words.packed("long" * 20, KEY) != words.packed("long" * 20, b"other")
