"""What changed between two texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.reports.word_diff import Change, difference


def _without(before: str, after: str, left_out: Change) -> str:
    return "".join(each.text for each in difference(before, after) if each.change is not left_out)


@pytest.mark.slow
@given(st.text(max_size=60), st.text(max_size=60))
def test_both_texts_can_be_read_from_their_difference(before: str, after: str) -> None:
    """Nothing is lost, and nothing is made up."""
    assert _without(before, after, Change.NEW) == before
    assert _without(before, after, Change.GONE) == after


def test_a_text_without_spaces_is_compared_by_its_characters() -> None:
    """Japanese writes none between words."""
    found = [(each.change.value, each.text) for each in difference("赤い車です", "青い車です")]
    assert found == [("gone", "赤"), ("new", "青"), ("same", "い車です")]


def test_long_texts_are_shown_whole() -> None:
    """The time to compare them would grow with the square of their length."""
    before, after = "a " * 1000, "b " * 1000
    assert [each.text for each in difference(before, after)] == [before, after]
