"""The ledger of what came in and what has ended."""

from __future__ import annotations

import asyncio

from monitor.runtime.ledger import Ledger


async def test_settling_waits_for_what_came_before_and_no_more() -> None:
    """What comes in later is not waited for."""
    ledger = Ledger()
    ledger.enter(2)
    settling = asyncio.ensure_future(ledger.settled())
    await asyncio.sleep(0)
    ledger.enter()
    ledger.end(1)
    await asyncio.sleep(0)
    assert not settling.done()
    ledger.end(1)
    await settling
    assert ledger.open == 1


async def test_an_even_ledger_is_settled() -> None:
    """Nothing is under way, so nobody waits."""
    ledger = Ledger()
    ledger.enter(3)
    ledger.end(3)
    await ledger.settled()


async def test_one_who_waits_no_longer_is_passed_over() -> None:
    """A cancelled wait does not keep the others from being told."""
    ledger = Ledger()
    ledger.enter()
    given_up, patient = (asyncio.ensure_future(ledger.settled()) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.sleep(0)
    ledger.end(1)
    await patient
