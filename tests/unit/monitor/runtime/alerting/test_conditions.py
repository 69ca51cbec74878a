"""Conditions that are found again at every tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from monitor.ports.alerts import Alarms, Raised
from monitor.runtime.alerting.conditions import Conditions
from tests.unit.monitor.alerts.builders import notice

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Settled(Alarms):
    """Keeps what was settled."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[str, ...]]] = []

    def settle(self, raised: Raised, now: datetime) -> int:
        """Keep the watch and its conditions."""
        self.calls.append((raised.watch, tuple(raised.notices)))
        return 0

    def last_answers(self, deployments: Sequence[str]) -> Mapping[str, datetime]:
        """Know of none."""
        return {}


async def test_the_database_is_asked_only_where_something_changed() -> None:
    """A tick comes every second, for every deployment."""
    alarms = Settled()
    conditions = Conditions(alarms)
    holding = {"slow": notice()}
    for second, held in enumerate(({}, {}, holding, holding, {}, {})):
        await conditions.hold("w", held, NOW + second * SECOND)
    assert alarms.calls == [("w", ()), ("w", ("slow",)), ("w", ())]


async def test_it_is_asked_again_now_and_then() -> None:
    """Another leader may have told something, and an end waits for its calm."""
    alarms = Settled()
    conditions = Conditions(alarms)
    for second in range(0, 61, 10):
        await conditions.hold("w", {}, NOW + second * SECOND)
    assert len(alarms.calls) == 3


async def test_watches_are_settled_apart() -> None:
    """One deployment's conditions are not another's."""
    alarms = Settled()
    conditions = Conditions(alarms)
    await conditions.hold("a", {"slow": notice()}, NOW)
    await conditions.hold("b", {}, NOW)
    assert alarms.calls == [("a", ("slow",)), ("b", ())]
