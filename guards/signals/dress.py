"""Signals of dress: how much of the answer is Markdown, and how much of it is code."""

from __future__ import annotations

import math
import re

import numpy as np

from guards.layout import Layout
from guards.signals.signal import Family, Signal, Tail, Values, of_text, ratio
from guards.signals.view import TextView

_MARKERS = np.array([ord(each) for each in "#-*+>|•0123456789"], dtype=np.uint32)
_MARKED = re.compile(r"#{1,6}\s|[-*+•]\s|\d{1,3}[.)]\s|>|\|.*\||(?:-{3,}|\*{3,})\Z")
_EMPHASIS = re.compile(r"\*\*\S[^*\n]*\*\*|__\S[^_\n]*__|(?<![*\w])\*[^\s*][^*\n]*\*(?![*\w])")
_CODE = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)|`([^`\n]+)`", re.DOTALL)


def markdown(layout: Layout) -> Values:
    """Return the share of lines with a mark of Markdown; NaN without lines.

    A mark is a heading, a list item, a quotation, a row of a table, a rule, or emphasis.

    >>> markdown(Layout.of(["# Title\\n\\nSome *words* here.\\nPlain."])).round(3).tolist()
    [0.667]
    """
    lines = layout.lines
    may_stress = np.array(["*" in text or "__" in text for text in layout.texts], dtype=bool)
    begins = np.isin(lines.first, _MARKERS)
    marked = np.zeros(len(layout.texts), dtype=np.int64)
    places = np.flatnonzero(begins | may_stress[lines.rows])
    for row, line in layout.texts_of(lines, places):
        marked[row] += _is_marked(line)
    return ratio(marked, lines.counts)


def _is_marked(line: str) -> bool:
    if _MARKED.match(line) is not None:
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
        compute=lambda batch: markdown(batch.layout),
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
