"""The exchanges that wait for the scorer, oldest first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from monitor.ports.handover import Handed


class HandedItems:
    """A queue on one event loop; whoever fills it sees to its bound."""

    def __init__(self) -> None:
        self._items: deque[Handed] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def add(self, items: Iterable[Handed]) -> None:
        """Add exchanges behind the others."""
        self._items.extend(items)
        if self._items:
            self._filled.set()

    async def take(self, max_items: int, max_wait_s: float) -> Sequence[Handed]:
        """Take what is there, oldest first, as soon as there is anything.

        Batches form by themselves: while one is worked on, the next one gathers. Returns nothing
        when nothing came within `max_wait_s` seconds.
        """
        if not self._items:
            try:
                await asyncio.wait_for(self._filled.wait(), max_wait_s)
            except TimeoutError:
                return []
        taken = [self._items.popleft() for _ in range(min(max_items, len(self._items)))]
        if not self._items:
            self._filled.clear()
        return taken
