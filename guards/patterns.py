"""Regular expressions that people hand in, searched in bounded time."""

from __future__ import annotations

import regex

LONGEST_TEXT = 20_000  # characters searched at most
LONGEST_SEARCH_S = 0.25


class PatternError(ValueError):
    """The regular expression is malformed, or takes too long."""


def found(pattern: str, text: str, *, whole: bool = False) -> bool:
    """Return whether a pattern occurs in a text, or with `whole` spans it.

    Only the first 20,000 characters are searched. A catastrophic pattern ends with an error
    instead of holding the caller up; `re` of the standard library knows no such limit.

    Raises:
        PatternError: if the pattern is malformed or takes too long on this text.
    """
    compiled = compiled_pattern(pattern)
    search = compiled.fullmatch if whole else compiled.search
    try:
        return search(text[:LONGEST_TEXT], timeout=LONGEST_SEARCH_S) is not None
    except TimeoutError as error:
        raise PatternError(f"the pattern {pattern!r} takes too long; make it simpler") from error


def compiled_pattern(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern. Raises `PatternError` if it is malformed."""
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError) as error:
        raise PatternError(f"the pattern {pattern!r} is malformed: {error}") from error
