"""A view of a text: what several signals ask about it, each part made once, when first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from guards.layout import LONGEST_WORD


class TextView:
    """A text and its parts. Every part is made when it is first asked for, and kept."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def raw(self) -> bytes:
        """The text in UTF-8; halves of surrogate pairs are encoded like any code point."""
        return self.text.encode("utf-8", "surrogatepass")

    @cached_property
    def words(self) -> list[str]:
        """The parts between white space."""
        return self.text.split()

    @cached_property
    def solid(self) -> str:
        """The text without its white space."""
        return "".join(self.words)

    @cached_property
    def units(self) -> Sequence[str]:
        """The words, or the characters where words are not set apart by spaces."""
        return self.words if len(self.solid) <= LONGEST_WORD * len(self.words) else self.solid

    @cached_property
    def plain(self) -> str:
        """The text in small letters with a space before and between its words, quotes straight."""
        plain = f" {self._in_one_line}".lower()
        return plain if plain.isascii() else plain.replace("\u2019", "'")

    @property
    def _in_one_line(self) -> str:
        """The words with one space between them."""
        line = self.text.replace("\n", " ").strip(" ")
        if not line.isprintable():  # there may be white space of other kinds
            return " ".join(self.words)
        while "  " in line:
            line = line.replace("  ", " ")
        return line
