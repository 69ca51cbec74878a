"""How long the event loop kept others waiting: the measure of a data plane that is not felt."""

from __future__ import annotations

import asyncio

_LOOK_S = 0.01


class LoopLag:
    """Measures by how much a timer of 10 ms comes late."""

    def __init__(self) -> None:
        self._most_s = 0.0
        self._recent_s = 0.0

    @property
    def most_s(self) -> float:
        """The largest lateness since the start, in seconds."""
        return self._most_s

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LOOK_S
            await asyncio.sleep(_LOOK_S)
            late = max(0.0, loop.time() - due)
            self._most_s = max(self._most_s, late)
            self._recent_s = max(self._recent_s, late)

    def take_recent(self) -> float:
        """Return the largest lateness since the last call, in seconds."""
        recent, self._recent_s = self._recent_s, 0.0
        return recent
