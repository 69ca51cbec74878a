"""Answers in flight."""

from __future__ import annotations

import asyncio

from monitor.runtime.flights import Flights
from monitor.runtime.routing import Route


def route(epoch: int, deployment: str = "support") -> Route:
    """Return a route of an epoch."""
    return Route(deployment=deployment, active=None, epoch=epoch)


async def test_nothing_in_flight_has_landed() -> None:
    """There is nothing to wait for."""
    assert await Flights().landed("support", 3, limit_s=0.0)


async def test_landing_waits_for_this_epoch_and_older_ones() -> None:
    """The last of two answers ends the wait."""
    flights = Flights()
    with flights.on(route(2)):
        with flights.on(route(1)):
            waiting = asyncio.create_task(flights.landed("support", 2, limit_s=5.0))
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
    assert await waiting


async def test_newer_epochs_and_other_deployments_do_not_count() -> None:
    """They are answered by other versions."""
    flights = Flights()
    with flights.on(route(3)), flights.on(route(1, "shop")):
        assert await flights.landed("support", 2, limit_s=0.0)


async def test_the_wait_has_a_limit() -> None:
    """A long answer is not waited for for ever; False says that one is left."""
    flights = Flights()
    with flights.on(route(1)):
        assert not await flights.landed("support", 1, limit_s=0.001)


async def test_an_answer_that_fails_has_landed() -> None:
    """An exception ends the flight as well."""
    flights = Flights()
    try:
        with flights.on(route(1)):
            raise ValueError
    except ValueError:
        assert await flights.landed("support", 1, limit_s=0.0)
