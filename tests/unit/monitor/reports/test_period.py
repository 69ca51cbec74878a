"""The time that a report is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import BadRequest
from monitor.reports.period import Period

NOW = datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC)


def test_a_day_begins_at_a_whole_hour():
    """Where minutes are no longer kept, hours still are."""
    period = Period.parse("day", NOW)
    assert (period.since, period.until) == (datetime(2026, 2, 28, 12, tzinfo=UTC), NOW)


def test_less_than_a_day_is_exact():
    """Minutes of the last days are kept."""
    assert Period.ending(NOW, timedelta(hours=2)).since == NOW - timedelta(hours=2)


def test_dates_stand_for_their_midnights():
    """FROM is in the period, TO is not; the period before is as long."""
    period = Period.parse("2026-02-01..2026-02-08", NOW)
    assert period.since == datetime(2026, 2, 1, tzinfo=UTC)
    assert period.until == datetime(2026, 2, 8, tzinfo=UTC)
    assert period.before.since == datetime(2026, 1, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["month", "", "2026-02-01", "2026-02-08..2026-02-01", "2020-01-01..2026-01-01", "a..b"]
)
def test_what_is_no_period_is_refused(text: str):
    """Another word, one end, ends in the wrong order, and more than a year."""
    with pytest.raises(BadRequest):
        Period.parse(text, NOW)
