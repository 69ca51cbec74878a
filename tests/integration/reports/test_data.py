"""The health report over a real record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from guards.verdicts import Verdict
from monitor.ports.stores import Stores
from monitor.reports.condition import Condition
from monitor.reports.data import assemble
from monitor.reports.period import Period
from monitor.reports.todo import Task
from tests.integration.web.story import ANSWERS_OF_V1, ANSWERS_OF_V2, V0, V1, V2, trouble

pytestmark = pytest.mark.integration


def test_a_report_covers_its_period_and_no_more(stores: Stores) -> None:
    """What happened before the period only serves for comparison."""
    now = datetime.now(UTC)
    trouble(stores, now)
    pointer = stores.deployments.ensure("support")
    report = assemble(stores, pointer, Period.ending(now, timedelta(hours=24)))
    assert report.standing.condition is Condition.SUSPICION
    assert (report.answers, report.answers_before) == (ANSWERS_OF_V2, ANSWERS_OF_V1)
    assert [each.run.verdict for each in report.golden_runs] == [Verdict.FAIL]
    assert [use.name for use in report.versions] == [V2]
    assert report.labels[V1] == "v1"
    assert len(report.incidents) == 1
    short = assemble(stores, pointer, Period.ending(now, timedelta(minutes=2)))
    assert (short.incidents, short.golden_runs) == ((), ())
    assert all(now - timedelta(minutes=2) <= point.at < now for point in short.curve)


def test_a_report_tells_what_was_put_off(stores: Stores) -> None:
    """A promotion that was forced, a version in quarantine, and what to do about both."""
    now = datetime.now(UTC)
    trouble(stores, now)
    pointer = stores.deployments.ensure("support")
    report = assemble(stores, pointer, Period.ending(now, timedelta(hours=24)))
    assert [(each.version, each.reason) for each in report.debt.forced] == [
        (V2, "ticket 512 is waiting")
    ]
    assert [each.version for each in report.debt.quarantined] == [V0]
    (incident,) = report.incidents
    assert report.debt.quarantined[0].since == incident.incident.flipped_at
    assert [each.task for each in report.todos] == [
        Task.LOOK_AT_GOLDEN,
        Task.LOOK_AT_CHANGE,
        Task.CHECK_FORCED,
        Task.SETTLE_QUARANTINE,
    ]
