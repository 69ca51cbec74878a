"""Log-probabilities that wait for their text: the strings of tokens would give away what is held."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

E = TypeVar("E")
Marks = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Held(Generic[E]):
    """Entries of one event: they go once so many characters, and what came with them, have gone."""

    entries: Sequence[E]
    behind: int
    cleared: Marks


class HeldLogprobs(Generic[E]):
    """Entries in their order, each event's until all that was written by then has gone out.

    Tokens and text need not fit: servers hold half a character back, and write special tokens that
    stand in no text. So an entry waits both for the text that came with it, and until as many
    characters have gone out as its tokens and those before it have: it may be late, never early.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Held[E]] = deque()
        self._characters = 0

    def add(self, entries: Sequence[E], characters: int, cleared: Marks) -> None:
        """Keep the entries of one event.

        Args:
            characters: of their tokens; cleared: whether the event's text has gone out.
        """
        self._characters += characters
        self._waiting.append(_Held(entries, self._characters, cleared))

    def take(self, released: int) -> list[E]:
        """Return the entries that may go now that so many characters have."""
        taken: list[E] = []
        while self._waiting:
            first = self._waiting[0]
            if first.behind > released or not first.cleared():
                break
            taken += self._waiting.popleft().entries
        return taken

    def rest(self) -> list[E]:
        """Return all: the whole answer has been cleared."""
        taken = [entry for held in self._waiting for entry in held.entries]
        self._waiting.clear()
        return taken
