"""What changed between two texts, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum

_WORDS = re.compile(r"[A-Za-z0-9_]+|\s+|.", re.DOTALL)
_MOST_WORDS = 800  # the time grows with their square


class Change(Enum):
    """What became of a piece of text."""

    SAME = "same"  # means that it stands in both
    GONE = "gone"  # means that it stands in the first one only
    NEW = "new"  # means that it stands in the second one only


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of text, and what became of it."""

    change: Change
    text: str


def difference(before: str, after: str) -> Sequence[Piece]:
    """Return the pieces of both texts, in their order; texts of many words are not compared.

    >>> [(piece.change.value, piece.text) for piece in difference("a red car", "a blue car")]
    [('same', 'a '), ('gone', 'red'), ('new', 'blue'), ('same', ' car')]
    """
    first, second = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(first), len(second)) > _MOST_WORDS:
        pieces = [(Change.GONE, before), (Change.NEW, after)]
    else:
        pieces = list(_compared(first, second))
    return tuple(Piece(change=change, text=text) for change, text in pieces if text)


def _compared(first: Sequence[str], second: Sequence[str]) -> Iterator[tuple[Change, str]]:
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    for kind, from_, to, start, end in matcher.get_opcodes():
        if kind == "equal":
            yield Change.SAME, "".join(first[from_:to])
            continue
        yield Change.GONE, "".join(first[from_:to])
        yield Change.NEW, "".join(second[start:end])
