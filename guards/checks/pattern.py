"""A pattern: a regular expression, and a test that its match is what it looks like."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

BEFORE = 48  # characters in front of a match that a test may look at


@dataclass(frozen=True, slots=True)
class Span:
    """What a test accepts: the places in the searched text, and how sure it is, in (0, 1]."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """What one kind of finding looks like.

    Args:
        kind: name of the findings.
        expression: matches start and end within a segment (`guards.checks.segments`), and their
            quantifiers are bounded, so that a search takes time linear in the text.
        test: the span of a match, or `None` where it only looks alike.
        anchor: characters that every match contains; empty for none.
        digits: how many digits every match contains at least.
        shortest: how many characters every match has at least.
        plain: whether matches may lie in plain words, where other patterns are not looked for.
    """

    kind: str
    expression: re.Pattern[str]
    test: Callable[[re.Match[str]], Span | None]
    anchor: str = ""
    digits: int = 0
    shortest: int = 1
    plain: bool = False

    def spans(self, text: str, start: int, end: int) -> list[Span]:
        """Return what is accepted in a range of a text, in order, without overlaps."""
        found: list[Span] = []
        while match := self.expression.search(text, start, end):
            span = self.test(match)
            # A refused match may hide one that starts inside it.
            start = match.start() + 1 if span is None else max(span.end, match.start() + 1)
            if span is not None:
                found.append(span)
        return found


def sure(score: float) -> Callable[[re.Match[str]], Span]:
    """Return a test that accepts every match."""
    return lambda match: Span(match.start(), match.end(), score)


def when(
    holds: Callable[[re.Match[str]], bool], score: float
) -> Callable[[re.Match[str]], Span | None]:
    """Return a test that accepts matches for which something holds."""

    def test(match: re.Match[str]) -> Span | None:
        return Span(match.start(), match.end(), score) if holds(match) else None

    return test


def before(match: re.Match[str], limit: int = BEFORE) -> str:
    """Return the text in front of a match, at most `BEFORE` characters."""
    start = match.start()
    return match.string[max(start - limit, 0) : start]


def digits(text: str) -> str:
    """Return the digits of a text."""
    return "".join(filter(str.isdigit, text))
