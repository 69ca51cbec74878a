"""Looks for many patterns in a text that comes in pieces, segment by segment."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from guards.checks import segments
from guards.checks.guard import Hit, hit
from guards.checks.pattern import BEFORE, Pattern, Span

_NO_DIGITS = str.maketrans("", "", "0123456789")
_DROP = 2_048  # characters that are done with before they are let go


_Search = Callable[[str, int, int], re.Match[str] | None]
_Wanted = tuple[int, int, str, _Search, Pattern]


def _wanted(pattern: Pattern) -> _Wanted:
    """Return what decides whether a pattern is begun, unpacked faster than looked up."""
    search = pattern.expression.search
    return pattern.shortest, pattern.digits, pattern.anchor, search, pattern


class PatternScan:
    """Reads the folded text of one answer for one or more groups of patterns.

    Within a group the surer of two overlapping matches stands; groups know nothing of each other.
    """

    def __init__(self, groups: Sequence[Sequence[Pattern]]) -> None:
        self._groups = [list(map(_wanted, group)) for group in groups]
        self._plain = [[_wanted(each) for each in group if each.plain] for group in groups]
        self._in_plain = [search for group in self._plain for *_, search, _ in group]
        self._text = ""
        self._base = 0  # place of the text's first character
        self._at = 0  # everything in front of it is done with
        self._free = [0] * len(groups)  # no match may start in front of it
        self.log: list[tuple[int, Hit]] = []  # of all groups, each with its index

    def feed(self, piece: str) -> int:
        """Read on; return the place in front of which nothing can be found any more."""
        if (
            piece[:1] == " " and piece[1:].isalnum() and segments.is_plain(self._text[self._at :])
        ):  # one plain word that a space has ended: what `_advance` would do, sooner
            start, self._at = self._at, len(self._text) + 1
            self._text += piece
            if self._in_plain:
                self._search_plain(start, self._at)
        else:
            self._advance(self._text + piece)
        if self._at > _DROP:
            self._forget()
        return self._base + self._at

    def finish(self) -> None:
        """Take the text as ended."""
        self._advance(self._text + segments.END)

    def hits(self) -> tuple[Hit, ...]:
        """Return what was found until now."""
        return tuple(each for _, each in self.log)

    def hits_of(self, group: int) -> Callable[[], tuple[Hit, ...]]:
        """Return a function that returns what one group has found until now."""
        return lambda: tuple(each for index, each in self.log if index == group)

    def _advance(self, text: str) -> None:
        self._text, at, size = text, self._at, len(text)
        while True:
            start, at = at, segments.plain_end(text, at)
            if at > start and self._in_plain:
                self._search_plain(start, at)
            segment = segments.segment(text, at) if at < size else None
            if segment is None:
                self._at = at
                return
            self._search(self._groups, segment)
            at = segment.until

    def _search_plain(self, start: int, end: int) -> None:
        for search in self._in_plain:
            if search(self._text, start, end):
                self._search(self._plain, segments.Segment(start, end, end))
                return

    def _search(self, groups: Sequence[Sequence[_Wanted]], segment: segments.Segment) -> None:
        text, start, end = self._text, segment.start, segment.seen
        length = end - start
        content = text[start:end]
        digits = length - len(content.translate(_NO_DIGITS))
        for index, group in enumerate(groups):
            spans: list[tuple[str, Span]] = []
            for shortest, least, anchor, search, pattern in group:
                # Most patterns are not even begun, and most of the others find nothing.
                if (
                    shortest <= length
                    and least <= digits
                    and anchor in content
                    and search(text, start, end)
                ):
                    spans += self._spans(pattern, segment, index)
            if spans:
                self._take(index, spans)

    def _spans(
        self, pattern: Pattern, segment: segments.Segment, index: int
    ) -> list[tuple[str, Span]]:
        start = max(segment.start, self._free[index] - self._base)
        found = pattern.spans(self._text, start, segment.seen)
        return [(pattern.kind, span) for span in found if span.start < segment.until]

    def _take(self, index: int, spans: list[tuple[str, Span]]) -> None:
        """Keep the surest of the spans that overlap."""
        kept: list[tuple[str, Span]] = []
        for kind, span in sorted(spans, key=lambda each: (-each[1].score, each[1].start, each[0])):
            if all(span.end <= other.start or other.end <= span.start for _, other in kept):
                kept.append((kind, span))
        for kind, span in kept:
            start, end = span.start + self._base, span.end + self._base
            written = self._text[span.start : span.end]
            self.log.append((index, hit(kind, start, end, span.score, written)))
            self._free[index] = max(self._free[index], end)

    def _forget(self) -> None:
        done = self._at - BEFORE
        self._text = self._text[done:]
        self._base += done
        self._at = BEFORE
