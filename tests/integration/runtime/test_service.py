"""What readiness says of a running service."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import Engine

from monitor.errors import DatabaseUnavailable
from monitor.ports.handover import Reported
from monitor.ports.stores import Stores
from monitor.runtime.presence import Presence
from monitor.runtime.service import Service
from tests.integration.runtime.house import NAME, V1, Folders, House, build
from tests.integration.runtime.test_scoring import flaky, recorded
from tests.waiting import until

pytestmark = pytest.mark.integration


def service_of(house: House) -> Service:
    """Return the service of a house, without its loops."""
    return Service(
        look_s=5.0,
        stores=house.stores,
        deployments=[NAME],
        versions=house.loop.versions,
        convergence=house.loop.convergence,
        leadership=house.loop.leadership,
        errands=house.loop.errands,
        troubles=house.loop.troubles,
        parts=(house.local.scoring.scorer, house.loop.judging),
        loops=house.local.loops(),
    )


async def test_answers_that_were_offered_are_recorded_before_the_end(
    house: House, engine: Engine
) -> None:
    """Stopping flushes the queue."""
    service = service_of(house)
    await service.start()
    for answer in house.answers(30):
        house.local.handover.offer(Reported(exchange=answer))
    await service.stop()
    assert recorded(engine) == 30


async def test_answers_that_wait_for_the_database_show(stores: Stores) -> None:
    """Readiness says how many, and the end does not wait for what is safe on disk."""
    away, record = flaky(stores)
    house = build(away)
    service = service_of(house)
    await service.start()
    record.fail = DatabaseUnavailable("Postgres does not answer")
    for answer in house.answers(3):
        house.local.handover.offer(Reported(exchange=answer))
    await service.flush()
    assert service.health()["record"] == "3 answers wait on disk for the database"
    await service.stop()


async def test_a_version_that_does_not_load_shows(
    house: House, stores: Stores, folders: Folders
) -> None:
    """A replica that started without the active version's files says which and why."""
    await house.promote(V1)
    folders.gone.add(V1)
    started = build(stores, replica="replica-2")
    service = service_of(started)
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
    assert presence.health() == {"versions": f"{V1} does not load: {V1}: its files are gone"}
    folders.gone.clear()
    await presence.look()
    assert presence.health() == {}
    await started.close()
