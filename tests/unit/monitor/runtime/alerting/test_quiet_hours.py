"""Quiet hours on the clocks of a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from monitor.runtime.alerting.quiet_hours import QuietHours

_BERLIN = ZoneInfo("Europe/Berlin")
_NIGHT = QuietHours(start=time(22), end=time(7), zone=ZoneInfo("Asia/Tokyo"))


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-03-02T12:59:59", None),
        ("2026-03-02T13:00:00", "2026-03-02T22:00:00"),
        ("2026-03-02T21:59:59", "2026-03-02T22:00:00"),
        ("2026-03-02T22:00:00", None),
    ],
)
def test_a_night_ends_on_the_next_day(now: str, end: str | None) -> None:
    """22:00 to 07:00 in Tokyo is 13:00 to 22:00 in UTC."""
    assert _NIGHT.end_after(_utc(now)) == (None if end is None else _utc(end))


def test_hours_within_a_day_end_on_it() -> None:
    """A lunch break."""
    lunch = QuietHours(start=time(12), end=time(13), zone=UTC)
    assert lunch.end_after(_utc("2026-03-02T12:30:00")) == _utc("2026-03-02T13:00:00")
    assert lunch.end_after(_utc("2026-03-02T13:30:00")) is None


def test_equal_times_are_a_whole_day() -> None:
    """From noon to noon."""
    weekend = QuietHours(start=time(12), end=time(12), zone=UTC, days=frozenset({5}))
    assert weekend.end_after(_utc("2026-03-07T12:00:00")) == _utc("2026-03-08T12:00:00")
    assert weekend.end_after(_utc("2026-03-08T12:00:00")) is None


def test_days_are_those_on_which_the_hours_begin() -> None:
    """Friday's night goes on until Saturday's morning."""
    friday = QuietHours(start=time(22), end=time(7), zone=UTC, days=frozenset({4}))
    assert friday.end_after(_utc("2026-03-07T06:00:00")) == _utc("2026-03-07T07:00:00")
    assert friday.end_after(_utc("2026-03-07T23:00:00")) is None


def test_a_night_in_which_clocks_change_ends_in_the_morning() -> None:
    """On 29 March 2026 Berlin's clocks go from 2 to 3."""
    night = QuietHours(start=time(22), end=time(7), zone=_BERLIN)
    assert night.end_after(_utc("2026-03-28T23:00:00")) == _utc("2026-03-29T05:00:00")
    assert night.end_after(_utc("2026-03-27T23:00:00")) == _utc("2026-03-28T06:00:00")
