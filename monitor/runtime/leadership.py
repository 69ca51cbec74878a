"""Who leads: a lease in Postgres, renewed at a third of its life, given up when unsure."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from monitor.errors import Unavailable
from monitor.ports.schedule import Leases

TTL = timedelta(seconds=3)
_LEASE = "control"

log = structlog.get_logger(__name__)


class Leadership:
    """Tries to hold the lease; `leads` is true only while it surely does.

    The lease's end is reckoned from before the renewal was asked for, by this machine's
    monotonic clock, so that a slow answer or a stopped process never leads too long.
    """

    def __init__(self, leases: Leases, holder: str) -> None:
        self._leases = leases
        self._holder = holder
        self._until = 0.0
        self.fence: int | None = None

    @property
    def leads(self) -> bool:
        """Whether this process may act as leader now."""
        return self.fence is not None and asyncio.get_running_loop().time() < self._until

    async def renew(self) -> bool:
        """Take or renew the lease once. Raises `Unavailable` when Postgres is away."""
        asked_at = asyncio.get_running_loop().time()
        self.fence = await asyncio.to_thread(
            self._leases.acquire, _LEASE, self._holder, datetime.now(UTC), TTL
        )
        self._until = asked_at + TTL.total_seconds()
        return self.leads

    async def run(self) -> None:
        """Keep renewing until cancelled; then give the lease back."""
        try:
            while True:
                try:
                    await self.renew()
                except Unavailable as error:
                    log.warning("lease not renewed", error=str(error))
                await asyncio.sleep(TTL.total_seconds() / 3)
        finally:
            await self._give_back()

    async def _give_back(self) -> None:
        self.fence = None
        try:
            await asyncio.shield(asyncio.to_thread(self._leases.release, _LEASE, self._holder))
        except Unavailable as error:
            log.warning("lease not given back; it runs out by itself", error=str(error))
