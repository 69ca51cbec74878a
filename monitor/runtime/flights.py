"""Answers in flight: which routes are still being answered by."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from monitor.runtime.routing import Route


class Flights:
    """Counts answers by deployment and epoch, on one event loop."""

    def __init__(self) -> None:
        self._flying: Counter[tuple[str, int]] = Counter()
        self._landed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextmanager
    def on(self, route: Route) -> Iterator[None]:
        """Count an answer from here to the end of the block."""
        key = (route.deployment, route.epoch)
        self._flying[key] += 1
        try:
            yield
        finally:
            self._flying[key] -= 1
            if not self._flying[key]:
                del self._flying[key]
                self._tell()

    async def landed(self, deployment: str, epoch: int, limit_s: float) -> bool:
        """Wait until no answer of this epoch or an older one is under way.

        Returns False if there still is one after `limit_s` seconds.
        """

        def is_clear() -> bool:
            return not any(name == deployment and e <= epoch for name, e in self._flying)

        try:
            async with asyncio.timeout(limit_s), self._landed:
                await self._landed.wait_for(is_clear)
        except TimeoutError:
            return False
        return True

    def _tell(self) -> None:
        task = asyncio.get_running_loop().create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._landed:
            self._landed.notify_all()
