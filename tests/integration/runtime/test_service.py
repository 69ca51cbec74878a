"""What readiness says of a running service."""

from __future__ import annotations

import asyncio
import threading

import pytest

from monitor.ports.stores import Stores
from monitor.runtime.ingest import Ingest
from monitor.runtime.presence import Presence
from monitor.runtime.service import Service
from tests.integration.runtime.house import NAME, V1, Folders, House, build, until

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


async def test_a_version_that_does_not_load_shows(
    house: House, stores: Stores, folders: Folders
) -> None:
    """A replica that started without the active version's files says which and why."""
    await house.promote(V1)
    folders.gone.add(V1)
    started = build(stores, replica="replica-2")
    service = service_of(started, started.loop.ingest)
    await service.start()
    said = f"{V1} does not load: {V1}: its files are gone"
    await until(lambda: service.health()["versions"] == said)
    await service.stop()


async def test_a_version_that_loads_again_is_present(
    house: House, stores: Stores, folders: Folders
) -> None:
    """The next look loads it, and takes the complaint back."""
    await house.promote(V1)
    folders.gone.add(V1)
    started = build(stores, replica="replica-2")
    presence = Presence(stores.deployments, started.loop.versions)
    await presence.look()
    assert presence.state == f"{V1} does not load: {V1}: its files are gone"
    folders.gone.clear()
    await presence.look()
    assert presence.state == "ok"
    await started.close()
