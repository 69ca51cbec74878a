"""Signals of dress: how much of the answer is Markdown, and how much of it is code."""

from __future__ import annotations

import math
import re

from guards.signals.signal import Family, Signal, Tail, of_text
from guards.signals.view import TextView

_MARKERS = frozenset("#-*+>|•0123456789")
_MARKED = re.compile(r"#{1,6}\s|[-*+•]\s|\d{1,3}[.)]\s|>|\|.*\||(?:-{3,}|\*{3,})\Z")
_EMPHASIS = re.compile(r"\*\*\S[^*\n]*\*\*|__\S[^_\n]*__|(?<![*\w])\*[^\s*][^*\n]*\*(?![*\w])")
_CODE = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)|`([^`\n]+)`", re.DOTALL)


def markdown(view: TextView) -> float:
    """Return the share of lines with a mark of Markdown; NaN without lines.

    A mark is a heading, a list item, a quotation, a row of a table, a rule, or emphasis.

    >>> markdown(TextView("# Title\\n\\nSome *words* here.\\nPlain."))
    0.6666666666666666
    """
    if not view.lines:
        return math.nan
    if "*" in view.text or "__" in view.text:
        return sum(map(_is_marked, view.lines)) / len(view.lines)
    return sum([line[0] in _MARKERS and _is_block(line) for line in view.lines]) / len(view.lines)


def _is_block(line: str) -> bool:
    return _MARKED.match(line) is not None


def _is_marked(line: str) -> bool:
    if line[0] in _MARKERS and _is_block(line):
        return True
    return ("*" in line or "__" in line) and _EMPHASIS.search(line) is not None


def code(view: TextView) -> float:
    """Return the share of characters inside code fences and inline code; NaN for no text.

    >>> code(TextView("Run `ls -l`."))
    0.4166666666666667
    """
    if not view.text:
        return math.nan
    if "`" not in view.text:
        return 0.0
    inside = sum(len(fenced) + len(inline) for fenced, inline in _CODE.findall(view.text))
    return inside / len(view.text)


SIGNALS = (
    Signal(
        name="markdown",
        unit="",
        low=0,
        high=1,
        meaning="share of lines with Markdown",
        tail=Tail.BOTH,
        compute=of_text(markdown),
        family=Family.TEXT,
    ),
    Signal(
        name="code",
        unit="",
        low=0,
        high=1,
        meaning="share of code",
        tail=Tail.BOTH,
        compute=of_text(code),
        family=Family.TEXT,
    ),
)
