"""Regular expressions in bounded time."""

from __future__ import annotations

import pytest

from guards import patterns


def test_a_pattern_is_found_anywhere_or_spans_the_whole_text() -> None:
    """`whole` asks for a match from the first to the last character."""
    assert patterns.found("[0-9]+", "order 12")
    assert not patterns.found("[0-9]+", "order 12", whole=True)
    assert patterns.found("[0-9]+", "12", whole=True)


@pytest.mark.slow
def test_a_catastrophic_pattern_ends_with_an_error() -> None:
    """Backtracking without end is cut off by time."""
    with pytest.raises(patterns.PatternError, match="takes too long"):
        patterns.found("(.*a){25}$", "a" * 200 + "!")


def test_a_malformed_pattern_is_named() -> None:
    """The error shows the pattern."""
    with pytest.raises(patterns.PatternError, match="malformed"):
        patterns.found("(", "a")


def test_text_beyond_the_limit_is_not_searched() -> None:
    """A match after 20,000 characters does not count."""
    assert not patterns.found("needle", "x" * patterns.LONGEST_TEXT + "needle")
