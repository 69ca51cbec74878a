"""Where exchanges come from, and who is told when they are safe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from monitor.ports.handover import Handed


class Source(Protocol):
    """A bounded queue of exchanges, oldest first."""

    async def take(self, max_items: int, max_wait_s: float) -> Sequence[Handed]:
        """Take what is there as soon as there is anything; nothing if nothing comes in time."""

    def acknowledge(self, count: int) -> None:
        """Take note that the oldest `count` of those taken are recorded, spooled on disk, or lost."""

    async def settled(self) -> None:
        """Return when everything that has come in until now is acknowledged."""
