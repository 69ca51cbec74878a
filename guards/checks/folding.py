"""Folding: text in the form that patterns match, with the way back to the original characters.

Each character is folded by itself, so a text may come in any pieces: NFKC (UAX #15), digits of
all scripts to ASCII, dashes to `-`, spaces to one form. What cannot be seen is left out: category
Cf, Default_Ignorable_Code_Point (UAX #44: zero width, joiners, variation selectors, tags), the blank
of Braille, and control characters but for tab and line ends.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right

_MOST_FORMS = 8_192
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def is_plain(text: str) -> bool:
    """Return whether a text is its own folded form for sure."""
    return text.isascii() and (text.isprintable() or _CONTROL.search(text) is None)


class _Forms(dict[str, str]):
    """The folded form of each character that was met; bounded."""

    def __missing__(self, character: str) -> str:
        if len(self) >= _MOST_FORMS:
            self.clear()
        form = self[character] = _form(character)
        return form


def _form(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or _INVISIBLE.match(character):
        return ""
    if category == "Cc":
        return character if character in "\t\n\r" else ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character == "\u2212":
        return "-"
    if category in ("Zs", "Zl", "Zp"):
        return " " if category == "Zs" else "\n"
    return unicodedata.normalize("NFKC", character)


_FORMS = _Forms()


class Folding:
    """Folds a text that comes in pieces, and finds original places of folded ones.

    >>> folding = Folding()
    >>> folding.feed("a\u200b＠ﬁ")
    'a@fi'
    >>> folding.start(1), folding.end(2), folding.end(4)
    (2, 3, 4)
    """

    def __init__(self) -> None:
        self._given = 0
        self._made = 0
        # Where the distance between original and folded places changes.
        self._given_at = [0]
        self._made_at = [0]
        self.is_identity = True  # all places until now are the same in both

    def skip(self, count: int) -> None:
        """Take so many characters as read that are their own folded form, all that came so far."""
        self._given = self._made = count

    def feed(self, text: str) -> str:
        """Return the folded form of the next piece."""
        if is_plain(text):
            folded = text
        else:
            forms = [_FORMS[character] for character in text]
            folded = "".join(forms)
            if len(folded) != len(text) or "" in forms:
                self._note(forms)
        self._given += len(text)
        self._made += len(folded)
        return folded

    def start(self, place: int) -> int:
        """Return where the character at a folded place starts in the original."""
        if self.is_identity:
            return place
        index = bisect_right(self._made_at, place) - 1
        return self._original(index, place)

    def end(self, place: int) -> int:
        """Return where the character before a folded place ends in the original."""
        index = max(bisect_left(self._made_at, place) - 1, 0)
        return self._original(index, place)

    def _original(self, index: int, place: int) -> int:
        found = self._given_at[index] + place - self._made_at[index]
        # Inside a form of several characters there is no original place: its end stands for it.
        return min(found, *self._given_at[index + 1 : index + 2], self._given)

    def _note(self, forms: list[str]) -> None:
        self.is_identity = False
        made = self._made
        for offset, form in enumerate(forms, self._given):
            if len(form) != 1:
                self._given_at += (offset, offset + 1)
                self._made_at += (made, made + len(form))
            made += len(form)


def folded(text: str) -> str:
    """Return the folded form of a whole text."""
    return Folding().feed(text)
