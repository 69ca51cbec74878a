"""What readiness says of a running service."""

from __future__ import annotations

import asyncio
import threading

import pytest

from monitor.runtime.ingest import Ingest
from monitor.runtime.service import Service
from tests.integration.runtime.house import NAME, House

pytestmark = pytest.mark.integration


def service_of(house: House, ingest: Ingest) -> Service:
    """Return the service of a house, without its loops."""
    return Service(
        stores=house.stores,
        deployments=[NAME],
        versions=house.loop.versions,
        convergence=house.loop.convergence,
        leadership=house.loop.leadership,
        ingest=ingest,
        errands=house.loop.errands,
        troubles=house.loop.troubles,
        waiting=lambda: house.loop.queue.depth,
        loops={},
    )


async def test_a_batch_that_is_not_judged_shows(house: House) -> None:
    """Ten seconds without a verdict are no longer ready, until the batch is through."""
    now = [100.0]
    ingest = Ingest(house.loop.queue, house.loop.watch, lambda: None, clock=lambda: now[0])
    service = service_of(house, ingest)
    release = threading.Event()
    hanging = asyncio.create_task(ingest.on_judges(release.wait))
    await asyncio.sleep(0)
    absorbing = asyncio.create_task(ingest.absorb(house.answers(3)))
    await asyncio.sleep(0)
    now[0] += 9.0
    assert "ingest" not in service.health()
    now[0] += 3.0
    assert service.health()["ingest"] == "answers have not been judged for 12 s"
    release.set()
    await asyncio.gather(hanging, absorbing)
    assert "ingest" not in service.health()
    ingest.close()
