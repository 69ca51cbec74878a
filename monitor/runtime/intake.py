"""The intake: finished exchanges on their way from the gateway to whoever judges them."""

from __future__ import annotations

import asyncio
from collections import deque

from guards.exchange import Exchange


class ExchangeQueue:
    """A bounded queue on one event loop; what does not fit is dropped and counted.

    Serving comes before watching: offering never waits.

    Args:
        capacity: exchanges that may wait, at least 1.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self._capacity = capacity
        self._items: deque[Exchange] = deque()
        self._filled = asyncio.Event()
        self._dropped = 0

    @property
    def depth(self) -> int:
        """How many exchanges wait."""
        return len(self._items)

    @property
    def dropped(self) -> int:
        """How many exchanges did not fit, since the start."""
        return self._dropped

    def offer(self, exchange: Exchange) -> bool:
        """Add an exchange; return False, and count it, if the queue is full."""
        if len(self._items) >= self._capacity:
            self._dropped += 1
            return False
        self._items.append(exchange)
        self._filled.set()
        return True

    async def take(self, max_items: int, max_wait_s: float) -> list[Exchange]:
        """Take what is there, oldest first, as soon as there is anything.

        Batches form by themselves: while one is worked on, the next one gathers. Returns an
        empty list when nothing came within `max_wait_s` seconds.
        """
        if not self._items:
            try:
                await asyncio.wait_for(self._filled.wait(), max_wait_s)
            except TimeoutError:
                return []
        batch = [self._items.popleft() for _ in range(min(max_items, len(self._items)))]
        if not self._items:
            self._filled.clear()
        return batch
