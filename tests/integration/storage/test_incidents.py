"""Tests of `monitor.storage.incidents`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.errors import NotFound
from monitor.ports.alerts import Addressing, Posting
from monitor.ports.stores import Stores
from rollback.incident import Phase
from tests.integration.storage.builders import NOW, SECOND, incident, notice

pytestmark = pytest.mark.integration

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _deployment(stores: Stores) -> None:
    stores.deployments.ensure("support")


def _notices(stores: Stores) -> list[str]:
    now = NOW + MINUTE
    to_chat = Posting(receiver="chat", due_at=now, window=None)
    stores.outbox.address(Addressing(post=lambda notice, away, to: [to_chat]), now)
    waiting = stores.outbox.posted(100, "pending")
    for each in waiting:
        stores.outbox.sent(each.notice.id, "chat", now)
    return sorted(each.notice.id for each in waiting)


def test_an_incident_is_opened_once(stores: Stores) -> None:
    """A second one with its id leaves one incident, one notice and one audit row."""
    for _ in range(2):
        stores.incidents.open(incident(1, phase=Phase.FROZEN), notice(1))
    assert stores.incidents.list() == [incident(1, phase=Phase.FROZEN)]
    assert _notices(stores) == ["notice-1"]
    assert [row.action for row in stores.audit.rows()] == ["incident.open"]


def test_each_step_is_recorded_once(stores: Stores) -> None:
    """The first report of a step counts, with its time; a repeated one changes nothing."""
    stores.incidents.open(incident(1), notice(1))
    for late in range(2):
        stores.incidents.advance(
            "incident-1", Phase.CONVERGED, at=NOW + late * SECOND, notice=notice(2 + late)
        )
    proved = stores.incidents.advance("incident-1", Phase.PROVED, at=NOW + SECOND, exposure=12)
    assert (proved.converged_at, proved.proved_at, proved.exposure) == (NOW, NOW + SECOND, 12)
    assert stores.incidents.advance("incident-1", Phase.CONVERGED, at=NOW) == proved
    assert stores.incidents.advance("incident-1", Phase.UNPROVED, at=NOW) == proved
    assert _notices(stores) == ["notice-1", "notice-2"]


def test_unfinished_incidents_are_those_that_wait(stores: Stores) -> None:
    """Flipped and converged incidents wait, oldest first; ended and frozen ones do not."""
    stores.incidents.open(incident(2, phase=Phase.CONVERGED), notice(2))
    stores.incidents.open(incident(1), notice(1))
    stores.incidents.open(incident(3, phase=Phase.FROZEN), notice(3))
    stores.incidents.open(incident(4), notice(4))
    stores.incidents.advance("incident-4", Phase.UNPROVED, at=NOW)
    assert [found.id for found in stores.incidents.unfinished()] == ["incident-1", "incident-2"]


def test_incidents_are_listed_newest_first(stores: Stores) -> None:
    """By deployment and up to the limit."""
    stores.deployments.ensure("sales")
    for number in range(3):
        stores.incidents.open(incident(number), notice(number))
    stores.incidents.open(incident(9, deployment="sales"), notice(9))
    found = stores.incidents.list("support", limit=2)
    assert [each.id for each in found] == ["incident-2", "incident-1"]
    assert len(stores.incidents.list()) == 4


def test_an_unknown_incident_is_not_found(stores: Stores) -> None:
    """Advancing what is not there is refused."""
    with pytest.raises(NotFound, match="incident-7"):
        stores.incidents.advance("incident-7", Phase.PROVED, at=NOW)
    with pytest.raises(NotFound, match="incident-7"):
        stores.incidents.get("incident-7\0")


def test_an_incident_is_got_by_its_id(stores: Stores) -> None:
    """One of several comes back as it was recorded."""
    for number in (1, 2):
        stores.incidents.open(incident(number), notice(number))
    assert stores.incidents.get("incident-1") == incident(1)
