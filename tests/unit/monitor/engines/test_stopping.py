"""Stop strings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.engines.stopping import StopStrings


@pytest.mark.parametrize(
    ("stops", "parts", "released", "hit"),
    [
        (["END"], ["go EN", "D now"], "go ", True),
        (["END"], ["go EN", "TER"], "go ENTER", False),
        (["\n\n", "###"], ["a\n", "\nb"], "a", True),
        (["b", "abc"], ["abc"], "", True),
        (["aab"], ["aaa", "ab"], "aa", True),
        ([], ["any", "thing"], "anything", False),
    ],
)
def test_text_is_released_up_to_the_first_stop_string(
    stops: list[str], parts: list[str], released: str, hit: bool
) -> None:
    """The earliest occurrence ends the answer, however the text is cut into parts."""
    checker = StopStrings(stops)
    text = ""
    for part in parts:
        text += checker.push(part)
        if checker.hit:
            break
    if not checker.hit:
        text += checker.flush()
    assert (text, checker.hit) == (released, hit)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text("ab", max_size=30),
    stop=st.text("ab", min_size=1, max_size=4),
    size=st.integers(1, 5),
)
def test_the_parts_do_not_matter(text: str, stop: str, size: int) -> None:
    """Fed in parts of any size, the answer is what a search in the whole text gives."""
    checker = StopStrings([stop])
    released = ""
    for start in range(0, len(text), size):
        released += checker.push(text[start : start + size])
        if checker.hit:
            break
    else:
        released += checker.flush()
    assert released == text.partition(stop)[0]
    assert checker.hit == (stop in text)
