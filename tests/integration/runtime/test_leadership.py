"""Leadership: one leader at a time, and none who is unsure."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import DatabaseUnavailable
from monitor.ports.schedule import Leases
from monitor.ports.stores import Stores
from monitor.runtime.leadership import TTL, Leadership
from tests.waiting import until

pytestmark = pytest.mark.integration


class Away(Leases):
    """A table of leases that does not answer any more."""

    def acquire(self, name: str, holder: str, now: datetime, ttl: timedelta) -> int | None:
        """Fail."""
        raise DatabaseUnavailable("Postgres does not answer")

    def release(self, name: str, holder: str) -> None:
        """Fail."""
        raise DatabaseUnavailable("Postgres does not answer")


async def test_one_of_two_leads(stores: Stores) -> None:
    """Whoever comes second waits, and renewing keeps the epoch."""
    first, second = Leadership(stores.leases, "a"), Leadership(stores.leases, "b")
    assert await first.renew()
    assert not await second.renew()
    fence = first.fence
    assert await first.renew()
    assert (first.fence, second.fence) == (fence, None)


async def test_a_lease_that_lapsed_goes_to_the_next_with_a_higher_epoch(stores: Stores) -> None:
    """The epoch tells a leader from the one before, who may have slept."""
    long_ago = datetime.now(UTC) - 2 * TTL
    before = stores.leases.acquire("control", "a", long_ago, TTL)
    second = Leadership(stores.leases, "b")
    assert await second.renew()
    assert before is not None
    assert second.fence is not None
    assert second.fence > before


async def test_an_orderly_end_gives_the_lease_back(stores: Stores) -> None:
    """The next one leads at once instead of waiting for the lapse."""
    first, second = Leadership(stores.leases, "a"), Leadership(stores.leases, "b")
    loop = asyncio.create_task(first.run())
    await until(lambda: first.leads)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    assert not first.leads
    assert await second.renew()


async def test_nobody_leads_before_the_first_renewal(stores: Stores) -> None:
    """Unknown is not leading."""
    assert not Leadership(stores.leases, "a").leads


async def test_an_end_without_the_database_is_orderly_too() -> None:
    """The lease then runs out by itself; the loop ends as it was asked to."""
    away = Leadership(Away(), "a")
    loop = asyncio.create_task(away.run())
    await asyncio.sleep(0)
    loop.cancel()
    (ended,) = await asyncio.gather(loop, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError)
