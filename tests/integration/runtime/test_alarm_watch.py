"""What nobody else tells of: silence, parts that are unwell, and the end of a freeze."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from monitor.ports.alerts import Addressing, Posting
from monitor.ports.stores import Stores
from monitor.runtime.alerting.watch import AlarmWatch, Watched
from rollback.incident import Phase
from tests.integration.storage.builders import NOW, incident, notice, record, scored

pytestmark = pytest.mark.integration

MINUTE = timedelta(minutes=1)
HALF_HOUR = 30 * MINUTE


class Told:
    """A watch, and what it made people hear."""

    def __init__(self, stores: Stores, **watched: object) -> None:
        self.said: Mapping[str, str] = {}
        self._stores = stores
        settings = Watched(deployments=("support",), **watched)  # type: ignore[arg-type]
        self._watch = AlarmWatch(stores, settings, lambda: True, lambda: self.said)

    def look(self, at: datetime) -> list[str]:
        """Look, and return the kinds and titles of what is new."""
        self._watch.look(at)
        to_chat = Posting(receiver="chat", due_at=at, window=None)
        self._stores.outbox.address(Addressing(post=lambda which, away, to: [to_chat]), at)
        new = self._stores.outbox.posted(100, "pending")
        for each in new:
            self._stores.outbox.sent(each.notice.id, "chat", at)
        return sorted(f"{each.notice.kind}: {each.notice.title}" for each in new)


def test_a_deployment_that_falls_silent_is_told_once_until_it_answers(stores: Stores) -> None:
    """By the minutes in which it gave answers."""
    watch = Told(stores, no_answers=HALF_HOUR)
    assert watch.look(NOW) == []
    record(stores, scored(1))
    stores.indicators.roll_up(NOW + MINUTE)
    assert watch.look(NOW + HALF_HOUR) == []
    assert watch.look(NOW + HALF_HOUR + MINUTE) == ["no_answers: support: no answers any more"]
    assert watch.look(NOW + HALF_HOUR + 2 * MINUTE) == []
    record(stores, scored(2, started_at=NOW + 33 * MINUTE))
    stores.indicators.roll_up(NOW + 34 * MINUTE)
    assert watch.look(NOW + 34 * MINUTE) == ["resolved: over: support: no answers any more"]


def test_silence_is_not_looked_for_unless_it_is_wanted(stores: Stores) -> None:
    """Many deployments sleep at night."""
    record(stores, scored(1))
    stores.indicators.roll_up(NOW + MINUTE)
    assert Told(stores).look(NOW + 24 * 60 * MINUTE) == []


def test_a_part_that_stays_unwell_is_told(stores: Stores) -> None:
    """The scorer's queue that is stuck, say; what mends itself soon is not."""
    watch = Told(stores, unwell_after=5 * MINUTE)
    watch.said = {"scorer": "answers have not been scored for 31 s", "database": "ok"}
    assert watch.look(NOW) == []
    assert watch.look(NOW + 4 * MINUTE) == []
    assert watch.look(NOW + 5 * MINUTE) == ["unwell: scorer is unwell"]
    watch.said = {"scorer": "ok"}
    assert watch.look(NOW + 6 * MINUTE) == []
    assert watch.look(NOW + 11 * MINUTE) == ["resolved: over: scorer is unwell"]
    watch.said = {"scorer": "stuck"}
    assert watch.look(NOW + 12 * MINUTE) == []


def test_the_end_of_a_freeze_is_told(stores: Stores) -> None:
    """Its beginning was told with its incident, and is not told twice."""
    deployment = stores.deployments.ensure("support")
    frozen = incident(1, phase=Phase.FROZEN)
    stores.incidents.open(frozen, notice(1, id=frozen.id, kind="freeze"))
    _freeze(stores, deployment.epoch, "harm")
    watch = Told(stores)
    assert watch.look(NOW) == ["freeze: support is back on v1"]
    assert watch.look(NOW + MINUTE) == []
    _freeze(stores, deployment.epoch, "")
    assert watch.look(NOW + 2 * MINUTE) == ["resolved: over: support is frozen"]


def test_a_heartbeat_comes_once_in_its_time(stores: Stores) -> None:
    """However often the watch looks, and whoever leads."""
    start = NOW.replace(minute=0)
    first, second = (
        Told(stores, heartbeat_every=5 * MINUTE),
        Told(stores, heartbeat_every=5 * MINUTE),
    )
    assert first.look(start) == ["heartbeat: Backstop watches"]
    assert second.look(start + 4 * MINUTE) == []
    assert second.look(start + 5 * MINUTE) == ["heartbeat: Backstop watches"]


def _freeze(stores: Stores, epoch: int, reason: str) -> None:
    stores.deployments.amend(
        "support", expected_epoch=epoch, actor="ann", reason="a test", at=NOW, frozen=reason
    )
