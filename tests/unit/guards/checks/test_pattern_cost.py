"""What patterns cost on texts that were made to hold them up."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator

import pytest

from guards.checks import canary, segments
from guards.checks.context import GuardContext
from guards.checks.pattern import Pattern
from guards.checks.pattern_guard import PERSONAL
from guards.checks.reaching import INTERNATIONAL, NATIONAL
from guards.checks.secrets import PATTERNS

_MOST_S = 0.25  # of processor time for a window; the slowest takes some 10 ms
_ATOMS = (
    *"a1A0 .-(/+@:=_\n\"'",
    *("00", "12", "123", "12345678", "  ", " - ", "+49", "(0)", "a.", "a@", "eyJ", "AB", "::", "May "),
    *("sk-", "-----BEGIN ", "://", "password", "ghp_", "1" * 13, "日", "1980年", "%", "de "),
)  # fmt: skip
_TRAPS = ("+" + "1" * 101 + " ", "0.00137" + "1" * 100 + " ", "12  " * 7 + "a ", "+1 (2) " * 40)
_ALL = (*PERSONAL, *PATTERNS, *canary.patterns(GuardContext(canaries=("bkst-7f3a9c21",))))


def hostile() -> Iterator[str]:
    """Yield windows of repeated pieces, each with an end at which a match breaks; seeded."""
    drawn = random.Random(23)
    for trap in _TRAPS:
        yield (trap * segments.WINDOW)[: segments.WINDOW]
    for _ in range(40):
        piece = "".join(drawn.choices(_ATOMS, k=drawn.randint(1, 6)))
        times = drawn.choice((8, 24, 100, segments.WINDOW))
        text = (piece * times + drawn.choice(("", "!", "a", "1", "_", " "))) * segments.WINDOW
        yield text[: segments.WINDOW]


def _seconds(pattern: Pattern, text: str) -> float:
    started = time.process_time()
    pattern.spans(text, 0, len(text))
    return time.process_time() - started


@pytest.mark.slow
@pytest.mark.parametrize("pattern", _ALL, ids=lambda pattern: pattern.kind)
def test_no_window_holds_a_pattern_up(pattern: Pattern) -> None:
    """Nested quantifiers have one way through a text, so time is linear in it."""
    slowest = max((_seconds(pattern, text), text[:40]) for text in hostile())
    assert slowest[0] < _MOST_S, slowest


@pytest.mark.parametrize("text", _TRAPS)
def test_a_long_row_of_digits_is_no_telephone_number_and_costs_nothing(text: str) -> None:
    """Neither form of number tries more than one way to group the digits."""
    for pattern in (INTERNATIONAL, NATIONAL):
        assert _seconds(pattern, text) < _MOST_S
        assert pattern.spans(text, 0, len(text)) == []


# What the expressions were before they were possessive.
_INTERNATIONAL = re.compile(
    r"(?<![A-Za-z0-9_+])(?:\+|00(?=[1-9]))[1-9](?:[ .-]?\(?[0-9]{1,12}\)?){1,8}(?![0-9])"
)
_NATIONAL = re.compile(
    r"(?<![A-Za-z0-9_])(?<![0-9][.,/-])(?<![.-])(?:0[0-9]{1,4}\([0-9]{1,4}\)[0-9]{4}(?![0-9])"
    r"|\([0-9]{2,5}\)|[0-9]{2,12})(?:[ ]?[ ./-][ ]?[0-9]{1,8}){0,6}(?![A-Za-z0-9_]|[.,:/-][0-9])"
)


def test_possessive_quantifiers_find_what_others_find() -> None:
    """On short random rows of digits and signs the matches are the same."""
    drawn = random.Random(7)
    for _ in range(2_000):
        text = "".join(drawn.choices("0123456789+ .-()/a", (*[2] * 10, *[3] * 7, 1), k=30))
        for pattern, plain in ((INTERNATIONAL, _INTERNATIONAL), (NATIONAL, _NATIONAL)):
            mine = [each.span() for each in pattern.expression.finditer(text)]
            assert mine == [each.span() for each in plain.finditer(text)], text
