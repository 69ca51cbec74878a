"""Keeps what answers are held against up to date, without holding answers up for Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from monitor.errors import ConfigError, Unavailable
from monitor.runtime.dispatch import wait

log = structlog.get_logger(__name__)

_EVERY_S = 1.0
_PATIENCE_S = 1.0


class Following:
    """Refreshes every second, when woken, and when an answer shows that the pointers have moved.

    Args:
        refresh: reads Postgres; blocks; raises `Unavailable`, or `ConfigError` if it is not set up.
    """

    def __init__(self, refresh: Callable[[], None], patience_s: float = _PATIENCE_S) -> None:
        self._refresh = refresh
        self._patience_s = patience_s
        self._reading: asyncio.Task[None] | None = None
        self.is_away = False

    async def run(self, wake: asyncio.Event) -> None:
        """Refresh until cancelled."""
        while True:
            await self.now()
            await wait(wake, _EVERY_S)

    async def now(self) -> None:
        """Refresh by what Postgres says after this call began, however long that takes."""
        if self._reading is not None:
            await asyncio.wait((self._reading,))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        await asyncio.shield(self._reading)

    async def catch_up(self) -> None:
        """Refresh, but wait only for so long, and not at all while Postgres is known to be away."""
        if self.is_away:
            return
        try:
            async with asyncio.timeout(self._patience_s):
                await self.now()
        except TimeoutError:
            self._say_away("the pointers are not read in time")

    async def _read(self) -> None:
        try:
            await asyncio.to_thread(self._refresh)
        except (Unavailable, ConfigError) as error:
            self._say_away(str(error))
        else:
            self.is_away = False

    def _say_away(self, reason: str) -> None:
        if not self.is_away:
            log.warning("answers are scored by what is known", reason=reason)
        self.is_away = True
