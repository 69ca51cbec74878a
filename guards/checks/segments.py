r"""Segments: where a text may be cut without cutting a match of any pattern.

Words are runs of characters that are neither white space nor Chinese, Japanese or Korean. A plain
word has at most 15 characters, none of them a digit or one of `@:=/`, and begins no date and no
number: no pattern matches in it, so the text may be cut behind it. Every other word starts a
segment, that goes on over gaps of one or two separators for as long as words with digits (or short
capitals, months and the like) follow, for at most 12 words and 2,048 characters.

A cut is found when the text up to it, and never more than the next word, is known; more text does
not move it. So a text that comes in pieces is cut as it is as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 1_024  # characters of the longest match
WINDOW = 2 * LONGEST
END = "\n" * 3  # what stands behind a text that is over

_S = r"\s\u3001-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af"
_ENGLISH = (
    r"Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
)
# The first three or four letters: English, German, French, Spanish, Portuguese, Italian.
_MONTHS = (
    r"(?:jan|feb|f[ée]v|mar|mär|apr|avr|abr|ma[iyg]|jun|juin|jul|juil|giu|lug|aug|ao[uû]|ago|"
    r"sep|set|oct|okt|ott|out|nov|dec|dez|d[ée]c|dic|ene|gen)[^\W\d_]{0,7}"
)
_MONTH = rf"(?i:{_MONTHS})[.,]?(?=[{_S}])"
_SIGNS = rf"[^{_S}A-Za-z0-9]{{0,3}}"
_STARTER = rf"(?:[^{_S}]{{0,12}}[^{_S}A-Za-z0-9])?[A-Z]{{2}}[{_S}]|{_SIGNS}(?:{_ENGLISH})\.?[{_S}]|[^{_S}]{{0,8}}-----|PRIVATE"
_PLAIN = rf"(?!{_STARTER})[^{_S}0-9@:=/]{{1,15}}+[{_S}]++"
_LINKED = (
    rf"(?:[^{_S}0-9]*+[0-9][^{_S}]*+|[A-Z]{{1,4}}(?:[^{_S}A-Za-z0-9][^{_S}]*+)?(?=[{_S}])|{_MONTH}|(?:de|del)(?=[{_S}])"
    rf"|(?:PRIVATE|OPENSSH|ENCRYPTED|[-/])(?=[{_S}])|[^{_S}-]{{0,16}}-----[^{_S}]*+)"
)
_GAP = rf"[{_S}]{{1,2}}+"
_CERTAIN = rf"(?=([{_S}]{{3}}|[{_S}]{{1,2}}[^{_S}]++[{_S}]))"

_PLAIN_WORDS = re.compile(rf"[{_S}]*+(?:{_PLAIN})*+")
_plain_words = _PLAIN_WORDS.match
_SEGMENT = re.compile(rf"[^{_S}]++(?:{_GAP}{_LINKED}){{0,11}}+{_CERTAIN}")
_FULL = re.compile(rf"[^{_S}]++(?:{_GAP}{_LINKED}){{11}}")
_STEP = re.compile(rf"[^{_S}]++(?:[{_S}]++[^{_S}]++){{2}}")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece to search: matches must start before `until`, and tests may look up to `seen`."""

    start: int
    until: int
    seen: int


def is_plain(word: str) -> bool:
    """Return whether a word is surely plain: small letters alone, the common case."""
    return word.islower() and word.isalpha() and word.isascii() and len(word) < 16


def plain_end(text: str, start: int) -> int:
    """Return where the plain words and separators end that stand at a place."""
    return _plain_words(text, start).end()  # type: ignore[union-attr]  # it matches nothing, too


def segment(text: str, start: int) -> Segment | None:
    """Return the segment at a place where a word starts, or `None` while it may go on."""
    match = _SEGMENT.match(text, start, start + WINDOW)
    if match:
        full = _FULL.match(text, start, match.end())
        step = _STEP.match(text, start, match.end()) if full else None
        return Segment(start, step.end() if step else match.end(), match.end(1))
    if len(text) - start >= WINDOW:
        return Segment(start, start + LONGEST, start + WINDOW)
    return None
