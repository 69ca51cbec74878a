"""A ledger of what came in and what has ended, so that others can wait until all of it has."""

from __future__ import annotations

import asyncio
from collections import deque


class Ledger:
    """Counts on one event loop; what came in first is taken to end first."""

    def __init__(self) -> None:
        self._entered = 0
        self._ended = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def open(self) -> int:
        """How many have come in and not ended."""
        return self._entered - self._ended

    def enter(self, count: int = 1) -> None:
        """Count what comes in."""
        self._entered += count

    def end(self, count: int) -> None:
        """Count what has ended, and tell those who waited for it."""
        self._ended += count
        while self._waiting and self._waiting[0][0] <= self._ended:
            _, done = self._waiting.popleft()
            if not done.done():
                done.set_result(None)

    async def settled(self) -> None:
        """Return when everything that came in until now has ended."""
        if self.open:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((self._entered, done))
            await done
