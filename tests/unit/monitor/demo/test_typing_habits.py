"""Tests of typing habits."""

from __future__ import annotations

from random import Random

from monitor.demo import typing_habits


def test_kept_words_and_codes_stay_whole() -> None:
    """Slips never touch a word that is kept, nor a code, nor a short word."""
    text = "my printer A-48213"
    typed = {typing_habits.apply(text, Random(s), keep={"printer"}) for s in range(300)}
    assert typed == {text}


def test_some_messages_have_slips_and_most_do_not() -> None:
    """About a seventh of messages of eight words differ from what was meant."""
    text = "wonderful wonderful wonderful wonderful wonderful wonderful wonderful wonderful"
    typed = [typing_habits.apply(text, Random(s), keep=frozenset()) for s in range(500)]
    assert 0.05 < sum(result != text for result in typed) / 500 < 0.35
