"""The form of a text that patterns match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guards.checks.folding import Folding, folded

ODD = st.text(alphabet="aZ1１٣㈱ﬁ\u200b\u00ad\ufe0f　–é年\U000e0041", max_size=20)


def test_forms_of_one_character_become_the_same() -> None:
    """Full width, other scripts' digits, dashes and spaces; what cannot be seen is left out."""
    assert folded("４１１１\u00a0１١१–\u2212\u200b\u2060a\u00adb") == "4111 111--ab"


@given(text=ODD, cut=st.integers(0, 20))
def test_pieces_fold_as_the_whole(text: str, cut: int) -> None:
    """Characters are folded by themselves, so cuts change nothing."""
    pieces = Folding()
    assert pieces.feed(text[:cut]) + pieces.feed(text[cut:]) == folded(text)


@given(text=ODD)
def test_each_place_leads_back_to_the_character_it_came_from(text: str) -> None:
    """The original of a folded character folds to a text with that character in it."""
    folding = Folding()
    made = folding.feed(text)
    for place, character in enumerate(made):
        start, end = folding.start(place), folding.end(place + 1)
        assert start <= end
        assert character in folded(text[start : max(end, start + 1)]) or _inside(text, start, end)


def _inside(text: str, start: int, end: int) -> bool:
    """Whether the range lies at the end of a character that folds to several."""
    return start == end or len(folded(text[start - 1 : start])) > 1


# Default_Ignorable_Code_Point: DerivedCoreProperties.txt of Unicode 15.1.
_IGNORABLE = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
    *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
_BLANK = ((0x2800, 0x2800), (0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x7F, 0x9F))


@pytest.mark.parametrize(("first", "last"), [*_IGNORABLE, *_BLANK])
def test_what_cannot_be_seen_is_left_out(first: int, last: int) -> None:
    """Each ignorable character, the blank of Braille, and control characters."""
    for code in range(first, last + 1):
        assert folded(f"a{chr(code)}b") == "ab", hex(code)


def test_tabs_and_line_ends_stay() -> None:
    """They part words."""
    assert folded("a\tb\r\nc") == "a\tb\r\nc"
