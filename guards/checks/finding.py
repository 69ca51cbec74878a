"""A finding: one place in an answer that a guard objects to."""

from __future__ import annotations

from dataclasses import dataclass

SHOWN = 2  # characters of an excerpt that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place in an answer.

    Args:
        kind: what was found, `email` or `aws_key`; a stable name, records are keyed by it.
        start, end: half-open range of characters of the answer as the model wrote it.
        score: how sure the guard is, in (0, 1].
        excerpt: the first characters and the length; never the whole match.
    """

    kind: str
    start: int
    end: int
    score: float
    excerpt: str


def masked(beginning: str, length: int) -> str:
    """Return what may be shown of a match: two characters, fewer where it is short; its length.

    >>> masked("4111 1111 1111 1111", 19), masked("12", 2)
    ('41… (19)', '… (2)')
    """
    return f"{beginning[: min(SHOWN, length // 4)]}… ({length})"
