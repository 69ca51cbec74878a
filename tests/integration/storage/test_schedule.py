"""Tests of `monitor.storage.schedule`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.ports.schedule import ScheduledRun
from monitor.ports.stores import Stores
from tests.integration.storage.builders import NOW, SECOND

pytestmark = pytest.mark.integration

LEASE = timedelta(seconds=30)


def test_a_slot_is_inserted_once(stores: Stores) -> None:
    """Two clocks that tick at once make one run."""
    assert stores.schedule.insert("golden", NOW)
    assert not stores.schedule.insert("golden", NOW)
    assert stores.schedule.insert("report", NOW)


def test_due_slots_are_claimed_oldest_first(stores: Stores) -> None:
    """Each due slot goes to one worker; one in the future stays."""
    for late in (2, 1, 99):
        stores.schedule.insert("golden", NOW + late * SECOND)
    now = NOW + 5 * SECOND
    first = stores.schedule.claim("a", now, LEASE)
    assert first == ScheduledRun(job="golden", slot=NOW + SECOND, fence=1)
    second = stores.schedule.claim("b", now, LEASE)
    assert second is not None
    assert second.slot == NOW + 2 * SECOND
    assert stores.schedule.claim("c", now, LEASE) is None


def test_a_lost_lease_frees_the_slot(stores: Stores, engine: Engine) -> None:
    """The next worker gets a higher fence, and the end that the first one reports is ignored."""
    stores.schedule.insert("golden", NOW)
    lost = stores.schedule.claim("a", NOW, LEASE)
    taken = stores.schedule.claim("b", NOW + LEASE, LEASE)
    assert lost is not None
    assert taken is not None
    assert (lost.fence, taken.fence) == (1, 2)
    stores.schedule.finish(lost, NOW + LEASE, error="late")
    stores.schedule.finish(taken, NOW + LEASE)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT worker, error FROM scheduled_runs")).one()
    assert tuple(row) == ("b", None)


def test_a_finished_slot_is_never_claimed(stores: Stores) -> None:
    """Not even when its lease has run out long ago."""
    stores.schedule.insert("golden", NOW)
    run = stores.schedule.claim("a", NOW, LEASE)
    assert run is not None
    stores.schedule.finish(run, NOW, error="the model is away")
    assert stores.schedule.claim("b", NOW + timedelta(days=1), LEASE) is None
