"""Which of two answers is the better one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from guards.exchange import Message


class Preference(Protocol):
    """Compares two answers to one prompt."""

    async def compare(self, messages: Sequence[Message], one: str, other: str) -> float:
        """Return how much better `one` is, from -1 to 1; 0 where neither is.

        Raises `EngineError` if it says nothing that can be read, `Unavailable` if it is away.
        """
