"""The form of a text that patterns match."""

from __future__ import annotations

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
