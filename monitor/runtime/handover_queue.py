"""The hand-over inside of one process: a bounded queue between the gateway and the scorer."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.ports.handover import Handed
from monitor.runtime.handed_items import HandedItems
from monitor.runtime.ledger import Ledger


class HandoverQueue:
    """Both ends, `Handover` and `Source`, on one event loop; what does not fit is dropped and counted.

    Serving comes before watching: offering never waits.

    Args:
        capacity: exchanges that may wait, at least 1.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self._capacity = capacity
        self._items = HandedItems()
        self._ledger = Ledger()
        self._dropped = 0

    @property
    def depth(self) -> int:
        """How many exchanges are neither recorded nor spooled yet."""
        return self._ledger.open

    @property
    def dropped(self) -> int:
        """How many exchanges did not fit, since the start."""
        return self._dropped

    def offer(self, item: Handed) -> bool:
        """Add an exchange; return False, and count it, if the queue is full."""
        if len(self._items) >= self._capacity:
            self._dropped += 1
            return False
        self._items.add((item,))
        self._ledger.enter()
        return True

    async def take(self, max_items: int, max_wait_s: float) -> Sequence[Handed]:
        """Take what is there, oldest first, as soon as there is anything."""
        return await self._items.take(max_items, max_wait_s)

    def acknowledge(self, count: int) -> None:
        """Take note that the oldest `count` of those taken are safe, or lost."""
        self._ledger.end(count)

    async def settled(self) -> None:
        """Return when everything offered until now is acknowledged."""
        await self._ledger.settled()
